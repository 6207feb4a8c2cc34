"""Rows about size: memory, growth, hubs, the estimate."""
import json
import math
import random
import statistics
import threading
import time

from bench import Result, Skip, format_number, milliseconds, percentile, spread
from libpq import Error
from rows_score import seconds_all, single_rows

MEGABYTE = 1024 * 1024


class MemoryWatch(threading.Thread):
    """The most private memory that a backend has from now on, seen every 5 ms, above what it has now."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.path, self.ended = '/proc/%d/status' % connection.pid, threading.Event()
        self.before = self.peak = self.look()

    def look(self):
        try:
            with open(self.path) as status:
                for line in status:
                    if line.startswith('RssAnon:'):
                        return int(line.split()[1]) * 1024
        except OSError:
            pass
        raise Skip('cannot see the memory of the backend: the server is elsewhere')

    def run(self):
        while not self.ended.wait(0.005):
            self.peak = max(self.peak, self.look())

    def end(self):
        self.ended.set()
        self.join()
        return self.peak - self.before


def warm_session(bench):
    """A session that has loaded the library, a model and OpenBLAS, whose memory is not the training's."""
    model, connection = bench.model('git'), bench.connect()
    connection.query("SELECT sage_predict(1, '%s')" % model)
    return connection


def training_peak(bench, connection, sql):
    watch = MemoryWatch(connection)
    watch.start()
    try:
        seconds = connection.seconds(sql)
    finally:
        peak = watch.end()
    return peak, seconds


def bytes_needed(bench, graph, model):
    """8 bytes an edge and direction, 4 a feature (of sparse ones: a member), and four arrays of the parameters."""
    edges = bench.sage.number('SELECT count(*) FROM ' + graph.edge_table)
    features = bench.sage.number('SELECT sum(cardinality(features)) FROM ' + graph.node_table)
    weights = bench.sage.number("SELECT bytes FROM sage.model_versions WHERE model = '%s' AND deployed" % model)
    return 16 * edges + 4 * features + 4 * weights


def memory(bench):
    results = []
    for name in 'git', 'large':
        graph = bench.graph(name)
        bench.drop_model('memory')
        with warm_session(bench) as connection:
            peak, seconds = training_peak(bench, connection, bench.train_sql('memory', name, 1))
        needed = bytes_needed(bench, graph, 'memory')
        results.append(Result('memory while training, %s edges' % format(graph.edges, ','), '%.0f MB' % (peak / MEGABYTE),
                              'edges, features, parameters %.0f MB' % (needed / MEGABYTE), peak / needed, 1.5, 1.2, 'lower',
                              note='most private memory of the backend, less what it had before; 1 epoch, %s' % milliseconds(seconds),
                              runs={'peak bytes': peak, 'needed bytes': needed}))
    return results


def quarter(bench):
    """Trains on a few labels with enough memory, then with a quarter of what that took."""
    graph = bench.graph('large')
    sql = bench.train_sql('quarter', 'large', 1, 'SELECT id AS node, label FROM %s WHERE id %% %d = 0' % (
        graph.node_table, max(graph.nodes // 2000, 1)), ', "exclude": ["label"]')
    scores = "SELECT sage_predict(array(SELECT id::bigint FROM %s WHERE id < 100 ORDER BY id), 'quarter')" % graph.node_table
    with warm_session(bench) as connection:
        peak, seconds = training_peak(bench, connection, sql)
        expected = connection.value(scores)
    allowed = max(peak // 4, MEGABYTE)
    with warm_session(bench) as connection:
        connection.query("SET sage.max_memory = '%dkB'" % (allowed // 1024))
        small_peak, small_seconds = training_peak(bench, connection, sql)
        connection.query('RESET sage.max_memory')
        found = connection.value(scores)
    difference = max(abs(float(a) - float(b)) for a, b in zip(expected.strip('{}').split(','), found.strip('{}').split(',')))
    return [Result('sage.max_memory of a quarter: memory taken', '%.1f MB, %s' % (small_peak / MEGABYTE, milliseconds(small_seconds)),
                   'allowed %.1f MB; with enough %s' % (allowed / MEGABYTE, milliseconds(seconds)), small_peak / allowed, 1, None, 'lower'),
            Result('sage.max_memory of a quarter: scores differ by', '%.2g' % difference, '', difference, 1e-5, None, 'lower', '')]


def hub(bench):
    """All rows of the graph with the hub against all rows of the graph without it."""
    names, times = ('plain', 'hub'), {}
    for name in names:
        bench.graph(name)
        bench.model(name)
    for _ in range(bench.repeats(3)):
        for name in names:
            times.setdefault(name, []).append(seconds_all(bench, bench.graphs[name], name + '_score'))
    return [Result('all rows with a hub of %s edges' % format(bench.arguments.hub, ','), spread(times['hub']),
                   'without it ' + spread(times['plain']), statistics.median(times['hub']) / statistics.median(times['plain']),
                   2, None, 'lower', note='%s nodes, %s other edges, 16 numbers a node' % (
                       format(bench.graphs['hub'].nodes, ','), format(bench.graphs['hub'].edges, ',')), runs=times)]


# ----------------------------------------------------------------------------
# Growth
# ----------------------------------------------------------------------------

def batch_rows(bench, graph):
    """How many different rows a batch of 512 labels reads: a small graph's neighborhoods have more of them in common."""
    chosen, counts = random.Random(4), []
    with bench.connect() as connection:
        connection.query("SET sage.max_memory = '16GB'")
        for _ in range(3):
            seeds = ','.join(map(str, chosen.sample(range(graph.nodes), min(512, graph.nodes))))
            counts.append(connection.number(
                "SELECT count(DISTINCT node) FROM (SELECT neighbor FROM sage_sample_neighbors('%s', '{%s}'::bigint[], NULL,"
                " '{10,10}'::integer[]) UNION ALL SELECT unnest('{%s}'::text[])) AS read (node)" % (graph.name, seeds, seeds)))
    return statistics.mean(counts)


def growth_of(bench, name):
    """Seconds of loading, an epoch, scoring all, and one row; of them the kernel's; rows that a batch reads."""
    graph, model = bench.graph(name), bench.model(name)
    with warm_session(bench) as connection:
        connection.query("SET sage.max_memory = '16GB'")
        begin, kernel = time.perf_counter(), connection.kernel_seconds()
        total = connection.seconds(bench.train_sql(name + '_growth', name, 1))
        training_kernel = connection.kernel_seconds() - kernel
        share = 1 if connection.clock == 'wall' else total / (time.perf_counter() - begin)
        rows = connection.query("SELECT baseline, sum(seconds) FROM sage.epochs WHERE run = (SELECT max(run) FROM sage.epochs"
                                " WHERE model = '%s_growth') GROUP BY baseline" % name)
    learning = {baseline: share * float(seconds) for baseline, seconds in rows}
    with bench.connect() as connection:
        connection.query("SET sage.max_memory = '16GB'")
        connection.query("SELECT sage_predict(1, '%s')" % model)
        kernel = connection.kernel_seconds()
        scoring = connection.seconds("SELECT id, sage_predict(id, '%s') FROM %s" % (model, graph.node_table))
        scoring_kernel = connection.kernel_seconds() - kernel
    times = single_rows(bench, graph, model)
    return {'loading': total - sum(learning.values()), 'epoch': learning['f'], 'scoring all': scoring,
            'one row': percentile(times['moving'], 0.5), 'bare': percentile(times['bare'], 0.5),
            'kernel in training': training_kernel, 'kernel in scoring': scoring_kernel}


def exponent(times, sizes):
    return math.log(times[-1] / times[0]) / math.log(sizes[-1] / sizes[0])


def growth(bench):
    """
    What the graph's size does to the time: the exponent is 1 if it is linear.
    Loading and scoring read each row once; an epoch reads the rows of its
    batches, which is what it is measured by; a single row is held against
    the bare queries.
    """
    factors, measured, rows = bench.arguments.factors, [], []
    for name, factor in zip(bench.growing, factors):
        rounds = [growth_of(bench, name) for _ in range(bench.repeats(3, 1) if factor == 1 else 1)]
        measured.append({what: statistics.median([r[what] for r in rounds]) for what in rounds[0]})
        rows.append(batch_rows(bench, bench.graphs[name]))
        bench.say('%s: %s, rows of a batch %s' % (
            name, ', '.join('%s %s' % (what, milliseconds(t)) for what, t in measured[-1].items()), format(round(rows[-1]), ',')))
    times = {what: [m[what] for m in measured] for what in measured[0]}
    read = [factor * n for factor, n in zip(factors, rows)]
    grown = {what: exponent(times[what], factors) for what in ('loading', 'epoch', 'scoring all', 'one row', 'bare')}
    what_is = 'growth %s: ' % ', '.join('%dx' % f for f in factors)

    def listed(what):
        return ', '.join(map(milliseconds, times[what]))

    return [
        Result(what_is + 'loading', listed('loading'), 'of the training, the kernel ' + listed('kernel in training'), grown['loading'],
               1.1, None, 'lower', '', runs=times,
               note='ratio: the exponent; loading is the training without its epochs: reading, fitting encoders, evaluating, storing'),
        Result(what_is + 'epoch, by the rows it reads', listed('epoch'),
               'a batch reads %s rows' % ', '.join(format(round(n), ',') for n in rows), exponent(times['epoch'], read), 1.1, None,
               'lower', '', note='by the size of the graph: %s' % format_number(grown['epoch'])),
        Result(what_is + 'scoring all', listed('scoring all'), 'of it the kernel ' + listed('kernel in scoring'), grown['scoring all'],
               1.1, None, 'lower', ''),
        Result(what_is + 'one row', listed('one row'), 'bare queries ' + listed('bare'), grown['one row'] - grown['bare'], 0.1, None,
               'lower', '', note='ratio: the exponent %s less that of the bare queries, %s' % (
                   format_number(grown['one row']), format_number(grown['bare'])))]


# ----------------------------------------------------------------------------
# Canceling
# ----------------------------------------------------------------------------

def canceled(bench, sql, threads, after):
    """Seconds from the cancel to the end of the statement; None if it had ended before."""
    connection = bench.connect(threads)
    connection.query("SET sage.max_memory = '16GB'")
    ended = []

    def run():
        try:
            connection.query(sql)
        except Error as error:
            ended.append((time.perf_counter(), str(error)))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(after)
    begin = time.perf_counter()
    bench.sage.query('SELECT pg_cancel_backend(%d)' % connection.pid)
    thread.join()
    connection.close()
    if ended and 'cancel' not in ended[0][1]:
        raise Error(ended[0][1])
    return ended[0][0] - begin if ended else None


def cancel(bench):
    """A training, then a statement that scores all rows, canceled again and again, each time a little later."""
    graph = bench.graph('large')
    statements = {'training': bench.train_sql('canceled', 'large', 1),
                  'scoring all': "SELECT count(sage_predict(id, '%s')) FROM %s" % (bench.model('large'), graph.node_table)}
    times = {}
    for what, sql in statements.items():
        after = 0.1
        while len(times.setdefault(what, [])) < bench.repeats(25, 4):
            seconds = canceled(bench, sql, 2, after)
            if seconds is None:
                break
            times[what].append(seconds)
            after *= 1.25
    return [Result('%s canceled, 2 threads, %s edges' % (what, format(graph.edges, ',')), 'at most ' + milliseconds(max(found)),
                   'median ' + milliseconds(statistics.median(found)), max(found) * 1000, 250, None, 'lower', ' ms',
                   note='%d times, from 0.1 s after the begin on' % len(found), runs={'seconds': found})
            for what, found in times.items() if found]


# ----------------------------------------------------------------------------
# The estimate
# ----------------------------------------------------------------------------

def estimate_of(bench, name):
    """What sage_estimate says of a graph, and what then happens."""
    bench.graph(name)
    told = json.loads(bench.sage.value("SELECT to_jsonb(e) FROM sage_estimate('%s', '{%s}') AS e"
                                       % (name, '"fanout": [10, 10], "hidden": 64, "batch_size": 512')))
    with warm_session(bench) as connection:
        connection.query("SET sage.max_memory = '16GB'")
        peak, _ = training_peak(bench, connection, bench.train_sql('estimate', name, 1))
        seconds = connection.number("SELECT avg(seconds) FROM sage.epochs WHERE NOT baseline AND run ="
                                    " (SELECT max(run) FROM sage.epochs WHERE model = 'estimate')")
    bench.drop_model('estimate')
    return told, {'training_bytes': peak, 'epoch_seconds': seconds}


def estimate(bench):
    """sage_estimate against what then happens, on graphs of several sizes and kinds."""
    results = []
    for name in 'git', 'plain', 'large':
        told, happened = estimate_of(bench, name)
        results += [Result('sage_estimate, %s: %s' % (name, what), format_number(told[what]), 'happened ' + format_number(happened[what]),
                           max(told[what] / happened[what], happened[what] / told[what]), 2, None, 'lower', runs={'told': told})
                    for what in happened]
    return results
