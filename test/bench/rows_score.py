"""Rows about scoring."""
import os
import random
import re
import shutil
import statistics
import subprocess
import threading
import time

from bench import HERE, Result, Skip, format_number, milliseconds, percentile, spread
from libpq import array

NEIGHBORS = 'SELECT src, dst FROM {0} WHERE src = ANY($1) UNION ALL SELECT dst, src FROM {0} WHERE dst = ANY($1)'
FEATURES = 'SELECT id, features FROM {0} WHERE id = ANY($1)'


def score_all_sql(graph, model):
    return "SELECT id, sage_predict(id, '%s') FROM %s" % (model, graph.node_table)


def seconds_all(bench, graph, model):
    """
    All rows, received by the client, in a new session, which so has nothing in
    memory but the library and the model: it has scored one row before.
    """
    with bench.connect() as connection:
        connection.query("SELECT sage_predict(1, '%s')" % model)
        return connection.seconds(score_all_sql(graph, model))


def seconds_reading(bench, graph):
    """Both tables read by one process, nothing done with them."""
    with bench.connect() as connection:
        connection.query('SET max_parallel_workers_per_gather = 0')
        return (connection.seconds('SELECT count(id), count(features) FROM %s' % graph.node_table) +
                connection.seconds('SELECT count(src), count(dst) FROM %s' % graph.edge_table))


def score_all(bench):
    graph, model = bench.graph('git'), bench.model('git')
    opponent = bench.opponent_or_none(1)
    sage, reading, dgl = [], [], []
    for _ in range(bench.repeats(11, 3)):
        sage.append(seconds_all(bench, graph, model))
        reading.append(seconds_reading(bench, graph))
        if opponent:
            dgl.append(opponent.do('score', dsn=bench.dsn, nodes=graph.node_table, edges=graph.edge_table)['seconds'])
    other = 'reading both tables ' + milliseconds(statistics.median(reading))
    if dgl:
        other += '; DGL, in memory, network alone ' + milliseconds(statistics.median(dgl))
    return [Result('SELECT id, sage_predict(id): %d rows, all in' % graph.nodes, spread(sage), other,
                   statistics.median(sage), 0.15, 0.08, 'lower', ' s', runs={'sage': sage, 'reading': reading, 'dgl': dgl})]


def score_large(bench):
    graph, model = bench.graph('large'), bench.model('large')
    sage, reading = [], []
    for _ in range(bench.repeats(3)):
        sage.append(seconds_all(bench, graph, model))
        reading.append(seconds_reading(bench, graph))
    return [Result('the same, %s nodes, %s edges' % (format(graph.nodes, ','), format(graph.edges, ',')), spread(sage),
                   'reading both tables ' + milliseconds(statistics.median(reading)),
                   graph.nodes / statistics.median(sage), 200000, 500000, 'higher', ' rows/s',
                   runs={'sage': sage, 'reading': reading})]


# ----------------------------------------------------------------------------
# Single rows
# ----------------------------------------------------------------------------

class BareQueries:
    """
    The neighborhood of a row, read by three prepared queries: the neighbors of
    the row, those of ten of them, and the features of all that are met, ten of
    each again.  The keys of the later ones are found beforehand, unmeasured.
    """

    def __init__(self, bench, graph, edge_table=None):
        self.connection, self.random = bench.connect(), random.Random(1)
        self.connection.query('SET plan_cache_mode = force_generic_plan')
        self.connection.prepare('neighbors', NEIGHBORS.format(edge_table or graph.edge_table))
        self.connection.prepare('features', FEATURES.format(graph.node_table))

    def neighbors(self, keys):
        found = {}
        for source, target in self.connection.run(self.connection.bind('neighbors', array(keys))):
            found.setdefault(source, set()).add(target)
        return {source: self.random.sample(sorted(targets), min(10, len(targets))) for source, targets in found.items()}

    def bind(self, node):
        first = self.neighbors([node]).get(str(node), [])
        second = self.neighbors(first) if first else {}
        all_keys = {str(node), *first, *(key for keys in second.values() for key in keys)}
        return [self.connection.bind('neighbors', array([node])), self.connection.bind('neighbors', array(first)),
                self.connection.bind('features', array(sorted(all_keys)))]

    def seconds(self, bound):
        return sum(self.connection.run_seconds(query) for query in bound)


class Mover:
    """Another session, which ends a transaction whenever it is told to: nothing that was read before counts any more."""

    def __init__(self, bench):
        self.connection = bench.connect()
        self.connection.prepare('move', 'SELECT pg_current_xact_id()')
        self.bound = self.connection.bind('move')

    def move(self):
        self.connection.run(self.bound)

    def close(self):
        self.connection.close()


class Scoring:
    """A session that scores by prepared statements; with a mover, each of them after the end of some transaction."""

    def __init__(self, bench, model, mover=None):
        self.connection, self.mover = bench.connect(), mover
        self.connection.prepare('one', "SELECT sage_predict($1::bigint, '%s')" % model)
        self.connection.prepare('many', "SELECT sage_predict($1::bigint[], '%s')" % model)

    def seconds(self, name, value):
        bound = self.connection.bind(name, value)
        if self.mover:
            self.mover.move()
        return self.connection.run_seconds(bound)

    def close(self):
        self.connection.close()


def single_rows(bench, graph, model, edge_table=None):
    """
    Seconds of single rows, fifty of a kind in turns: by sage while transactions
    end in between, by sage while nothing changes, and by the bare queries.
    All are prepared statements of the same client over the same socket, round
    trips included: one for sage, three for the bare queries.
    """
    mover, bare = Mover(bench), BareQueries(bench, graph, edge_table)
    sessions, chosen = {'moving': Scoring(bench, model, mover), 'still': Scoring(bench, model)}, random.Random(2)
    times = {'moving': [], 'still': [], 'bare': []}
    for turn in range(1 + bench.repeats(40, 6)):
        nodes = [chosen.randrange(graph.nodes) for _ in range(50)]
        bound = [bare.bind(node) for node in nodes]
        found = {name: [session.seconds('one', node) for node in nodes] for name, session in sessions.items()}
        found['bare'] = [bare.seconds(queries) for queries in bound]
        if turn > 0:
            for name in times:
                times[name] += found[name]
    for session in [*sessions.values(), mover, bare.connection]:
        session.close()
    return times


def one(bench):
    graph, model = bench.graph('git'), bench.model('git')
    times = single_rows(bench, graph, model)
    results = []
    for name, share, must, aim in ('p50', 0.5, 1.5, 1.2), ('p99', 0.99, 2, 1.2):
        a, b = percentile(times['moving'], share), percentile(times['bare'], share)
        results.append(Result('one row, live, covering indexes, ' + name, milliseconds(a), 'three bare queries ' + milliseconds(b),
                              a / b, must, aim, 'lower', runs=times,
                              note='while nothing changes: ' + milliseconds(percentile(times['still'], share))))
    results[0].note += ('; prepared statements over a Unix socket by libpq, round trips included: one of sage, three bare ones;'
                        ' %d rows; a transaction of another session ends before each of sage' % len(times['moving']))
    return results


def one_plain(bench):
    """The same edges in a table without a primary key, with an index on each column."""
    graph = bench.graph('git')
    bench.model('git')
    table = 'bench.git_plain_edges'
    bench.sage.query('DROP TABLE IF EXISTS {0}; CREATE TABLE {0} AS TABLE {1}; CREATE INDEX ON {0} (src);'
                     ' CREATE INDEX ON {0} (dst)'.format(table, graph.edge_table))
    bench.sage.query('VACUUM ANALYZE ' + table)
    if bench.sage.value("SELECT count(*) FROM sage.graphs WHERE graph = 'git_plain'") == '0':
        bench.define('git_plain', graph.node_table, table)
    bench.sage.query(bench.train_sql('git_plain', 'git_plain', 1, 'SELECT id AS node, label FROM %s WHERE id %% 10 = 0'
                                     % graph.node_table, ', "exclude": ["label"]'))
    times = single_rows(bench, graph, 'git_plain', table)
    return [Result('one row, plain single-column indexes, p50, ' + what, milliseconds(percentile(times[name], 0.5)),
                   'three bare queries ' + milliseconds(percentile(times['bare'], 0.5)), percentile(times[name], 0.5) * 1000,
                   1, 0.7, 'lower', ' ms', runs=times,
                   note='p99 %s, bare %s' % (milliseconds(percentile(times[name], 0.99)), milliseconds(percentile(times['bare'], 0.99))))
            for name, what in (('still', 'while nothing changes'), ('moving', 'a transaction ends before each'))]


def array_of_64(bench):
    """The array in one session, the same keys one by one in another; while nothing changes, and while transactions end."""
    graph, model = bench.graph('git'), bench.model('git')
    mover, times = Mover(bench), {}
    for when in 'still', 'moving':
        sessions = {how: Scoring(bench, model, mover if when == 'moving' else None) for how in ('many', 'one')}
        chosen = random.Random(3)
        for i in range(3 + bench.repeats(60, 10)):
            keys = [chosen.randrange(graph.nodes) for _ in range(64)]
            for how, session in sessions.items():
                seconds = sum(session.seconds(how, value) for value in ([array(keys)] if how == 'many' else keys))
                if i >= 3:
                    times.setdefault((when, how), []).append(seconds)
        for session in sessions.values():
            session.close()
    mover.close()
    return [Result('64 keys in one array, ' + what, spread(times[when, 'many']), '64 single calls ' + spread(times[when, 'one']),
                   statistics.median(times[when, 'one']) / statistics.median(times[when, 'many']), 3, note='round trips included',
                   runs={'array': times[when, 'many'], 'single': times[when, 'one']})
            for when, what in (('still', 'while nothing changes'), ('moving', 'a transaction ends before each call'))]


def again(bench):
    """Statements that score all rows, one after the other in a session; the last after a change of one row."""
    graph, model = bench.graph('git'), bench.model('git')
    sql = "SELECT count(sage_predict(id, '%s')) FROM %s" % (model, graph.node_table)
    first, second, changed = [], [], []
    for _ in range(bench.repeats(7, 3)):
        with bench.connect() as connection:
            connection.query("SELECT sage_predict(1, '%s')" % model)
            first.append(connection.seconds(sql))
            second.append(connection.seconds(sql))
            bench.sage.query('UPDATE {0} SET features = features WHERE id = 1'.format(graph.node_table))
            changed.append(connection.seconds(sql))
    return [Result('second statement that scores all rows', spread(second), 'the first ' + spread(first),
                   statistics.median(first) / statistics.median(second), 1.5,
                   note='after the update of one row: ' + spread(changed),
                   runs={'first': first, 'second': second, 'changed': changed})]


# ----------------------------------------------------------------------------
# Sessions
# ----------------------------------------------------------------------------

def pgbench(bench, script, clients, seconds, **variables):
    """Transactions a second."""
    program = shutil.which('pgbench')
    if program is None:
        raise Skip('there is no pgbench on the PATH')
    defines = [word for name, value in variables.items() for word in ('-D', '%s=%s' % (name, value))]
    answer = subprocess.run([program, '-n', '-M', 'prepared', '-T', str(seconds), '-c', str(clients),
                             '-j', str(min(clients, os.cpu_count())), '-f', os.path.join(HERE, script), *defines, bench.dsn],
                            capture_output=True, text=True)
    found = re.search(r'tps = ([0-9.]+)', answer.stdout)
    if not found:
        raise Skip('pgbench: ' + (answer.stderr.strip().splitlines() or ['no answer'])[-1])
    return float(found.group(1))


class WaitWatch(threading.Thread):
    """Looks every 20 ms what the sessions of pgbench wait for, and counts locks."""

    def __init__(self, bench):
        super().__init__(daemon=True)
        self.connection, self.ended, self.looks, self.locks = bench.connect(), threading.Event(), 0, {}

    def run(self):
        while not self.ended.wait(0.02):
            self.looks += 1
            for event, in self.connection.query("SELECT wait_event_type || ' ' || wait_event FROM pg_stat_activity"
                                                " WHERE application_name = 'pgbench' AND wait_event_type IN ('Lock', 'LWLock')"):
                self.locks[event] = self.locks.get(event, 0) + 1

    def end(self):
        self.ended.set()
        self.join()
        self.connection.close()
        return ', '.join('%s %d times' % item for item in self.locks.items()) or 'none'


def sessions(bench):
    graph = bench.graph('git')
    bench.model('git')
    seconds = bench.repeats(5, 1)
    tps = {}
    watch = WaitWatch(bench)
    watch.start()
    for _ in range(bench.repeats(4, 1)):
        for clients in 1, 8:
            tps.setdefault(clients, []).append(pgbench(bench, 'single_row.sql', clients, seconds, nodes=graph.nodes))
            tps.setdefault('machine %d' % clients, []).append(pgbench(bench, 'machine.sql', clients, seconds))
    waits = watch.end()
    median = {name: statistics.median(values) for name, values in tps.items()}
    return [Result('8 sessions scoring single rows', '%s/s' % format_number(median[8]),
                   'one session %s/s; a sum without tables %.2fx' % (
                       format_number(median[1]), median['machine 8'] / median['machine 1']),
                   median[8] / median[1], 1.8,
                   note='lock waits seen in %d looks: %s' % (watch.looks, waits), runs={str(k): v for k, v in tps.items()})]


def unused(bench):
    """A session that does not use sage, and the first call of one that does."""
    bench.graph('git')
    model = bench.model('git')
    mapped, before, first, later = 0, [], [], []
    for _ in range(bench.repeats(20, 5)):
        with bench.connect() as connection:
            connection.query('SELECT count(*) FROM bench.git_nodes WHERE id = 1')
            try:
                with open('/proc/%d/maps' % connection.pid) as maps:
                    mapped += any('sage.so' in line for line in maps)
            except OSError:
                mapped = None
            sql = "SELECT sage_predict(%d, '%s')"
            first.append(connection.seconds(sql % (1, model)))
            connection.query(sql % (2, model))
            later.append(connection.seconds(sql % (3, model)))
    results = [Result('first call of a session', spread(first), 'later ones ' + milliseconds(statistics.median(later)),
                      statistics.median(first) * 1000, 20, None, 'lower', ' ms', runs={'first': first, 'later': later})]
    if mapped is not None:
        results.insert(0, Result('session that does not use it', 'library in memory: %s' % ('yes' if mapped else 'no'), '',
                                 mapped, 0, None, 'lower', ' sessions', note='/proc/PID/maps of the backend'))
    return results
