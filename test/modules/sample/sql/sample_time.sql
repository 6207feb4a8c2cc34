-- Times: what a seed of some time sees.
SET search_path = sample_test, public;
SET client_min_messages = error;
SET timezone = 'Pacific/Auckland';

-- of nodes and of edges; NULL is never seen by a seed with a time
CREATE TABLE users (id text PRIMARY KEY, joined timestamptz);
INSERT INTO users VALUES ('old', '2020-01-01 00:00+00'), ('new', '2020-06-01 00:00+00'), ('newer', '2020-09-01 00:00+00'),
	('unborn', NULL), ('always', '-infinity'), ('never', 'infinity'), ('hub', '2020-01-01 00:00+00');
CREATE TABLE follows (a text, b text, since timestamptz);
INSERT INTO follows VALUES ('hub', 'old', '2020-03-01 00:00+00'), ('hub', 'old', '2020-07-01 00:00+00'), ('new', 'hub', '2020-06-01 00:00+00'),
	('hub', 'newer', '2020-06-01 00:00+00'), ('hub', 'unborn', '2020-01-01 00:00+00'), ('hub', 'always', NULL),
	('always', 'old', '-infinity'), ('hub', 'never', '2020-01-01 00:00+00'), ('never', 'old', 'infinity');

SELECT sage_create_graph('timeless', 'users', 'follows', source => 'a', target => 'b');
SELECT sage_create_graph('node_times', 'users', 'follows', source => 'a', target => 'b', time_column => 'joined');
SELECT sage_create_graph('edge_times', 'users', 'follows', source => 'a', target => 'b', edge_time_column => 'since');
SELECT sage_create_graph('times', 'users', 'follows', source => 'a', target => 'b', time_column => 'joined', edge_time_column => 'since');

SELECT graph, at AT TIME ZONE 'UTC' AS at, inclusive, (array_agg(neighbors) FILTER (WHERE node = 'hub'))[1] AS hub,
	(array_agg(neighbors) FILTER (WHERE node = 'old'))[1] AS old, bool_and(same) AS same
FROM unnest('{timeless,node_times,edge_times,times}'::text[]) WITH ORDINALITY AS g (graph, i),
	unnest('{-infinity,2020-03-01 00:00+00,2020-06-01 00:00+00,2020-06-01 00:00:00.000001+00,infinity}'::timestamptz[]) AS at,
	unnest('{f,t}'::bool[]) AS inclusive,
	test_show(graph, 'follows', at, inclusive)
GROUP BY i, graph, at, inclusive ORDER BY i, at, inclusive;
-- without a seed time everything counts
SELECT * FROM test_show('times', 'follows') WHERE node IN ('hub', 'old');

-- one node at several times in one batch
SELECT store, array_agg(listed(neighbors) ORDER BY place)
FROM unnest('{live,resident}'::text[]) AS store, test_neighbors(store, 'times', 'follows', dst => '{hub,hub,old,hub,hub}',
	at => '{infinity,2020-06-02 00:00+00,2020-06-02 00:00+00,2020-02-01 00:00+00,2020-03-02 00:00+00}')
GROUP BY store ORDER BY store;

-- a pick of k goes on behind what cannot be seen; one that rotates goes round what can be seen
SELECT bool_and(k.neighbors = a.neighbors[:2]) AS first_two, bool_and(k.neighbors = l.neighbors) AS same,
	bool_and(cardinality(r.neighbors) = least(2, cardinality(a.neighbors)) AND r.neighbors <@ a.neighbors) AS two,
	bool_and(r.neighbors = rl.neighbors) AS same_rotating
FROM unnest('{2020-03-02 00:00+00,2020-06-02 00:00+00,2020-10-01 00:00+00}'::timestamptz[]) AS t, generate_series(1, 20) AS seed,
	test_neighbors('resident', 'times', 'follows', -1, '{hub,old}', ARRAY[t, t], seed => seed) AS a,
	test_neighbors('resident', 'times', 'follows', 2, '{hub,old}', ARRAY[t, t], seed => seed) AS k,
	test_neighbors('live', 'times', 'follows', 2, '{hub,old}', ARRAY[t, t], seed => seed) AS l,
	test_neighbors('resident', 'times', 'follows', 2, '{hub,old}', ARRAY[t, t], seed => seed, salt => seed, rotate => true) AS r,
	test_neighbors('live', 'times', 'follows', 2, '{hub,old}', ARRAY[t, t], seed => seed, salt => seed, rotate => true) AS rl
WHERE k.place = a.place AND l.place = a.place AND r.place = a.place AND rl.place = a.place;

-- with weights each row counts, if it can be seen
CREATE TABLE pays (a text, b text, at timestamptz, w real);
INSERT INTO pays SELECT a, b, since, row_number() OVER (ORDER BY a, b, since) FROM follows;
SELECT sage_create_graph('weights', 'users', 'pays', source => 'a', target => 'b', time_column => 'joined', edge_time_column => 'at', weight_column => 'w');
SELECT * FROM test_show('weights', 'pays', '2020-06-02 00:00+00') WHERE node IN ('hub', 'old');
SELECT * FROM test_show('weights', 'pays', '2020-07-02 00:00+00') WHERE node IN ('hub', 'old');

-- times of other types are UTC, whatever the session's zone is
CREATE TABLE days (id int PRIMARY KEY, day date, stamp timestamp, epoch bigint);
INSERT INTO days SELECT i, d, d, extract(epoch FROM d AT TIME ZONE 'UTC') FROM generate_series(1, 4) AS i, LATERAL (SELECT timestamp '2020-01-01' + (i - 1) * interval '1 day') AS t (d);
CREATE TABLE beside (a int, b int, day date, stamp timestamp, epoch int);
INSERT INTO beside SELECT 1, id, day, stamp, epoch FROM days;
SELECT sage_create_graph('by_' || c, 'days', 'beside', source => 'a', target => 'b', time_column => c, edge_time_column => c)
FROM unnest('{day,stamp,epoch}'::text[]) AS c;
SELECT graph, inclusive, neighbors, same FROM unnest('{by_day,by_stamp,by_epoch}'::text[]) AS graph, unnest('{f,t}'::bool[]) AS inclusive,
	test_show(graph, 'beside', '2020-01-03 00:00+00', inclusive) WHERE node = '1';

-- random graphs against plain SQL: four hubs, many copies, times of nodes and edges in common, some NULL
CREATE TABLE nodes (id int PRIMARY KEY, at timestamptz);
INSERT INTO nodes SELECT i, CASE WHEN draw(20, 10, i) > 0 THEN to_timestamp(draw(50, 11, i)) END FROM generate_series(1, 400) AS i;
CREATE TABLE edges (a int, b int, at timestamptz);
INSERT INTO edges SELECT draw(4, 12, i) + 1, draw(410, 13, i), CASE WHEN draw(20, 14, i) > 0 THEN to_timestamp(draw(50, 15, i)) END
	FROM generate_series(1, 3000) AS i;
INSERT INTO edges SELECT draw(400, 16, i), draw(400, 17, i), to_timestamp(draw(50, 18, i)) FROM generate_series(1, 1000) AS i;
SELECT sage_create_graph('random', 'nodes', 'edges', source => 'a', target => 'b', time_column => 'at', edge_time_column => 'at');
CREATE TABLE expected AS
	SELECT t, inclusive, a::text AS node, listed(array_agg(DISTINCT b::text)) AS neighbors
	FROM unnest('{0,1,25,49,50}'::int[]) AS t, unnest('{f,t}'::bool[]) AS inclusive,
		(SELECT a, b, at FROM edges UNION ALL SELECT b, a, at FROM edges) AS u JOIN nodes ON b = id
	WHERE a <> b AND u.at IS NOT NULL AND nodes.at IS NOT NULL AND
		CASE WHEN inclusive THEN greatest(u.at, nodes.at) <= to_timestamp(t) ELSE greatest(u.at, nodes.at) < to_timestamp(t) END
	GROUP BY t, inclusive, a;
CREATE INDEX ON expected (node, t, inclusive);
SELECT strictly, count(*) AS nodes, max(cardinality(r.neighbors)) > 100 AS hubs, bool_and(listed(r.neighbors) = coalesce(e.neighbors, '-')) AS right_sets
FROM unnest('{0,1,25,49,50}'::int[]) AS second, unnest('{f,t}'::bool[]) AS strictly, unnest('{live,resident}'::text[]) AS store,
	(SELECT array_agg(id::text) AS ids FROM nodes) AS n,
	test_neighbors(store, 'random', 'edges', -1, ids, array_fill(to_timestamp(second), ARRAY[400]), inclusive => NOT strictly) AS r
	LEFT JOIN LATERAL (SELECT * FROM expected AS x WHERE (x.t, x.inclusive, x.node) = (second, NOT strictly, r.node)) AS e ON true
GROUP BY strictly ORDER BY strictly;

RESET timezone;
SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP TABLE users, follows, pays, days, beside, nodes, edges, expected;
