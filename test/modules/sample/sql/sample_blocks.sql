-- Samples of several hops.
SET search_path = sample_test, public;
SET client_min_messages = error;

-- hand-drawn: authors write papers, papers cite papers
CREATE TABLE authors (id text PRIMARY KEY, since timestamptz);
INSERT INTO authors SELECT unnest('{ann,bob,cid,dan}'::text[]), '2001-01-01 00:00+00';
CREATE TABLE papers (id int PRIMARY KEY, year timestamptz);
INSERT INTO papers SELECT i, make_timestamptz(2000 + i, 1, 1, 0, 0, 0, 'UTC') FROM generate_series(1, 6) AS i;
CREATE TABLE wrote (author text, paper int);
INSERT INTO wrote VALUES ('ann', 1), ('ann', 2), ('bob', 2), ('bob', 3), ('cid', 4);
CREATE TABLE cites (paper int, cited int);
INSERT INTO cites VALUES (2, 1), (3, 2), (4, 3), (5, 4), (6, 6);
SELECT sage_create_graph('library');
SELECT sage_add_nodes('library', 'authors', time_column => 'since');
SELECT sage_add_nodes('library', 'papers', time_column => 'year');
SELECT sage_add_edges('library', 'wrote', source => 'author', target => 'paper', source_type => 'authors', target_type => 'papers');
SELECT sage_add_edges('library', 'cites', source => 'paper', target => 'cited', source_type => 'papers', target_type => 'papers');

-- all of two hops around one paper; a fan-out holds for every destination of its hop, the seed included
SELECT hop, relation, node, listed(neighbors) FROM test_sample('resident', 'library', 'papers', seeds => '{3}');
SELECT hop, relation, node, listed(neighbors) FROM test_sample('resident', 'library', 'papers', '{"cites": [-1, 0], "wrote": 0, "rev_wrote": [0, -1]}', seeds => '{3}');
-- one seed time for the whole tree: a paper of 2004 is not there yet, and the seed stands twice, once for each time
SELECT hop, relation, node, extract(year FROM seen_at AT TIME ZONE 'UTC') AS seen, listed(neighbors)
FROM test_sample('live', 'library', 'papers', hops => 2, seeds => '{3,3}', at => '{2004-01-01 00:00+00,2005-01-01 00:00+00}')
WHERE relation = 'cites';
-- nobody is there: no blocks with edges
SELECT count(*) FROM test_sample('live', 'library', 'authors', seeds => '{dan}');
SELECT count(*) FROM test_sample('resident', 'library', 'papers', '0');
SELECT test_blocks('library', t, f::jsonb, h, at => CASE WHEN timed THEN array_fill('2004-06-01 00:00+00'::timestamptz, ARRAY[n]) END) AS ok,
	t AS node_type, f AS fanout, timed
FROM (VALUES ('papers', 6), ('authors', 4)) AS v (t, n), (VALUES ('-1', 1), ('-1', 4), ('2', 3), ('0', 2), ('[1, 0, -1]', 3),
		('{"cites": [1, -1], "rev_wrote": [0, 3]}', 2)) AS w (f, h), unnest('{f,t}'::bool[]) AS timed
ORDER BY t, f COLLATE "C", timed;

-- random: two types of different keys, four relations, hubs, times, weights
CREATE TABLE people (id int PRIMARY KEY, at timestamptz);
INSERT INTO people SELECT i, to_timestamp(draw(100, 1, i)) FROM generate_series(1, 500) AS i;
CREATE TABLE items (code text PRIMARY KEY, at timestamptz);
INSERT INTO items SELECT 'i' || i, to_timestamp(draw(100, 2, i)) FROM generate_series(1, 1500) AS i;
CREATE TABLE follows AS SELECT draw(draw(2, 3, i) * 495 + 5, 4, i) AS a, draw(500, 5, i) AS b, to_timestamp(draw(100, 6, i)) AS at FROM generate_series(1, 3000) AS i;
CREATE TABLE buys AS SELECT draw(draw(2, 7, i) * 497 + 3, 8, i) AS a, 'i' || draw(1600, 9, i) AS b, draw(9, 10, i)::real AS w, to_timestamp(draw(100, 11, i)) AS at
	FROM generate_series(1, 6000) AS i;
SELECT sage_create_graph('market');
SELECT sage_add_nodes('market', 'people', time_column => 'at');
SELECT sage_add_nodes('market', 'items', key => 'code', time_column => 'at');
SELECT sage_add_edges('market', 'follows', 'follows', 'a', 'b', 'people', 'people', time_column => 'at');
SELECT sage_add_edges('market', 'follows', 'sees', 'a', 'b', 'people', 'people', direction => 'forward');
SELECT sage_add_edges('market', 'buys', 'buys', 'a', 'b', 'people', 'items', weight_column => 'w', time_column => 'at');

SELECT node_type, fanout, rotate, bool_and(test_blocks('market', node_type, fanout::jsonb, 2, seeds, CASE WHEN timed THEN times END, rotate, seed, seed = 2, seed)) AS ok
FROM (VALUES ('people', '10'), ('people', '[5, 20]'), ('people', '{"follows": [15, 10], "buys": [25, 5], "rev_buys": [3, 0]}'), ('people', '-1'),
		('items', '[3, 3]'), ('items', '0')) AS v (node_type, fanout),
	unnest('{f,t}'::bool[]) AS rotate, unnest('{f,t}'::bool[]) AS timed, generate_series(1, 2) AS seed,
	LATERAL (SELECT array_agg(DISTINCT CASE node_type WHEN 'people' THEN (1 + draw(500, 12, i, seed))::text ELSE 'i' || 1 + draw(1500, 13, i) END) AS seeds
		FROM generate_series(1, 40) AS i) AS s,
	LATERAL (SELECT array_agg(to_timestamp(draw(120, 14, i))) AS times FROM generate_series(1, cardinality(seeds)) AS i) AS t
GROUP BY node_type, fanout, rotate ORDER BY node_type, fanout COLLATE "C", rotate;

-- the tree of a seed is the same in any company
SELECT store, rotate, count(*) > 100 AS many, bool_and((b.neighbors, b.weights) IS NOT DISTINCT FROM (a.neighbors, a.weights)) AS same
FROM unnest('{live,resident}'::text[]) AS store, unnest('{f,t}'::bool[]) AS rotate,
	(SELECT array_agg(i::text ORDER BY i) AS all_seeds, array_agg(to_timestamp(draw(100, 15, i)) ORDER BY i) AS all_times FROM generate_series(1, 60) AS i) AS s,
	generate_series(1, 60, 7) AS i,
	test_sample(store, 'market', 'people', '[5, 3]', seeds => all_seeds[i:i], at => all_times[i:i], rotate => rotate) AS a
	LEFT JOIN LATERAL test_sample('resident', 'market', 'people', '[5, 3]', seeds => all_seeds, at => all_times, rotate => rotate) AS b
		USING (hop, relation, node, seen_at)
GROUP BY store, rotate ORDER BY store, rotate;

-- rotating: another part of a hub's order in another epoch, and in another hop
SELECT count(*) AS pairs, count(*) FILTER (WHERE a.neighbors = b.neighbors) < count(*) / 20.0 AS other_epochs_differ
FROM generate_series(1, 50) AS epoch, test_sample('resident', 'market', 'people', '2', 1, '{1,2,3,4}', rotate => true, salt => epoch) AS a JOIN LATERAL
	test_sample('resident', 'market', 'people', '2', 1, '{1,2,3,4}', rotate => true, salt => epoch + 1) AS b USING (relation, node)
WHERE relation = 'follows';
SELECT count(*) AS pairs, count(*) FILTER (WHERE a.neighbors = b.neighbors) < count(*) / 20.0 AS other_hops_differ
FROM generate_series(1, 50) AS epoch, test_sample('resident', 'market', 'people', '2', 2, '{1,2,3,4}', rotate => true, salt => epoch) AS a JOIN LATERAL
	test_sample('resident', 'market', 'people', '2', 2, '{1,2,3,4}', rotate => true, salt => epoch) AS b USING (relation, node)
WHERE relation = 'follows' AND node IN ('1', '2', '3', '4') AND a.hop = 1 AND b.hop = 2;

-- no seeds at all
SELECT test_blocks('market', 'people', '5', 2, '{}') AS ok;

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP TABLE authors, papers, wrote, cites, people, items, follows, buys;
