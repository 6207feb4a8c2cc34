"""The benchmark: options, what the rows share, and the report.  See README."""
import argparse
import ctypes
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time

import graphs
import libpq

HERE = os.path.dirname(os.path.abspath(__file__))
FANOUT_OPTIONS = '"fanout": [10, 10], "hidden": 64, "batch_size": 512, "quiet": true'


class Skip(Exception):
    """A row that cannot be measured here; says why."""


class Result:
    """
    A line of the table.

    value is what is compared with must: at least that if better is 'higher',
    at most that if it is 'lower'; None if there is nothing to compare.
    sage and other are for people; runs keeps all that was measured, in seconds
    unless it says otherwise.
    """

    def __init__(self, what, sage, other='', value=None, must=None, aim=None, better='higher', unit='x', note='', runs=None):
        self.row = None
        self.what, self.sage, self.other, self.value, self.must, self.aim = what, sage, other, value, must, aim
        self.better, self.unit, self.note, self.runs = better, unit, note, runs or {}

    def verdict(self):
        if self.must is None or self.value is None:
            return ''
        return 'ok' if (self.value >= self.must if self.better == 'higher' else self.value <= self.must) else 'MISSED'

    def figure(self, number):
        return '' if number is None else '%s%s' % (format_number(number), self.unit)

    def bound(self):
        if self.must is None:
            return ''
        return ('>= ' if self.better == 'higher' else '<= ') + self.figure(self.must)


def format_number(number):
    return '%d' % round(number) if abs(number) >= 1000 else '%.3g' % number


def milliseconds(seconds):
    return '%s s' % format_number(seconds) if seconds >= 1 else '%s ms' % format_number(seconds * 1000)


def spread(times):
    """Median, and from least to most."""
    if len(times) == 1:
        return milliseconds(times[0])
    return '%s (%s to %s)' % (milliseconds(statistics.median(times)), milliseconds(min(times)), milliseconds(max(times)))


def percentile(times, share):
    return sorted(times)[min(int(share * len(times)), len(times) - 1)]


def ratio_of(slower, faster):
    return statistics.median(slower) / statistics.median(faster)


class Opponent:
    """A process of the other interpreter, with a number of threads."""

    def __init__(self, python, threads, clock):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONDONTWRITEBYTECODE='1')
        # threads that wait by turning stand still for seconds where the machine has other work
        environment.setdefault('OMP_WAIT_POLICY', 'passive')
        self.process = subprocess.Popen([python, os.path.join(HERE, 'opponent_dgl.py'), str(threads), clock], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment)

    def do(self, what, **arguments):
        try:
            self.process.stdin.write(json.dumps(dict(arguments, do=what)) + '\n')
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ''
        if not line:
            message = self.process.stderr.read().strip().splitlines()
            raise Skip('opponent: %s' % (message[-1] if message else 'no answer'))
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Bench:
    """What the rows share: connections, graphs, models, the opponent, sizes."""

    def __init__(self, arguments):
        self.arguments, self.quick, self.dsn = arguments, arguments.quick, arguments.dsn
        self.nodes, self.edges = arguments.size
        self.models, self.opponents, self.opponent_error = set(), {}, None
        self.graphs = {'git': graphs.Graph('git', self.nodes, self.edges, seed=arguments.seed, real=arguments.data and
                                           os.path.join(os.path.abspath(arguments.data), 'musae_git'))}
        # growth compares graphs of one maker
        self.growing = ['git%d' % f if f > 1 or arguments.data else 'git' for f in arguments.factors]
        for name, factor in zip(self.growing, arguments.factors):
            if name != 'git':
                self.add_graph(name, self.nodes * factor, self.edges * factor)
        self.add_graph('large', *arguments.large)
        hub = arguments.hub
        self.add_graph('plain', hub + hub // 10, hub * 3, dense=16)
        self.add_graph('hub', hub + hub // 10, hub * 3, dense=16, hub=hub)
        self.has_threads = False
        self.sage = self.connect()
        self.sage.query('CREATE EXTENSION IF NOT EXISTS sage')
        # the library tells its settings once it is loaded
        self.sage.query("LOAD 'sage'")
        self.has_threads = self.sage.value("SELECT count(*) FROM pg_settings WHERE name = 'sage.threads'") == '1'

    def add_graph(self, name, nodes, edges, dense=0, hub=0):
        self.graphs[name] = graphs.Graph(name, nodes, edges, dense, self.arguments.seed, hub)

    def connect(self, threads=1):
        connection = libpq.Connection(self.dsn)
        connection.clock = self.clock(threads)
        if self.has_threads:
            connection.query('SET sage.threads = %d' % threads)
        connection.query('SET client_min_messages = error')
        return connection

    def clock(self, threads=1):
        """Processor time tells nothing about threads."""
        return self.arguments.clock if threads == 1 else 'wall'

    def repeats(self, many, few=2):
        return few if self.quick else many

    def say(self, message):
        print('   ' + message, file=sys.stderr, flush=True)

    def graph(self, name):
        """The graph, made if it is not there."""
        graph = self.graphs[name]
        begin = time.perf_counter()
        if graphs.make(self.sage, graph):
            self.say('made the graph "%s" in %.1f s' % (name, time.perf_counter() - begin))
        if self.sage.value("SELECT count(*) FROM sage.graphs WHERE graph = '%s'" % name) == '0':
            self.define(name, graph.node_table, graph.edge_table)
        return graph

    def define(self, name, nodes, edges):
        self.sage.query("SELECT sage_create_graph('%s', nodes => '%s', edges => '%s', features => '{features}')"
                        % (name, nodes, edges))

    def drop_model(self, model):
        if self.sage.value("SELECT count(*) FROM sage.models WHERE model = '%s'" % model) == '1':
            self.sage.query("SELECT sage_drop_model('%s')" % model)

    def train_sql(self, model, graph, epochs, labels=None, options=''):
        """The call that trains; labels: a query, by default all."""
        return "SELECT * FROM sage_train('%s', graph => '%s', %s, options => '{%s, \"epochs\": %d%s}')" % (
            model, graph, 'labels => $$%s$$' % labels if labels else "target => 'label'", FANOUT_OPTIONS, epochs, options)

    def model(self, name):
        """A model of that graph for the rows that only score; what it has learned does not matter for the time."""
        graph = self.graph(name)
        model = name + '_score'
        if model not in self.models:
            step = max(graph.nodes // 10000, 1)
            labels = 'SELECT id AS node, label FROM %s WHERE id %% %d = 0' % (graph.node_table, step)
            self.drop_model(model)
            self.sage.query(self.train_sql(model, name, 1, labels, ', "exclude": ["label"]'))
            self.models.add(model)
        return model

    def opponent(self, threads):
        """The opponent with that many threads; Skip if there is none."""
        if not self.arguments.python:
            raise Skip('no opponent: --python was not given')
        if self.opponent_error:
            raise Skip(self.opponent_error)
        if threads not in self.opponents:
            opponent = Opponent(self.arguments.python, threads, self.clock(threads))
            try:
                opponent.versions = opponent.do('versions')
            except Skip as skip:
                self.opponent_error = str(skip)
                raise
            self.opponents[threads] = opponent
        return self.opponents[threads]

    def opponent_or_none(self, threads):
        try:
            return self.opponent(threads)
        except Skip:
            return None

    def threads_note(self, threads):
        return '' if self.has_threads or threads == 1 else 'this sage has no sage.threads: one thread'

    def close(self):
        for opponent in self.opponents.values():
            opponent.close()
        self.sage.close()


# ----------------------------------------------------------------------------
# The circumstances
# ----------------------------------------------------------------------------

def read_first(path, word):
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(word):
                    return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return 'unknown'


def blas_core(core):
    """What OpenBLAS calls the kernels it takes, with OPENBLAS_CORETYPE as given; in a process of its own."""
    program = ("import ctypes; b = ctypes.CDLL('libopenblas.so.0'); f = b.openblas_get_corename;"
               "f.restype = ctypes.c_char_p; c = b.openblas_get_config; c.restype = ctypes.c_char_p;"
               "print(f().decode(), '/', c().decode())")
    environment = dict(os.environ, OPENBLAS_NUM_THREADS='1')
    if core and 'OPENBLAS_CORETYPE' not in os.environ:
        environment['OPENBLAS_CORETYPE'] = core
    answer = subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, text=True)
    return answer.stdout.strip() or 'unknown'


def sage_core():
    """The kernels sage asks for, by the same rule as src/tensor/blas.c."""
    flags = read_first('/proc/cpuinfo', 'flags').split()
    if all('avx512' + part in flags for part in ('f', 'bw', 'cd', 'dq', 'vl')):
        return 'SKYLAKEX'
    return 'HASWELL' if 'avx2' in flags and 'fma' in flags else ''


def circumstances(bench):
    settings = ['shared_buffers', 'work_mem', 'fsync', 'jit', 'max_parallel_workers_per_gather', 'autovacuum',
                'random_page_cost', 'effective_cache_size']
    opponent = bench.opponent_or_none(1)
    return {
        'when': time.strftime('%Y-%m-%d %H:%M'),
        'command': ' '.join(shlex.quote(a) for a in ['test/bench/run'] + sys.argv[1:]),
        'cpu': read_first('/proc/cpuinfo', 'model name'),
        'cores': os.cpu_count(),
        'clock': 'wall' if bench.clock() == 'wall' else 'processor time of the backend, wall for more than one thread',
        'load average': os.getloadavg()[0],
        'memory': read_first('/proc/meminfo', 'MemTotal'),
        'system': platform.platform(),
        'postgresql': bench.sage.value('SHOW server_version'),
        'settings': {name: bench.sage.value('SHOW ' + name) for name in settings},
        'sage': bench.sage.value("SELECT extversion FROM pg_extension WHERE extname = 'sage'"),
        'sage.threads': 'as the row says' if bench.has_threads else 'there is no such setting',
        'OPENBLAS_*': {name: value for name, value in os.environ.items()
                       if name.startswith(('OPENBLAS_', 'OMP_', 'MKL_'))} or 'not set',
        'blas core': '%s (by itself: %s)' % (blas_core(sage_core()), blas_core(None).split(' / ')[0]),
        'opponent': opponent.versions if opponent else bench.opponent_error or 'none: --python was not given',
        'graph': '%s, seed %d' % (bench.graphs['git'].recipe(), bench.arguments.seed),
    }


# ----------------------------------------------------------------------------
# The report
# ----------------------------------------------------------------------------

HEADINGS = ['what', 'sage', 'opponent or limit', 'ratio', 'must', 'aim', '']


def cells(result):
    return [result.what, result.sage, result.other, result.figure(result.value), result.bound(), result.figure(result.aim),
            result.verdict()]


def print_table(results):
    lines = [HEADINGS] + [cells(result) for result in results]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    for number, line in enumerate(lines):
        print('  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if number == 0:
            print('  '.join('-' * width for width in widths))
        elif results[number - 1].note:
            print('    ' + results[number - 1].note)


def print_markdown(results, facts):
    print('%s, %d cores, PostgreSQL %s, BLAS %s, by `%s`:\n' % (
        facts['cpu'], facts['cores'], facts['postgresql'].split()[0], facts['blas core'].split(' / ')[0], facts['command']))
    print('| what | sage | opponent or limit | ratio | must |\n| --- | --- | --- | --- | --- |')
    for result in results:
        print('| %s | %s | %s | %s | %s |' % tuple(cells(result)[:5]))


def write_json(path, facts, results):
    with open(path, 'w') as file:
        json.dump({'circumstances': facts, 'results': [dict(vars(r), verdict=r.verdict()) for r in results]}, file, indent=1)


def print_facts(facts):
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ', '.join('%s %s' % item for item in value.items())
        print('%-20s %s' % (name, value))
    print()


def arguments_read(rows):
    def sizes(text):
        return [int(float(part)) for part in text.split(',')]

    parser = argparse.ArgumentParser(prog='test/bench/run', description='Speed and memory of sage, beside DGL where it is.',
                                     epilog='rows: ' + ' '.join(rows))
    parser.add_argument('--dsn', help='a server with sage installed, instead of one of its own')
    parser.add_argument('--python', default=os.environ.get('SAGE_BENCH_PYTHON'),
                        help='an interpreter with torch, dgl and psycopg; by default $SAGE_BENCH_PYTHON')
    parser.add_argument('--data', help='a folder with musae_git, for the graph "git" instead of a made up one')
    parser.add_argument('--only', help='rows, with commas')
    parser.add_argument('--quick', action='store_true', help='small graphs, few repetitions: under a minute')
    parser.add_argument('--json', help='file for all that was measured')
    parser.add_argument('--clock', choices=['wall', 'cpu'], default='wall',
                        help='cpu: processor time of the backend, and of the opponent, for what has one thread;'
                        ' for a machine with other work')
    parser.add_argument('--markdown', action='store_true', help="print the README's table")
    parser.add_argument('--digest', action='store_true', help='only make the graphs "git" and "plain", and tell whether'
                        ' they are the same as elsewhere')
    parser.add_argument('--seed', type=int, default=1, help='of the made up graphs')
    parser.add_argument('--size', type=sizes, help='nodes,edges of the graph "git", if it is made up')
    parser.add_argument('--large', type=sizes, help='nodes,edges of the graph "large"')
    parser.add_argument('--hub', type=sizes, help='edges of the hub')
    parser.add_argument('--factors', type=sizes, help='sizes of growth, beginning with 1')
    arguments = parser.parse_args()
    quick = arguments.quick
    musae_git = [37700, 289003]
    arguments.size = musae_git if arguments.data else arguments.size or ([6000, 46000] if quick else musae_git)
    arguments.large = arguments.large or ([20000, 200000] if quick else [1000000, 10000000])
    arguments.hub = (arguments.hub or [10000 if quick else 1000000])[0]
    arguments.factors = arguments.factors or ([1, 3] if quick else [1, 10, 100])
    if arguments.factors[0] != 1:
        parser.error('--factors begins with 1')
    if arguments.only and set(arguments.only.split(',')) - set(rows):
        parser.error('there is no row %s; there are %s' % (
            ', '.join(set(arguments.only.split(',')) - set(rows)), ', '.join(rows)))
    return arguments


def run_row(bench, name, row):
    """The results of a row; an error of the server is a result, too."""
    begin, load = time.perf_counter(), os.getloadavg()[0]
    try:
        results = row(bench)
    except Skip as skip:
        results = [Result(name, 'skipped', note=str(skip))]
    except libpq.Error as error:
        bench.sage.query('ROLLBACK')
        results = [Result(name, 'error', note=str(error).splitlines()[0])]
    for result in results:
        result.row = name
        result.load = (round(load, 2), round(os.getloadavg()[0], 2))
        bench.say(' | '.join(filter(None, cells(result) + [result.note])))
    bench.say('%s: %.1f s, load average %.1f' % (name, time.perf_counter() - begin, os.getloadavg()[0]))
    return results


def main(rows):
    arguments = arguments_read(rows)
    if arguments.dsn is None:
        sys.exit('bench.py: --dsn is needed; test/bench/run starts a server of its own')
    bench = Bench(arguments)
    if arguments.digest:
        for name in 'git', 'plain':
            print(name, graphs.digest(bench.sage, bench.graph(name)))
        return
    facts = circumstances(bench)
    print_facts(facts)
    results = []
    for name, row in rows.items():
        if not arguments.only or name in arguments.only.split(','):
            results += run_row(bench, name, row)
            if arguments.json:
                write_json(arguments.json, facts, results)
    print_table(results)
    if max(result.load[1] for result in results) > os.cpu_count() + 1:
        print('\nThe machine had other work: the load average was above the number of cores. Ratios are less wrong than times.')
    if arguments.markdown:
        print()
        print_markdown(results, facts)
    bench.close()
