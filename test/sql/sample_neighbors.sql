-- Neighbors on request.
CREATE SCHEMA sample_neighbors;
SET search_path = sample_neighbors, public;
SET client_min_messages = warning;
SET timezone = 'UTC';
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE FUNCTION draw(n int, VARIADIC what int[]) RETURNS int LANGUAGE sql IMMUTABLE
	AS $$ SELECT ('x' || substr(md5(what::text), 1, 7))::bit(28)::int % n $$;

-- by hand
CREATE TABLE people (id bigint PRIMARY KEY, at timestamptz);
CREATE TABLE items (code text PRIMARY KEY, at timestamptz);
CREATE TABLE bought (person bigint, item text, amount real, at timestamptz);
INSERT INTO people SELECT i, timestamptz '2020-01-01' FROM generate_series(1, 4) AS i;
INSERT INTO items SELECT i, timestamptz '2020-01-01' FROM unnest('{a,b,c,d}'::text[]) AS i;
INSERT INTO bought VALUES (1, 'a', 1, '2020-02-01'), (1, 'b', 5, '2020-03-01'), (1, 'c', 3, '2020-04-01'), (2, 'a', 2, '2020-05-01'), (2, 'd', 0, NULL),
	(3, 'a', 7, '2020-06-01'), (9, 'a', 7, '2020-06-01'), (1, 'z', 7, '2020-06-01');
CREATE INDEX ON bought (person, item);
CREATE INDEX ON bought (item, person);
SELECT sage_create_graph('shop');
SELECT sage_add_nodes('shop', 'people', time_column => 'at'), sage_add_nodes('shop', 'items', key => 'code', time_column => 'at');
SELECT sage_add_edges('shop', 'bought', source => 'person', target => 'item', source_type => 'people', target_type => 'items', weight_column => 'amount', time_column => 'at');
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1, 2], 'bought', -1) ORDER BY source, neighbor;
SELECT * FROM sage_sample_neighbors('shop', '{1}'::bigint[], NULL, ARRAY[-1, -1, -1], node_type => 'people') ORDER BY hop, source, neighbor;
SELECT strategy, string_agg(neighbor, ' ') AS neighbors FROM unnest('{recent,top,full}'::text[]) AS strategy, sage_sample_neighbors('shop', ARRAY[1], 'bought', 2, strategy)
	WHERE strategy <> 'full' GROUP BY strategy ORDER BY strategy;
-- keys as texts, from the other end, unknown ones, twice the same; weight 0 is never drawn by weight
SELECT source, neighbor FROM sage_sample_neighbors('shop', ARRAY['a', 'nobody', 'a'], 'bought', -1, node_type => 'items') ORDER BY neighbor;
SELECT source, neighbor FROM sage_sample_neighbors('shop', ARRAY['2'], 'bought', 5, 'weight');
-- as of a time; nothing of that time or later
SELECT source, neighbor, "time" FROM sage_sample_neighbors('shop', ARRAY[1, 2], 'bought', 5, 'recent', at => '2020-04-01');
SELECT count(*) FROM sage_sample_neighbors('shop', ARRAY[1, 2], 'bought', 5, at => '2020-01-01');
SELECT count(*) FROM sage_sample_neighbors('shop', '{}'::bigint[], 'bought', 5);
SELECT count(*) FROM sage_sample_neighbors('shop', ARRAY[1, 2], 'bought', 0);
SELECT count(*) FROM sage_sample_neighbors('shop', ARRAY[1, 2], 'bought', '{}'::int[]);

-- distributions: one hub with 20 neighbors of other weights, and of other degrees
CREATE TABLE nodes (id int PRIMARY KEY);
INSERT INTO nodes SELECT i FROM generate_series(0, 60) AS i;
CREATE TABLE edges (a int, b int, w real);
INSERT INTO edges SELECT 0, i, i FROM generate_series(1, 20) AS i;
INSERT INTO edges SELECT 20 + k, i, 1 FROM generate_series(1, 20) AS i, generate_series(1, i) AS k;
CREATE INDEX ON edges (a, b);
CREATE INDEX ON edges (b, a);
SELECT sage_create_graph('hub', 'nodes', 'edges', source => 'a', target => 'b', direction => 'forward');
SELECT sage_create_graph('heavy', 'nodes', 'edges', source => 'a', target => 'b', weight_column => 'w', direction => 'forward');
CREATE TABLE drawn AS SELECT strategy, k, seed, neighbor::int AS neighbor
	FROM (VALUES ('hub', 'uniform', 5), ('hub', 'replace', 5), ('heavy', 'weight', 1), ('heavy', 'weight', 2), ('hub', 'degree', 1), ('hub', 'degree', 2)) AS v (graph, strategy, k),
		generate_series(1, 600) AS seed, sage_sample_neighbors(graph, ARRAY[0], 'edges', k, strategy, seed => seed);
-- p: the chance to be among k; the second of two goes by what the first left
CREATE TABLE chances AS SELECT strategy, k, i AS neighbor, CASE WHEN strategy = 'uniform' THEN 0.25 WHEN k = 1 THEN p
		ELSE p + (SELECT sum(q * p / (1 - q)) FROM (SELECT (j + d) / total AS q FROM generate_series(1, 20) AS j WHERE j <> i) AS x) END AS p
	FROM (VALUES ('uniform', 5, 0), ('weight', 1, 0), ('weight', 2, 0), ('degree', 1, 1), ('degree', 2, 1)) AS v (strategy, k, d), generate_series(1, 20) AS i,
		LATERAL (SELECT sum(j + d)::float8 AS total FROM generate_series(1, 20) AS j) AS t, LATERAL (SELECT (i + d) / total AS p) AS u;
-- 43.8 is exceeded once in a thousand by a chi-square of 19 degrees of freedom
SELECT strategy, k, count(*) AS cells, sum(n) = 600 * k AS all_counted, sum((n - 600 * p) ^ 2 / (600 * p * CASE WHEN k > 1 THEN 1 - p ELSE 1 END) * CASE WHEN k > 1 THEN 0.95 ELSE 1 END) < 43.8 AS fits
	FROM chances JOIN (SELECT strategy, k, neighbor, count(*) AS n FROM drawn GROUP BY 1, 2, 3) AS d USING (strategy, k, neighbor) GROUP BY strategy, k ORDER BY strategy, k;
SELECT sum((n - 150.0) ^ 2 / 150) < 43.8 AS replace_fits FROM (SELECT count(*) AS n FROM drawn WHERE strategy = 'replace' GROUP BY neighbor) AS d;
SELECT count(*) BETWEEN 100 AND 500 AS some_twice FROM (SELECT FROM drawn WHERE strategy = 'replace' GROUP BY seed, neighbor HAVING count(*) > 1) AS twice;
SELECT count(*) = 0 AS none_twice FROM (SELECT FROM drawn WHERE strategy <> 'replace' GROUP BY strategy, k, seed, neighbor HAVING count(*) > 1) AS twice;

-- both stores, in any company, however the rows lie; as of times
CREATE TABLE persons (id int PRIMARY KEY, at timestamptz);
INSERT INTO persons SELECT i, CASE WHEN draw(20, 1, i) > 0 THEN to_timestamp(draw(50, 2, i)) END FROM generate_series(1, 300) AS i;
CREATE TABLE knows (a int, b int, w real, at timestamptz);
INSERT INTO knows SELECT draw(draw(2, 3, i) * 300 + 5, 4, i), draw(310, 5, i), draw(5, 6, i), CASE WHEN draw(20, 7, i) > 0 THEN to_timestamp(draw(50, 8, i)) END FROM generate_series(1, 2000) AS i;
CREATE INDEX ON knows (a, b);
CREATE INDEX ON knows (b, a);
SELECT sage_create_graph('known', 'persons', 'knows', source => 'a', target => 'b', time_column => 'at', edge_time_column => 'at', weight_column => 'w');
CREATE FUNCTION walks(seeds int[]) RETURNS TABLE (strategy text, t int, hop int, relation text, source text, neighbor text, weight float8, "time" timestamptz) LANGUAGE sql AS
	$$ SELECT strategy, t, hop, relation, source, neighbor, weight, "time" FROM unnest('{uniform,replace,weight,top,recent,degree,full}'::text[]) AS strategy, unnest('{NULL,10,40}'::int[]) AS t,
		sage_sample_neighbors('known', seeds, NULL, CASE WHEN strategy = 'full' THEN '{-1}' ELSE '{4,3}' END::int[], strategy, to_timestamp(t), 7) $$;
SET sage.access = live;
CREATE TABLE live AS SELECT * FROM walks(ARRAY(SELECT generate_series(1, 60)));
SET sage.access = resident;
CREATE TABLE resident AS SELECT * FROM walks(ARRAY(SELECT generate_series(60, 1, -1)));
CREATE TABLE moved AS SELECT * FROM knows ORDER BY draw(1000, a, b);
TRUNCATE knows;
INSERT INTO knows SELECT * FROM moved;
SET sage.access = auto;
CREATE TABLE again AS SELECT * FROM walks(ARRAY(SELECT generate_series(1, 60)));
SELECT count(*) > 2000 AS many, (SELECT count(*) FROM ((TABLE live EXCEPT ALL TABLE resident) UNION ALL (TABLE resident EXCEPT ALL TABLE live)) AS d) AS differ,
	(SELECT count(*) FROM ((TABLE live EXCEPT ALL TABLE again) UNION ALL (TABLE again EXCEPT ALL TABLE live)) AS d) AS differ_moved FROM live;
SELECT t, bool_and("time" < to_timestamp(t)) AS before FROM live WHERE t IS NOT NULL GROUP BY t ORDER BY t;
SELECT count(*) = 0 AS tree_is_the_same FROM (SELECT * FROM live WHERE hop = 1 AND source = '7' EXCEPT ALL SELECT * FROM walks(ARRAY[7]) WHERE hop = 1) AS d;

-- what the caller may see
CREATE ROLE sage_sampler;
GRANT USAGE ON SCHEMA sample_neighbors TO sage_sampler;
GRANT SELECT ON people, items TO sage_sampler;
SET ROLE sage_sampler;
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', -1);
RESET ROLE;
GRANT SELECT ON bought TO sage_sampler;
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY no_b ON items TO sage_sampler USING (code <> 'b');
SET ROLE sage_sampler;
SELECT neighbor FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', -1) ORDER BY 1;
SELECT neighbor FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', 1, 'top');
RESET ROLE;

-- errors
SELECT * FROM sage_sample_neighbors('shp', ARRAY[1]);
SELECT * FROM sage_sample_neighbors(NULL, ARRAY[1]);
SELECT * FROM sage_sample_neighbors('shop', NULL::bigint[], 'bought');
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1, NULL], 'bought');
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bougth');
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1]);
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], node_type => 'persons');
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', -2);
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', NULL::int);
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', ARRAY[1, NULL]);
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', 2000000000);
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', ARRAY[100000, 100000, 1000]);
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', array_fill(1, ARRAY[20]));
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', 1, 'unifrom');
SELECT * FROM sage_sample_neighbors('shop', ARRAY[1], 'bought', 1, seed => NULL);
SELECT * FROM sage_sample_neighbors('hub', ARRAY[1], 'edges', 1, 'weight');
SELECT * FROM sage_sample_neighbors('hub', ARRAY[1], NULL, 1, 'recent');
SELECT * FROM sage_sample_neighbors('shop', ARRAY['x'], 'bought');
SELECT * FROM sage_sample_neighbors('shop', ARRAY['cccccccc-cccc-cccc-cccc-cccccccccccc']::uuid[], 'bought');

SELECT count(sage_drop_graph(graph)) FROM unnest('{shop,hub,heavy,known}'::text[]) AS graph;
DROP SCHEMA sample_neighbors CASCADE;
DROP ROLE sage_sampler;
