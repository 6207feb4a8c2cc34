-- Hand-drawn graphs: who is whose neighbor, in both stores.
SET search_path = sample_test, public;
SET client_min_messages = error;

-- repeated pairs, in both directions; a loop; edges to nobody; NULL ends; 7 has no edges
CREATE TABLE people (id int PRIMARY KEY);
INSERT INTO people SELECT generate_series(1, 7);
CREATE TABLE knows (a int, b int);
INSERT INTO knows VALUES (1, 2), (2, 1), (1, 2), (1, 3), (3, 3), (4, 99), (98, 4), (NULL, 5), (5, NULL), (NULL, NULL), (6, 1);

SELECT sage_create_graph('undirected', 'people', 'knows', source => 'a', target => 'b');
SELECT * FROM test_show('undirected', 'knows');
SELECT * FROM test_counts('undirected', 'knows');

SELECT sage_create_graph('forward', 'people', 'knows', source => 'a', target => 'b', direction => 'forward');
SELECT * FROM test_show('forward', 'knows');
SELECT * FROM test_counts('forward', 'knows');

SELECT sage_create_graph('both', 'people', 'knows', source => 'a', target => 'b', direction => 'both');
SELECT * FROM test_show('both', 'knows');
SELECT * FROM test_show('both', 'rev_knows');

-- with weights each row counts; NULL weighs nothing
CREATE TABLE trades (a int, b int, w numeric);
INSERT INTO trades VALUES (1, 2, 0.5), (1, 2, 2), (2, 1, 0.25), (1, 3, NULL), (3, 3, 9), (4, 99, 1), (6, 1, 0), (1, 2, 2);
SELECT sage_create_graph('weighted', 'people', 'trades', source => 'a', target => 'b', weight_column => 'w');
SELECT * FROM test_show('weighted', 'trades');
SELECT * FROM test_counts('weighted', 'trades');

-- two types with keys in common: 1 -> 1 is no loop
CREATE TABLE shops (id bigint PRIMARY KEY);
INSERT INTO shops SELECT generate_series(1, 4);
CREATE TABLE visits (person int, shop bigint);
INSERT INTO visits VALUES (1, 1), (1, 2), (2, 2), (2, 2), (3, 9), (9, 3), (6, 4), (NULL, 4), (1, NULL);
SELECT sage_create_graph('two_types');
SELECT sage_add_nodes('two_types', 'people');
SELECT sage_add_nodes('two_types', 'shops');
SELECT sage_add_edges('two_types', 'visits', source => 'person', target => 'shop', source_type => 'people', target_type => 'shops');
SELECT relations FROM sage.edge_types WHERE graph = 'two_types';
SELECT * FROM test_show('two_types', 'visits');
SELECT * FROM test_show('two_types', 'rev_visits');

-- a table of nodes with a column that names another row: an edge table, too
CREATE TABLE staff (id int PRIMARY KEY, boss int REFERENCES staff);
INSERT INTO staff VALUES (1, NULL), (2, 1), (3, 1), (4, 2), (5, 5);
SELECT sage_create_graph('bosses', 'staff', 'staff', source => 'id', target => 'boss', direction => 'both');
SELECT * FROM test_show('bosses', 'staff');
SELECT * FROM test_show('bosses', 'rev_staff');

-- a store without edges, and without nodes
CREATE TABLE nobody (id int PRIMARY KEY);
CREATE TABLE nothing (a int, b int);
SELECT sage_create_graph('no_edges', 'people', 'nothing', source => 'a', target => 'b');
SELECT * FROM test_show('no_edges', 'nothing') WHERE node = '1';
SELECT sage_create_graph('no_nodes', 'nobody', 'knows', source => 'a', target => 'b');
SELECT * FROM test_show('no_nodes', 'knows');

-- so many: the first of the order; 0 turns it off
SELECT count, node, cardinality(r.neighbors) AS n, r.neighbors = (f.neighbors)[:count] AS first_ones, r.neighbors = l.neighbors AS same
FROM generate_series(0, 4) AS count,
	test_neighbors('resident', 'undirected', 'knows', count, '{1}') AS r JOIN LATERAL
	test_neighbors('live', 'undirected', 'knows', count, '{1}') AS l USING (place, node) JOIN
	test_neighbors('resident', 'undirected', 'knows', -1, '{1}') AS f USING (place, node);

-- hubs: of many neighbors a live store keeps the first; 2's have mostly no row, so it reads them again; 3's stand there many times
CREATE TABLE fans (id int PRIMARY KEY);
INSERT INTO fans SELECT generate_series(1, 3000);
CREATE TABLE likes (a int, b int);
INSERT INTO likes SELECT 1, n FROM generate_series(1, 3000) AS n;
INSERT INTO likes SELECT 2, n FROM generate_series(2990, 9000) AS n;
INSERT INTO likes SELECT 3, 4 + n % 60 FROM generate_series(1, 3000) AS n;
INSERT INTO likes SELECT 3, n % 5000 FROM generate_series(1, 20000, 7) AS n;
SELECT sage_create_graph('hubs', 'fans', 'likes', source => 'a', target => 'b', direction => 'forward');
SELECT count, batch, array_agg(cardinality(r.neighbors) ORDER BY place) AS n, bool_and(r.neighbors = (f.neighbors)[:count]) AS first_ones,
	bool_and(r.neighbors = l.neighbors) AS same
FROM unnest('{1,10,40,300}'::int[]) AS count, unnest('{0,1}'::int[]) AS batch,
	test_neighbors('resident', 'hubs', 'likes', count, '{1,2,3,4}') AS r JOIN LATERAL
	test_neighbors('live', 'hubs', 'likes', count, '{1,2,3,4}', batch => batch) AS l USING (place, node) JOIN
	test_neighbors('resident', 'hubs', 'likes', -1, '{1,2,3,4}') AS f USING (place, node)
GROUP BY count, batch ORDER BY count, batch;
-- kept for a few, then asked for more, or from elsewhere
SELECT test_walk('hubs', 'likes', '{1,2,3}', NULL);

-- a node may be asked for twice in a batch
SELECT store, array_agg(listed(neighbors) ORDER BY place)
FROM unnest('{live,resident}'::text[]) AS store, test_neighbors(store, 'undirected', 'knows', dst => '{1,6,1,7,1}')
GROUP BY store ORDER BY store;

-- a node that is not in its table: its edges, and its being a neighbor
SELECT node, listed(neighbors) FROM test_neighbors('live', 'undirected', 'knows', dst => '{99,4,98}', added => '{99,98}');
-- one that nobody knows
SELECT node, listed(neighbors) FROM test_neighbors('live', 'undirected', 'knows', dst => '{50}', added => '{50}');

-- finding nodes: NULL where there is none, the same key asked for twice
SELECT store, test_find_nodes(store, 'two_types', 'shops', '{4,9,1,4,9,-1}')
FROM unnest('{live,resident}'::text[]) AS store;

-- rows of this transaction count
BEGIN;
INSERT INTO people VALUES (99);
DELETE FROM people WHERE id = 3;
INSERT INTO knows VALUES (7, 99), (7, 3);
SELECT * FROM test_show('undirected', 'knows') WHERE node IN ('1', '3', '4', '7', '99');
ROLLBACK;

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP TABLE people, knows, trades, shops, visits, staff, nobody, nothing, fans, likes;
