-- Any number of classes for a row: arrays.
CREATE SCHEMA train_multilabel;
SET search_path = train_multilabel, public;
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;

-- 600 genes whose functions are those of the complex they belong to
CREATE TABLE genes (name text PRIMARY KEY, size int, functions text[], codes int[]);
CREATE TABLE interactions (source text REFERENCES genes, target text REFERENCES genes);
CREATE INDEX ON interactions (source, target);
CREATE INDEX ON interactions (target, source);
INSERT INTO genes SELECT 'g' || i, 100 * draw('size' || i) + 30 * (i % 4),
	CASE WHEN draw('known' || i) > 0.2 THEN array_remove(ARRAY[CASE WHEN i % 4 < 2 THEN 'bind' END, CASE WHEN i % 2 = 0 THEN 'move' END], NULL) END,
	NULL FROM generate_series(1, 600) i;
UPDATE genes SET codes = CASE WHEN functions = '{}' THEN '{}' WHEN functions = '{bind}' THEN '{3}' ELSE '{3,20,3}' END::int[] WHERE functions IS NOT NULL;
INSERT INTO interactions SELECT 'g' || i, 'g' || 1 + (i - 1 + 4 * floor(150 * draw(i || 'to' || k))::int
	+ CASE WHEN draw(i || 'other' || k) < 0.1 THEN 1 ELSE 4 END) % 600
	FROM generate_series(1, 600) i, generate_series(1, 4) k;
DELETE FROM interactions WHERE source = target;
SELECT sage_create_graph('multilabel', 'genes', 'interactions', features => '{size}');

SELECT version, metric, validation > 0.7 AS learns, validation > baseline AS graph_matters
	FROM sage_train('functions', target => 'functions', options => '{"quiet": true}');
SELECT task, metric FROM sage.models WHERE model = 'functions';
SELECT sage_classes('functions');

-- each class has a probability of its own; the label is the array of the likely ones
WITH scored AS MATERIALIZED (
	SELECT name, functions, sage_predict_proba(name) AS proba, sage_predict_label(name)::text[] AS labels,
		sage_predict(name, class => 'bind') AS bind, sage_predict(name, class => 'move') AS move FROM genes)
SELECT bool_and(bind BETWEEN 0 AND 1 AND move BETWEEN 0 AND 1) AS probabilities,
	bool_and(abs(bind - proba[1]) < 1e-6 AND abs(move - proba[2]) < 1e-6) AS of_class,
	bool_and((bind >= 0.5) = ('bind' = ANY (labels)) AND (move >= 0.5) = ('move' = ANY (labels))) AS likely,
	count(*) FILTER (WHERE labels = '{}') BETWEEN 1 AND 599 AS some_none, count(*) FILTER (WHERE labels = '{bind,move}') BETWEEN 1 AND 599 AS some_both
	FROM scored;
SELECT sage_predict('g1');
\echo :LAST_ERROR_SQLSTATE
SELECT metric, value BETWEEN 0 AND 1 AS sane FROM sage_evaluate('functions') ORDER BY metric COLLATE "C";

-- arrays of numbers, in their order; a class named twice is named once
SELECT metric, validation > 0.6 AS learns FROM sage_train('codes', target => 'codes', options => '{"quiet": true, "epochs": 20, "metric": "f1"}');
SELECT sage_classes('codes');

-- a NULL element is no class; empty arrays are labels, NULL is none
SELECT metric FROM sage_train('codes', labels => $$SELECT name AS node, functions || NULL::text AS label FROM genes$$, options => '{"quiet": true, "epochs": 2}');
SELECT sage_classes('codes'), (rows_read ->> 'unlabeled')::int = (SELECT count(*) FROM genes WHERE false) AS all_labeled
	FROM sage.models WHERE model = 'codes';
-- one class only is a yes or no for each row
SELECT metric FROM sage_train('codes', labels => $$SELECT name AS node, array_remove(functions, 'move') AS label FROM genes$$, options => '{"quiet": true, "epochs": 2}');
SELECT sage_classes('codes'), array_length(sage_predict_proba('g1', 'codes'), 1);

-- what cannot be
SELECT * FROM sage_train('codes', labels => $$SELECT name AS node, '{}'::text[] AS label FROM genes$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('codes', labels => $$SELECT name AS node, '{NULL}'::text[] AS label FROM genes$$);
SELECT * FROM sage_train('codes', target => 'functions', task => 'multiclass');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('codes', target => 'size', task => 'multilabel');
SELECT * FROM sage_train('codes', target => 'functions', options => '{"class_weights": "balanced"}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('codes', target => 'functions', options => '{"metric": "accuracy"}');
\echo :LAST_ERROR_SQLSTATE

SELECT sage_drop_model('functions');
SELECT sage_drop_model('codes');
-- nothing to learn
SELECT * FROM sage_train('codes', labels => $$SELECT name AS node, '{b,a}'::text[] AS label FROM genes$$);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('multilabel');
SET client_min_messages = warning;
DROP SCHEMA train_multilabel CASCADE;
