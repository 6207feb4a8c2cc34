-- The latest neighbors first: by the later of the edge's and the row's time.
SET search_path = sample_test, public;
SET client_min_messages = error;

-- by hand: a copy counts by its latest time that can be seen, what has no time comes last
CREATE TABLE users (id text PRIMARY KEY, joined timestamptz);
INSERT INTO users VALUES ('hub', '2020-01-01 00:00+00'), ('a', '2020-01-01 00:00+00'), ('b', '2020-01-01 00:00+00'),
	('late', '2020-08-01 00:00+00'), ('unborn', NULL), ('always', '-infinity');
CREATE TABLE follows (a text, b text, since timestamptz);
INSERT INTO follows VALUES ('hub', 'a', '2020-02-01 00:00+00'), ('hub', 'a', '2020-07-01 00:00+00'), ('hub', 'b', '2020-05-01 00:00+00'),
	('hub', 'late', '2020-03-01 00:00+00'), ('hub', 'unborn', '2020-01-01 00:00+00'), ('always', 'hub', '-infinity'), ('hub', 'nobody', '2020-09-01 00:00+00');
SELECT sage_create_graph('times', 'users', 'follows', source => 'a', target => 'b', time_column => 'joined', edge_time_column => 'since');
SELECT sage_create_graph('edge_times', 'users', 'follows', source => 'a', target => 'b', edge_time_column => 'since');
SELECT sage_create_graph('node_times', 'users', 'follows', source => 'a', target => 'b', time_column => 'joined');
SELECT graph, at AT TIME ZONE 'UTC' AS at, r.neighbors, r.neighbors = l.neighbors AS same,
	(SELECT bool_and(k.neighbors = r.neighbors[:n] AND j.neighbors = k.neighbors) FROM generate_series(0, 3) AS n,
		test_neighbors('resident', graph, 'follows', n, '{hub}', ARRAY[at], neighbor_order => 'recent') AS k,
		test_neighbors('live', graph, 'follows', n, '{hub}', ARRAY[at], rotate => true, neighbor_order => 'recent') AS j) AS prefixes
FROM unnest('{times,edge_times,node_times}'::text[]) WITH ORDINALITY AS g (graph, i),
	unnest('{2020-02-01 00:00+00,2020-06-01 00:00+00,2020-08-02 00:00+00,infinity}'::timestamptz[]) AS at,
	test_neighbors('resident', graph, 'follows', -1, '{hub}', ARRAY[at], neighbor_order => 'recent') AS r,
	test_neighbors('live', graph, 'follows', -1, '{hub}', ARRAY[at], neighbor_order => 'recent') AS l
WHERE graph <> 'node_times' OR at = 'infinity' ORDER BY i, at;
-- without any time: the uniform order
SELECT sage_create_graph('timeless', 'users', 'follows', source => 'a', target => 'b');
SELECT bool_and(a.neighbors = b.neighbors) AS uniform FROM test_neighbors('live', 'timeless', 'follows', rotate => true, count => 2) AS a
	JOIN test_neighbors('live', 'timeless', 'follows', rotate => true, count => 2, neighbor_order => 'recent') AS b USING (place);

-- random graphs against plain SQL: hubs, copies, equal times, unknown times
CREATE TABLE nodes (id int PRIMARY KEY, at timestamptz);
INSERT INTO nodes SELECT i, CASE WHEN draw(20, 10, i) > 0 THEN to_timestamp(draw(50, 11, i)) END FROM generate_series(1, 400) AS i;
CREATE TABLE edges (a int, b int, at timestamptz, w real);
INSERT INTO edges SELECT draw(4, 12, i) + 1, draw(410, 13, i), CASE WHEN draw(20, 14, i) > 0 THEN to_timestamp(draw(50, 15, i)) END, draw(5, 20, i)
	FROM generate_series(1, 3000) AS i;
INSERT INTO edges SELECT draw(400, 16, i), draw(400, 17, i), to_timestamp(draw(50, 18, i)), draw(5, 21, i) FROM generate_series(1, 1000) AS i;
-- children of a parent: the row is the edge
CREATE TABLE children (id int PRIMARY KEY, parent int, at timestamptz);
INSERT INTO children SELECT i, 1 + draw(60, 19, i), CASE WHEN draw(20, 22, i) > 0 THEN to_timestamp(draw(300, 23, i)) END FROM generate_series(1, 2000) AS i;
SELECT sage_create_graph('random');
SELECT sage_add_nodes('random', 'nodes', time_column => 'at');
SELECT sage_add_nodes('random', 'children', time_column => 'at');
SELECT sage_add_edges('random', 'edges', 'plain', 'a', 'b', 'nodes', 'nodes', time_column => 'at');
SELECT sage_add_edges('random', 'edges', 'weighted', 'a', 'b', 'nodes', 'nodes', time_column => 'at', weight_column => 'w');
SELECT sage_add_edges('random', 'edges', 'untimed', 'a', 'b', 'nodes', 'nodes');
SELECT sage_add_edges('random', 'children', 'child_of', 'id', 'parent', 'children', 'nodes', time_column => 'at');
CREATE TABLE seen AS
	SELECT relation, t, inclusive, a::text AS node, b::text AS neighbor, greatest(u.at, at2) AS at
	FROM (SELECT 'plain' AS relation, a, b, e.at, nodes.at AS at2 FROM (SELECT a, b, at FROM edges UNION ALL SELECT b, a, at FROM edges) AS e JOIN nodes ON b = id WHERE a <> b
		UNION ALL SELECT 'weighted', a, b, e.at, nodes.at FROM (SELECT a, b, at FROM edges UNION ALL SELECT b, a, at FROM edges) AS e JOIN nodes ON b = id WHERE a <> b
		UNION ALL SELECT 'untimed', a, b, '-infinity', nodes.at FROM (SELECT a, b FROM edges UNION ALL SELECT b, a FROM edges) AS e JOIN nodes ON b = id WHERE a <> b
		UNION ALL SELECT 'rev_child_of', parent, id, at, at FROM children) AS u,
		unnest('{0,1,25,49,50,200,301}'::int[]) AS t, unnest('{f,t}'::bool[]) AS inclusive
	WHERE u.at IS NOT NULL AND at2 IS NOT NULL AND
		CASE WHEN inclusive THEN greatest(u.at, at2) <= to_timestamp(t) ELSE greatest(u.at, at2) < to_timestamp(t) END;
CREATE TABLE expected AS
	SELECT relation, t, inclusive, node, array_agg(at ORDER BY at DESC) AS times, array_agg(DISTINCT neighbor) AS neighbors
	FROM (SELECT relation, t, inclusive, node, neighbor, max(at) AS at FROM seen WHERE relation <> 'weighted' GROUP BY 1, 2, 3, 4, 5
		UNION ALL SELECT relation, t, inclusive, node, neighbor, at FROM seen WHERE relation = 'weighted') AS s
	GROUP BY 1, 2, 3, 4;
CREATE INDEX ON expected (relation, node, t, inclusive);
CREATE INDEX ON seen (relation, node, t, inclusive, neighbor);
SELECT store, v.relation, count(*) AS nodes, max(cardinality(r.neighbors)) > 40 AS hubs,
	bool_and(r.neighbors <@ coalesce(e.neighbors, '{}') AND cardinality(r.neighbors) = coalesce(cardinality(e.times[:k]), 0)) AS right_sets,
	bool_and(CASE WHEN v.relation = 'weighted' OR r.neighbors = '{}' THEN true ELSE e.times[:k] =
		(SELECT array_agg((SELECT max(at) FROM seen AS s WHERE (s.relation, s.node, s.t, s.inclusive, s.neighbor) = (v.relation, r.node, second, incl, n)) ORDER BY o)
			FROM unnest(r.neighbors) WITH ORDINALITY AS u (n, o)) END) AS right_order
FROM unnest('{0,25,50,200}'::int[]) AS second, unnest('{f,t}'::bool[]) AS incl, unnest('{live,resident}'::text[]) AS store,
	unnest('{7,1000}'::int[]) AS k, unnest('{plain,weighted,untimed,rev_child_of}'::text[]) AS v (relation),
	(SELECT array_agg(id::text) AS ids FROM nodes WHERE id <= 60) AS n,
	test_neighbors(store, 'random', v.relation, k, ids, array_fill(to_timestamp(second), ARRAY[60]), inclusive => incl, neighbor_order => 'recent') AS r
	LEFT JOIN LATERAL (SELECT * FROM expected AS x WHERE (x.relation, x.t, x.inclusive, x.node) = (v.relation, second, incl, r.node)) AS e ON true
GROUP BY store, v.relation ORDER BY v.relation, store;
-- both stores, long series of random questions
SELECT o AS neighbor_order, relation, test_walk('random', relation, '{1,2,3,4}', ARRAY[to_timestamp(1), to_timestamp(20), to_timestamp(200), 'infinity'], 100, 1, o) AS ok
FROM (VALUES ('recent', 'plain'), ('recent', 'weighted'), ('recent', 'untimed'), ('recent', 'rev_child_of'), ('recent', 'child_of'),
	('weight', 'weighted'), ('top', 'weighted'), ('weight', 'plain')) AS v (o, relation);
-- the heaviest first, and none of weight 0 by weight; other epochs draw others
SELECT count(*) > 100 AS many, bool_and(t.weights = (SELECT array_agg(w ORDER BY w DESC) FROM unnest(a.weights) AS w)) AS heaviest_first,
	bool_and(cardinality(w.weights) = (SELECT count(*) FROM unnest(a.weights) AS x WHERE x > 0)) AS all_but_zero
FROM test_neighbors('resident', 'random', 'weighted') AS a JOIN test_neighbors('live', 'random', 'weighted', neighbor_order => 'top') AS t USING (place)
	JOIN test_neighbors('live', 'random', 'weighted', neighbor_order => 'weight') AS w USING (place) WHERE cardinality(a.neighbors) > 0;

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP TABLE users, follows, nodes, edges, children, seen, expected;
