-- The whole network against frozen numbers of PyTorch.
\getenv abs_builddir PG_ABS_BUILDDIR
\getenv dlsuffix PG_DLSUFFIX
\set modfile :abs_builddir '/reference_test' :dlsuffix
SET client_min_messages = warning;
CREATE SCHEMA reference_test;
SET search_path = reference_test, public;

CREATE FUNCTION reference_tables() RETURNS void AS :'modfile', 'reference_tables' LANGUAGE C;
CREATE FUNCTION reference_names() RETURNS SETOF text AS :'modfile', 'reference_names' LANGUAGE C;
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

SELECT sage_drop_graph(graph) FROM unnest('{reference,reference_weighted}'::text[]) AS graph;
SET client_min_messages = warning;
DROP SCHEMA reference_test CASCADE;
