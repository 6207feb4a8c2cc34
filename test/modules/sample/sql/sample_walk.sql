-- Both stores asked the same long series of random questions: other batches,
-- other numbers, other times, rotating or not, one after the other.
SET search_path = sample_test, public;
SET client_min_messages = error;

CREATE TABLE nodes (id int PRIMARY KEY, name text UNIQUE, uid uuid UNIQUE, at timestamptz);
INSERT INTO nodes SELECT i, 'n' || i, md5(i::text)::uuid, CASE WHEN draw(15, 1, i) > 0 THEN to_timestamp(draw(100, 2, i)) END
	FROM generate_series(1, 2000) AS i;
-- 30 destinations with 1900, 1100, and so on down to 0 neighbors, around the numbers where the way of sorting changes
CREATE TABLE sizes AS SELECT row_number() OVER () AS id, n FROM unnest('{1900,1100,700,300,150,129,100,80,70,69,68,67,66,65,64,63,62,50,40,30,20,10,5,4,3,2,1,1,0,0}'::int[]) AS n;
CREATE TABLE edges AS SELECT s.id::int AS a, 31 + (draw(1900, 3, s.id::int) + i) % 1950 AS b, draw(40, 4, s.id::int, i) / 4.0::real AS w,
		CASE WHEN draw(15, 5, s.id::int, i) > 0 THEN to_timestamp(draw(100, 6, s.id::int, i)) END AS at
	FROM sizes AS s, generate_series(1, n) AS i;
-- copies, among them many of one pair; reversed ones; loops; ends that are nobody
INSERT INTO edges SELECT a, b, w, to_timestamp(draw(100, 7, a, b)) FROM edges WHERE draw(3, 8, a, b) = 0;
INSERT INTO edges SELECT 5, 40, i % 7, to_timestamp(i % 100) FROM generate_series(1, 2000) AS i;
INSERT INTO edges SELECT 12, 41 + i % 3, 1, NULL FROM generate_series(1, 500) AS i;
INSERT INTO edges SELECT b, a, w, at FROM edges WHERE draw(10, 9, a, b) = 0;
INSERT INTO edges SELECT 1 + i % 10, 2001 + draw(1000, 10, i), 1, to_timestamp(i % 100) FROM generate_series(1, 2000) AS i;
INSERT INTO edges SELECT i, i, 1, to_timestamp(1) FROM generate_series(1, 30) AS i;
INSERT INTO edges VALUES (NULL, 1, 1, NULL), (1, NULL, 1, NULL), (NULL, NULL, NULL, NULL);
CREATE TABLE named AS SELECT 'n' || a AS a, 'n' || b AS b, w, at FROM edges;
CREATE TABLE marked AS SELECT md5(a::text)::uuid AS a, md5(b::text)::uuid AS b, w, at FROM edges;
CREATE INDEX ON edges (a);
CREATE INDEX ON edges (b);
CREATE INDEX ON named (a);
CREATE INDEX ON named (b);
CREATE INDEX ON marked (a);
CREATE INDEX ON marked (b);
ANALYZE nodes, edges, named, marked;

SELECT count(sage_create_graph(concat_ws('_', edges, direction, CASE WHEN weighted THEN 'weight' END, CASE WHEN node_time THEN 'node' END,
		CASE WHEN edge_time THEN 'edge' END), 'nodes', edges::regclass, key, 'a', 'b',
		time_column => CASE WHEN node_time THEN 'at' END, edge_time_column => CASE WHEN edge_time THEN 'at' END,
		weight_column => CASE WHEN weighted THEN 'w' END, direction => direction)) AS graphs
FROM (VALUES ('edges', 'id'), ('named', 'name'), ('marked', 'uid')) AS e (edges, key),
	unnest('{undirected,forward,both}'::text[]) AS direction, unnest('{f,t}'::bool[]) AS weighted,
	unnest('{f,t}'::bool[]) AS node_time, unnest('{f,t}'::bool[]) AS edge_time
WHERE edges = 'edges' OR direction = 'undirected';

-- half of the destinations are hubs, whatever their keys are called
SELECT e.graph, relation, test_walk(e.graph, relation, hubs, array_cat('{-infinity,infinity}', times)) AS ok
FROM sage.edge_types AS e, unnest(relations) AS relation,
	(SELECT array_agg(to_timestamp(t)) AS times FROM unnest('{1,10,50,99,200}'::int[]) AS t) AS u,
	LATERAL (SELECT array_agg(CASE e.edge_type WHEN 'edges' THEN id::text WHEN 'named' THEN name ELSE uid::text END) AS hubs
		FROM nodes WHERE id <= 30) AS h
ORDER BY e.graph COLLATE "C", relation;
-- the same graph under other seeds
SELECT bool_and(test_walk('edges_undirected_node_edge', 'edges', ARRAY['1', '2', '5', '12'], ARRAY[to_timestamp(20), to_timestamp(50)], 100, seed)) AS ok
FROM generate_series(2, 11) AS seed;

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP TABLE nodes, sizes, edges, named, marked;
