-- Keys of every kind, and that nothing depends on the order of rows.
SET search_path = sample_test, public;
SET client_min_messages = error;

-- text: nothing is trimmed or folded
CREATE TABLE words (id text PRIMARY KEY);
INSERT INTO words VALUES ('a'), ('a '), ('A'), (''), ('"quoted"'), ('it''s'), ('{x,y}'), ('NULL'), ('back\slash'), (repeat('long', 600));
CREATE TABLE pairs (a varchar, b text);
INSERT INTO pairs VALUES ('a', 'A'), ('a', 'a '), ('a', ''), ('"quoted"', 'it''s'), ('{x,y}', 'NULL'), ('NULL', 'back\slash'),
	('a', 'b'), (repeat('long', 600), 'a');
SELECT sage_create_graph('words', 'words', 'pairs', source => 'a', target => 'b');
SELECT left(node, 10), replace(neighbors, repeat('long', 600), 'long...') AS neighbors, same FROM test_show('words', 'pairs');
SELECT store, test_find_nodes(store, 'words', 'words', '{a,b,"","NULL","a ",a}')
FROM unnest('{live,resident}'::text[]) AS store;

-- uuid
CREATE TABLE things (id uuid PRIMARY KEY);
INSERT INTO things SELECT md5(i::text)::uuid FROM generate_series(1, 5) AS i;
CREATE TABLE links (a uuid, b uuid);
INSERT INTO links SELECT md5(a::text)::uuid, md5(b::text)::uuid FROM (VALUES (1, 2), (2, 1), (1, 5), (3, 3), (4, 6)) AS v (a, b);
SELECT sage_create_graph('uuids', 'things', 'links', source => 'a', target => 'b');
SELECT left(node, 4) AS node, regexp_replace(neighbors, '(\w{4})[-\w]+', '\1', 'g') AS neighbors, same FROM test_show('uuids', 'links');

-- names, which are text as well
CREATE TABLE roles (id name PRIMARY KEY);
INSERT INTO roles VALUES ('admin'), ('Guest');
CREATE TABLE grants (a name, b text);
INSERT INTO grants VALUES ('admin', 'Guest'), ('guest', 'admin');
SELECT sage_create_graph('names', 'roles', 'grants', source => 'a', target => 'b');
SELECT * FROM test_show('names', 'grants');

-- keys are the same if their bytes are, whatever the collation takes for equal
DO $$
BEGIN
	CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXCEPTION WHEN OTHERS THEN
	CREATE COLLATION folded FROM "C";
END
$$;
CREATE TABLE folk (id text COLLATE folded PRIMARY KEY);
INSERT INTO folk VALUES ('Ann'), ('bob'), ('CID');
CREATE TABLE ties (a text COLLATE folded, b text COLLATE folded);
INSERT INTO ties VALUES ('Ann', 'bob'), ('Ann', 'BOB'), ('ann', 'CID'), ('bob', 'cid'), ('bob', 'CID');
SELECT sage_create_graph('folded', 'folk', 'ties', source => 'a', target => 'b');
SELECT * FROM test_show('folded', 'ties');
SELECT store, test_find_nodes(store, 'folded', 'folk', '{ann,Ann,ANN}')
FROM unnest('{live,resident}'::text[]) AS store;

-- integers of all widths, and what is at their ends
CREATE TABLE wide (id bigint PRIMARY KEY);
INSERT INTO wide VALUES (-9223372036854775808), (9223372036854775807), (0), (-1), (2147483647), (32767);
CREATE TABLE narrow (a int, b smallint);
INSERT INTO narrow VALUES (0, -1), (2147483647, 0), (-1, 32767), (-2147483648, 0);
SELECT sage_create_graph('integers', 'wide', 'narrow', source => 'a', target => 'b');
SELECT * FROM test_show('integers', 'narrow') ORDER BY node COLLATE "C";

-- views, and columns in another order in the children of a table
CREATE TABLE parent (id int, name text);
CREATE TABLE child (name text, id int);
ALTER TABLE child INHERIT parent;
INSERT INTO parent VALUES (1, 'x'), (2, 'y');
INSERT INTO child VALUES ('z', 3), ('z', 4);
CREATE VIEW seen AS SELECT a, b FROM (VALUES (1, 3), (3, 4), (4, 2)) AS v (a, b);
SELECT sage_create_graph('views', 'parent', 'seen', key => 'id', source => 'a', target => 'b');
SELECT * FROM test_show('views', 'seen');

-- the order of neighbors is that of their keys' hashes, not of the rows
CREATE TABLE nodes (id int PRIMARY KEY, name text UNIQUE, uid uuid UNIQUE);
INSERT INTO nodes SELECT i, 'n' || i, md5(i::text)::uuid FROM generate_series(1, 300) AS i;
CREATE TABLE edges AS SELECT draw(300, 1, i) + 1 AS a, draw(20, 2, i) + 1 AS b, draw(100, 3, i) / 4.0 AS w, i
	FROM generate_series(1, 2000) AS i;
CREATE TABLE edges_shuffled AS SELECT * FROM edges ORDER BY draw(1000000, 4, i);
CREATE TABLE nodes_shuffled AS SELECT * FROM nodes ORDER BY draw(1000000, 5, id);
CREATE TABLE text_edges AS SELECT 'n' || a AS a, 'n' || b AS b, i FROM edges ORDER BY i;
CREATE TABLE text_edges_shuffled AS SELECT * FROM text_edges ORDER BY draw(1000000, 6, i);
CREATE TABLE uuid_edges AS SELECT md5(a::text)::uuid AS a, md5(b::text)::uuid AS b, i FROM edges ORDER BY i;
CREATE TABLE uuid_edges_shuffled AS SELECT * FROM uuid_edges ORDER BY draw(1000000, 7, i);
CREATE FUNCTION make_graph(graph text, nodes regclass, edges regclass, key text, weight text DEFAULT NULL) RETURNS void LANGUAGE sql
	AS $$ SELECT sage_create_graph(graph, nodes, key => key);
		SELECT sage_add_edges(graph, edges, 'links', 'a', 'b', weight_column => weight); $$;
SELECT make_graph('int', 'nodes', 'edges', 'id'), make_graph('int_shuffled', 'nodes_shuffled', 'edges_shuffled', 'id'),
	make_graph('weight', 'nodes', 'edges', 'id', 'w'), make_graph('weight_shuffled', 'nodes_shuffled', 'edges_shuffled', 'id', 'w'),
	make_graph('text', 'nodes', 'text_edges', 'name'), make_graph('text_shuffled', 'nodes_shuffled', 'text_edges_shuffled', 'name'),
	make_graph('uuid', 'nodes', 'uuid_edges', 'uid'), make_graph('uuid_shuffled', 'nodes_shuffled', 'uuid_edges_shuffled', 'uid');
SELECT sage_add_edges('int', 'edges', 'other', 'a', 'b');

SELECT graph, rotate, count(*) AS nodes, bool_and((a.neighbors, a.weights) IS NOT DISTINCT FROM (b.neighbors, b.weights)) AS same_order,
	bool_and((a.neighbors, a.weights) IS NOT DISTINCT FROM (c.neighbors, c.weights)) AS same_in_other_batches,
	bool_and((a.neighbors, a.weights) IS NOT DISTINCT FROM (d.neighbors, d.weights)) AS same_alone
FROM unnest('{int,weight,text,uuid}'::text[]) WITH ORDINALITY AS g (graph, i), unnest('{false,true}'::bool[]) AS rotate,
	unnest('{1,7,50,-1}'::int[]) AS k,
	test_neighbors('resident', graph, 'links', k, rotate => rotate) AS a JOIN LATERAL
	test_neighbors('live', graph || '_shuffled', 'links', k, rotate => rotate) AS b USING (place, node) JOIN LATERAL
	test_neighbors('live', graph, 'links', k, rotate => rotate, batch => 17) AS c USING (place, node) JOIN LATERAL
	test_neighbors('resident', graph || '_shuffled', 'links', k, rotate => rotate, batch => 1) AS d USING (place, node)
GROUP BY i, graph, rotate ORDER BY i, rotate;

-- another seed, another order; another relation, too
SELECT count(*) FILTER (WHERE a.neighbors = b.neighbors AND cardinality(a.neighbors) > 7) AS same_by_seed,
	count(*) FILTER (WHERE a.neighbors = c.neighbors AND cardinality(a.neighbors) > 7) AS same_by_relation,
	bool_and(listed(a.neighbors) = listed(b.neighbors) AND listed(a.neighbors) = listed(c.neighbors)) AS same_sets
FROM test_neighbors('resident', 'int', 'links') AS a JOIN
	test_neighbors('resident', 'int', 'links', seed => 2) AS b USING (place, node) JOIN
	test_neighbors('resident', 'int', 'other') AS c USING (place, node);

-- unordered sets against plain SQL
SELECT bool_and(listed(neighbors) = coalesce(expected, '-')) AS right_sets
FROM test_neighbors('live', 'int', 'links') LEFT JOIN (
	SELECT a::text AS node, listed(array_agg(DISTINCT b::text)) AS expected
	FROM (SELECT a, b FROM edges UNION SELECT b, a FROM edges) AS u WHERE a <> b GROUP BY a) AS e USING (node);

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP FUNCTION make_graph(text, regclass, regclass, text, text);
DROP VIEW seen;
DROP TABLE words, pairs, things, links, roles, grants, folk, ties, wide, narrow, child, parent, nodes, nodes_shuffled, edges, edges_shuffled,
	text_edges, text_edges_shuffled, uuid_edges, uuid_edges_shuffled;
DROP COLLATION folded;
