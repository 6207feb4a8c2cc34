-- The whole network against frozen numbers of PyTorch.
\getenv abs_builddir PG_ABS_BUILDDIR
\getenv dlsuffix PG_DLSUFFIX
\set modfile :abs_builddir '/reference_test' :dlsuffix
SET client_min_messages = warning;
CREATE SCHEMA reference_test;
SET search_path = reference_test, public;

CREATE FUNCTION reference_tables() RETURNS void AS :'modfile', 'reference_tables' LANGUAGE C;
CREATE FUNCTION reference_names() RETURNS SETOF text AS :'modfile', 'reference_names' LANGUAGE C;
CREATE FUNCTION reference_edges(graph text) RETURNS TABLE (what text, ok bool)
	AS :'modfile', 'reference_edges' LANGUAGE C STRICT;
CREATE FUNCTION reference_edge_means(graph text, relation text) RETURNS TABLE (node text, mean float8)
	AS :'modfile', 'reference_edge_means' LANGUAGE C STRICT;
CREATE FUNCTION reference_check(name text) RETURNS TABLE (what text, ok bool)
	AS :'modfile', 'reference_check' LANGUAGE C STRICT;

-- users know each other, in both directions; users rate items, which gives two relations
SELECT reference_tables();
CREATE INDEX ON knows (a, b);
CREATE INDEX ON knows (b, a);
CREATE INDEX ON rates (person, item);
CREATE INDEX ON rates (item, person);
SELECT sage_create_graph(graph) FROM unnest('{reference,reference_weighted}'::text[]) AS graph;
SELECT sage_add_nodes(graph, nodes) FROM unnest('{reference,reference_weighted}'::text[]) AS graph,
	unnest('{users,items}'::regclass[]) AS nodes;
SELECT sage_add_edges(graph, 'knows', source => 'a', target => 'b', source_type => 'users', target_type => 'users')
FROM unnest('{reference,reference_weighted}'::text[]) AS graph;
SELECT sage_add_edges(graph, 'rates', source => 'person', target => 'item', source_type => 'users', target_type => 'items',
	weight_column => weight)
FROM (VALUES ('reference', NULL), ('reference_weighted', 'weight')) AS g (graph, weight);
SELECT edge_type, relations FROM sage.edge_types WHERE graph = 'reference';

-- what differs is a notice, too
SET client_min_messages = notice;
SELECT name, count(*) AS checks, array_agg(what) FILTER (WHERE NOT ok) AS wrong, bool_and(ok) AS ok
FROM reference_names() WITH ORDINALITY AS c (name, n), reference_check(name)
GROUP BY n, name ORDER BY n;

-- features of edges: numbers and words, some missing; one relation is weighted
ALTER TABLE knows ADD years float8, ADD how text;
ALTER TABLE rates ADD stars float8, ADD words text[];
UPDATE knows SET years = (a * 7 + b * 3) % 11, how = CASE WHEN a % 3 > 0 THEN (ARRAY['work', 'school'])[1 + b % 20 / 10] END;
UPDATE rates SET stars = (person / 10 + ascii(item)) % 5 + weight, words = CASE WHEN person % 30 > 0 THEN ARRAY[item, 'good'] END;
SELECT sage_create_graph('reference_edges');
SELECT sage_add_nodes('reference_edges', nodes) FROM unnest('{users,items}'::regclass[]) AS nodes;
SELECT sage_add_edges('reference_edges', 'knows', source => 'a', target => 'b', source_type => 'users', target_type => 'users', features => '{years,how}');
SELECT sage_add_edges('reference_edges', 'rates', source => 'person', target => 'item', source_type => 'users', target_type => 'items',
	weight_column => 'weight', features => '{stars,words}');
SELECT * FROM reference_edges('reference_edges');
WITH ends AS (
	SELECT a AS node, years FROM knows, users WHERE id = b AND a <> b UNION ALL SELECT b, years FROM knows, users WHERE id = a AND a <> b
), expected AS (
	SELECT id, coalesce((SELECT (avg(years) - s.mean) / s.std FROM ends WHERE node = id), 0) AS mean
	FROM users, (SELECT avg(years) AS mean, stddev_pop(years) AS std FROM knows) s
)
SELECT count(*) > 0 AND bool_and(abs(e.mean - m.mean) < 1e-5) AS same, count(DISTINCT m.mean) > 4 AS differ
FROM reference_edge_means('reference_edges', 'knows') m JOIN expected e ON e.id = m.node::int;
WITH expected AS (
	SELECT id, coalesce((SELECT sum(weight * (stars - s.mean) / s.std) / nullif(sum(weight), 0) FROM rates JOIN items ON code = item WHERE person = id), 0) AS mean
	FROM users, (SELECT avg(stars) AS mean, stddev_pop(stars) AS std FROM rates) s
)
SELECT count(*) > 0 AND bool_and(abs(e.mean - m.mean) < 1e-5) AS same, count(DISTINCT m.mean) > 4 AS differ
FROM reference_edge_means('reference_edges', 'rates') m JOIN expected e ON e.id = m.node::int;

SELECT sage_drop_graph(graph) FROM unnest('{reference,reference_edges,reference_weighted}'::text[]) AS graph;
SET client_min_messages = warning;
DROP SCHEMA reference_test CASCADE;
