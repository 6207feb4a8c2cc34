"""The graphs of the benchmark, made by SQL in the server, from a seed.

A node has one of two hidden classes, by a hash of its id, and a label that is
the class but for some noise.  Ends of edges are drawn by power laws; the
second is the first of three draws that has the class of the first end, so
that neighbors tell of the class.  Features tell a little of it: of the ids of
a node ("sparse") rather more than half have its class's parity, and the
numbers of a node ("dense") are shifted by it.  Ids are scattered, so that the
nodes of high degree do not stand together.
"""
import gzip
import os

SPARSE_IDS = 4005
LABEL_NOISE = 0.06
ID_TELLS = 0.14             # share of the ids that have the class's parity for certain
SCATTER = 7368787           # a prime: rank * SCATTER % n is a permutation


class Graph:
    """Names and size of one graph: tables bench.NAME_nodes and bench.NAME_edges."""

    def __init__(self, name, nodes, edges, dense=0, seed=1, hub=0, real=None):
        self.name, self.nodes, self.edges = name, nodes, edges
        self.dense, self.seed, self.hub, self.real = dense, seed, hub, real
        self.node_table, self.edge_table = 'bench.%s_nodes' % name, 'bench.%s_edges' % name

    def recipe(self):
        """What it is made of; a graph that is there already is used again if this is equal."""
        return 'nodes %d edges %d dense %d seed %d hub %d from %s' % (
            self.nodes, self.edges, self.dense, self.seed, self.hub, self.real or 'generator')


def class_of(node):
    return '((hashint4extended((%s)::int, 7) & 65535) < 17039)' % node          # 26 of 100


def _draw(graph, power):
    return '((floor(%d * random() ^ %s)::int8 * %d %% %d))::int' % (graph.nodes, power, SCATTER, graph.nodes)


def _features(graph):
    if graph.dense:
        return ("ARRAY(SELECT (random() + random() + random() - 1.5 + 0.2 * has::int)::real"
                " FROM generate_series(1, %d + 0 * id))" % graph.dense)
    return ("(SELECT array_agg(DISTINCT CASE WHEN random() < %s THEN 2 * (f / 2) + has::int ELSE f END)"
            " FROM (SELECT floor(%d * random() ^ 2)::int AS f FROM generate_series(1, 11 + id %% 17)) AS draw)"
            % (ID_TELLS, SPARSE_IDS - 1))


def _nodes_sql(graph):
    return """
        CREATE TABLE {table} AS
        SELECT id, (has <> (random() < {noise}))::int::int2 AS label, {features} AS features
        FROM (SELECT id, {has} AS has FROM generate_series(0, {last}) AS id) AS node""".format(
            table=graph.node_table, noise=LABEL_NOISE, features=_features(graph), has=class_of('id'),
            last=graph.nodes - 1)


def _edges_sql(graph):
    # more than needed, as some are drawn twice; a hash decides which ones stay, and their order
    return """
        CREATE TABLE {table} AS
        SELECT src, dst FROM (
            SELECT DISTINCT least(a, b) AS src, greatest(a, b) AS dst FROM (
                SELECT a, CASE WHEN {class_a} = {class_b} THEN b WHEN {class_a} = {class_c} THEN c ELSE d END AS b
                FROM (SELECT {first} AS a, {second} AS b, {second} AS c, {second} AS d
                      FROM generate_series(1, {draws})) AS draw) AS pair
            WHERE a <> b) AS edge
        ORDER BY hashint8extended(src::int8 * {nodes} + dst, 11) LIMIT {edges}""".format(
            table=graph.edge_table, class_a=class_of('a'), class_b=class_of('b'), class_c=class_of('c'),
            first=_draw(graph, 1.8), second=_draw(graph, 2.8), draws=int(graph.edges * 1.4) + 10,
            nodes=graph.nodes, edges=graph.edges)


def _hub_sql(graph):
    """Node 0 linked with the first "hub" other nodes."""
    return """
        INSERT INTO {table} SELECT 0, id FROM generate_series(1, {hub}) AS id
        EXCEPT SELECT 0, dst FROM {table} WHERE src = 0""".format(table=graph.edge_table, hub=graph.hub)


def _read_csv(path):
    with gzip.open(path, 'rb') as file:
        while chunk := file.read(1 << 20):
            yield chunk


def _load_real(connection, graph):
    """musae_git, from the folder of its files."""
    connection.query('CREATE TABLE %s (id int, label int2, name text, features int[])' % graph.node_table)
    connection.query('CREATE TABLE %s (src int, dst int)' % graph.edge_table)
    for table, file in (graph.node_table, 'nodes'), (graph.edge_table, 'edges'):
        connection.copy_in('COPY %s FROM STDIN (FORMAT csv, HEADER true)' % table,
                           _read_csv(os.path.join(graph.real, file + '.csv.gz')))
    connection.query('ALTER TABLE %s DROP name' % graph.node_table)


def drop(connection, graph):
    connection.query('DROP TABLE IF EXISTS %s, %s' % (graph.node_table, graph.edge_table))


def make(connection, graph):
    """Makes the tables, unless they are there; true if it had to."""
    connection.query('CREATE SCHEMA IF NOT EXISTS bench')
    if connection.value("SELECT obj_description(to_regclass('%s'))" % graph.node_table) == graph.recipe():
        return False
    drop(connection, graph)
    connection.query("SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'")
    if graph.real:
        _load_real(connection, graph)
    else:
        connection.query('SELECT setseed(%s)' % (1 / (1 + graph.seed)))
        connection.query(_nodes_sql(graph))
        connection.query(_edges_sql(graph))
        if graph.hub:
            connection.query(_hub_sql(graph))
    connection.query('ALTER TABLE %s ADD PRIMARY KEY (id)' % graph.node_table)
    connection.query('ALTER TABLE %s ADD PRIMARY KEY (src, dst)' % graph.edge_table)
    connection.query('CREATE INDEX ON %s (dst, src)' % graph.edge_table)
    connection.query('VACUUM ANALYZE %s, %s' % (graph.node_table, graph.edge_table))
    connection.query("COMMENT ON TABLE %s IS '%s'" % (graph.node_table, graph.recipe()))
    return True


def digest(connection, graph):
    """A number that any change of the graph changes."""
    return connection.value("""
        SELECT (SELECT sum(hashtextextended(n::text, 0)::numeric) FROM {0} AS n) +
               (SELECT sum(hashtextextended(e::text, 0)::numeric) FROM {1} AS e)"""
                            .format(graph.node_table, graph.edge_table))
