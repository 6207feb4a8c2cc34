"""Rows about size: memory, growth, hubs, the estimate."""
import json
import math
import statistics
import threading
import time

from bench import Result, Skip, format_number, milliseconds, percentile, spread
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

def growth_of(bench, name):
    """Seconds of loading, an epoch, scoring all, and one row."""
    graph, model = bench.graph(name), bench.model(name)
    with warm_session(bench) as connection:
        connection.query("SET sage.max_memory = '16GB'")
        begin = time.perf_counter()
        total = connection.seconds(bench.train_sql(name + '_growth', name, 1))
        share = 1 if connection.clock == 'wall' else total / (time.perf_counter() - begin)
        rows = connection.query("SELECT baseline, sum(seconds) FROM sage.epochs WHERE run = (SELECT max(run) FROM sage.epochs"
                                " WHERE model = '%s_growth') GROUP BY baseline" % name)
    learning = {baseline: share * float(seconds) for baseline, seconds in rows}
    with bench.connect() as connection:
        connection.query("SET sage.max_memory = '16GB'")
        connection.query("SELECT sage_predict(1, '%s')" % model)
        scoring = connection.seconds("SELECT id, sage_predict(id, '%s') FROM %s" % (model, graph.node_table))
    times, bare = single_rows(bench, graph, model)
    return {'loading': total - sum(learning.values()), 'epoch': learning['f'], 'scoring all': scoring,
            'one row': percentile(times, 0.5), 'bare': percentile(bare, 0.5)}


def growth(bench):
    factors, measured = bench.arguments.factors, []
    for name, factor in zip(bench.growing, factors):
        rounds = [growth_of(bench, name) for _ in range(bench.repeats(3, 1) if factor == 1 else 1)]
        measured.append({what: statistics.median([r[what] for r in rounds]) for what in rounds[0]})
        bench.say('%s: %s' % (name, ', '.join('%s %s' % (what, milliseconds(t)) for what, t in measured[-1].items())))
    results = []
    for what in 'loading', 'epoch', 'scoring all', 'one row':
        times = [m[what] for m in measured]
        exponent = math.log(times[-1] / times[0]) / math.log(factors[-1] / factors[0])
        results.append(Result(
            'growth %s: %s' % (', '.join('%dx' % f for f in factors), what), ', '.join(map(milliseconds, times)),
            'bare queries ' + ', '.join(milliseconds(m['bare']) for m in measured) if what == 'one row' else '',
            exponent, 0.1 if what == 'one row' else 1.1, None, 'lower', '', runs={'seconds': times}))
    results[0].note = 'ratio: the exponent; loading is the training without its epochs: reading, fitting encoders, storing'
    return results


# ----------------------------------------------------------------------------
# The estimate
# ----------------------------------------------------------------------------

def estimate(bench):
    """sage_estimate against what then happens."""
    if bench.sage.value("SELECT count(*) FROM pg_proc WHERE proname = 'sage_estimate'") == '0':
        raise Skip('this sage has no sage_estimate')
    graph = bench.graph('git')
    told = json.loads(bench.sage.value("SELECT to_jsonb(e) FROM sage_estimate('git', '{%s}') AS e"
                                       % '"fanout": [10, 10], "hidden": 64, "batch_size": 512'))
    with warm_session(bench) as connection:
        peak, _ = training_peak(bench, connection, bench.train_sql('estimate', 'git', 2))
        seconds = connection.number("SELECT avg(seconds) FROM sage.epochs WHERE NOT baseline AND run ="
                                    " (SELECT max(run) FROM sage.epochs WHERE model = 'estimate')")
    happened = {'training_bytes': peak, 'epoch_seconds': seconds}
    return [Result('sage_estimate: ' + name, format_number(told[name]), 'happened ' + format_number(happened[name]),
                   max(told[name] / happened[name], happened[name] / told[name]), 2, None, 'lower', runs={'told': told})
            for name in happened]
