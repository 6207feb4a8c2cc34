-- Classes have the order of their type.
SET client_min_messages = warning;
CREATE TYPE risk AS ENUM ('low', 'middle', 'high');
CREATE TABLE class_nodes AS SELECT i AS id, (i * 7919 % 10)::int AS a, i * 7919 % 53 < 21 AS y,
	CASE WHEN i * 7919 % 53 < 21 THEN 'high' ELSE 'low' END::risk AS two,
	(enum_range(NULL::risk))[1 + i % 3] AS three,
	CASE WHEN i % 2 = 0 THEN 10 ELSE 9 END AS number,
	ARRAY['b' || i % 2, 'a' || i % 3] AS several,
	ARRAY[(enum_range(NULL::risk))[1 + i % 3], 'high'::risk] AS risks
FROM generate_series(1, 300) i;
ALTER TABLE class_nodes ADD PRIMARY KEY (id);
CREATE TABLE class_edges AS SELECT 1 + i * 104729 % 300 AS source, 1 + i * 7919 % 297 AS target FROM generate_series(1, 600) i;
CREATE INDEX ON class_edges (source, target);
CREATE INDEX ON class_edges (target, source);
SELECT sage_create_graph('class_order', 'class_nodes', 'class_edges', features => '{a}');

CREATE FUNCTION classes_of(target text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train('class_order', 'class_order', target, options => '{"epochs": 2, "hidden": 4, "quiet": true}');
	RETURN sage_classes('class_order');
END $$;
SELECT classes_of('two');
SELECT sage_predict(1, 'class_order') = sage_predict(1, 'class_order', class => 'high') AS predicts_the_greater;
SELECT classes_of('three');
SELECT classes_of('number');
SELECT classes_of('several');
SELECT classes_of('risks');
SELECT classes_of('y');

-- from a query, too; a judged model keeps its own order
SELECT version > 0 AS trained FROM sage_train('class_order', 'class_order', labels => 'SELECT id AS node, two AS label FROM class_nodes',
	options => '{"epochs": 2, "hidden": 4, "quiet": true, "exclude": ["two"]}');
SELECT sage_classes('class_order');
SELECT count(*) > 0 AS judged FROM sage_evaluate('class_order', 'SELECT id AS node, two AS label FROM class_nodes WHERE id < 50');

-- text by the database's collation
SELECT version > 0 AS trained FROM sage_train('class_order', 'class_order', labels => $$SELECT id AS node, CASE WHEN y THEN 'Yes' ELSE 'no' END AS label
	FROM class_nodes$$, options => '{"epochs": 2, "hidden": 4, "quiet": true}');
SELECT sage_classes('class_order') = ARRAY(SELECT c FROM unnest('{Yes,no}'::text[]) c ORDER BY c) AS ordered;

SELECT sage_drop_model('class_order');
SELECT sage_drop_graph('class_order');
DROP FUNCTION classes_of;
DROP TABLE class_nodes, class_edges;
DROP TYPE risk;
