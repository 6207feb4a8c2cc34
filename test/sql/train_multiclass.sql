-- Several classes.
CREATE SCHEMA train_multiclass;
SET search_path = train_multiclass, public;
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;

-- 900 pages of three kinds that link to their own kind more than to others
CREATE TABLE pages (id bigint PRIMARY KEY, words int, kind text, kind_no int, many text);
CREATE TABLE links (from_page bigint, to_page bigint);
CREATE INDEX ON links (from_page, to_page);
CREATE INDEX ON links (to_page, from_page);
INSERT INTO pages SELECT i, 100 * draw('words' || i) + 10 * (i % 3), (ARRAY['shop', 'press', 'blog'])[i % 3 + 1], 10 * (i % 3), md5(i::text)
	FROM generate_series(1, 900) i;
INSERT INTO links SELECT i, 1 + (i - 1 + 3 * floor(200 * draw(i || 'to' || k))::int
	+ CASE WHEN draw(i || 'other' || k) < 0.1 THEN 1 ELSE 3 END) % 900
	FROM generate_series(1, 900) i, generate_series(1, 5) k;
DELETE FROM links WHERE from_page = to_page;
SELECT sage_create_graph('multiclass', 'pages', 'links', source => 'from_page', target => 'to_page', features => '{words}');

SELECT version, metric, validation > 0.7 AS learns, validation > baseline + 0.1 AS graph_matters
	FROM sage_train('kind', target => 'pages.kind', options => '{"quiet": true}');
SELECT task, metrics -> 'classes' AS classes FROM sage.models WHERE model = 'kind';
SELECT sage_classes('kind');

-- the label is the likeliest class, the probabilities add up to one
WITH scored AS MATERIALIZED (
	SELECT id, kind, sage_predict_label(id) AS label, sage_predict_proba(id) AS proba, sage_predict(id, class => kind) AS own FROM pages)
SELECT avg((label = kind)::int) > 0.7 AS right, bool_and(label = (sage_classes('kind'))[array_position(proba, (SELECT max(p) FROM unnest(proba) p))]) AS likeliest,
	bool_and(abs((SELECT sum(p) FROM unnest(proba) p) - 1) < 1e-5) AS add_up,
	bool_and(abs(own - proba[array_position(sage_classes('kind'), kind)]) < 1e-6) AS of_class
	FROM scored;

-- one number is not enough for many classes
SELECT sage_predict(1);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(1, class => 'shops');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict_row(p) FROM pages p WHERE id = 1;
SELECT bool_and(abs(sage_predict_row(p, class => 'shop') - sage_predict(id, class => 'shop')) < 1e-5) AS of_row FROM pages p WHERE id <= 20;

SELECT metric, value BETWEEN 0 AND 1 AS sane FROM sage_evaluate('kind') ORDER BY metric COLLATE "C";
SELECT * FROM sage_evaluate('kind', $$SELECT id AS node, 'Shop' AS label FROM pages$$);
\echo :LAST_ERROR_SQLSTATE

-- integers in the order of their values; two classes can be trained as several
SELECT metric, validation > 0.5 AS learns FROM sage_train('number', target => 'kind_no', options => '{"quiet": true, "epochs": 20}');
SELECT task, sage_classes('number') FROM sage.models WHERE model = 'number';
SELECT metric, validation > 0.5 AS learns FROM sage_train('number', labels => 'SELECT id AS node, kind_no - 10 AS label FROM pages', options => '{"quiet": true, "epochs": 20}');
SELECT task, sage_classes('number') FROM sage.models WHERE model = 'number';
SELECT metric FROM sage_train('number', labels => 'SELECT id AS node, kind_no < 10 AS label FROM pages', task => 'multiclass', options => '{"quiet": true, "epochs": 2}');
SELECT task, sage_classes('number') FROM sage.models WHERE model = 'number';
SELECT sum(p) BETWEEN 0.9999 AND 1.0001 AS one FROM unnest(sage_predict_proba(1, 'number')) p;

-- metrics that suit
SELECT metric, validation BETWEEN 0 AND 1 AS sane FROM sage_train('number', target => 'kind', options => '{"quiet": true, "epochs": 3, "metric": "macro_f1"}');
SELECT metric, validation BETWEEN 0 AND 10 AS sane FROM sage_train('number', target => 'kind', options => '{"quiet": true, "epochs": 3, "metric": "log_loss"}');
SELECT metric, validation BETWEEN 0 AND 1 AS sane FROM sage_train('number', target => 'kind', options => '{"quiet": true, "epochs": 3, "metric": "auroc"}');

\set SHOW_CONTEXT never
-- more classes than any model should have
CREATE TABLE more AS SELECT i AS id, 'name ' || i AS name FROM generate_series(1, 10001) i;
ALTER TABLE more ADD PRIMARY KEY (id);
CREATE TABLE more_links (source int, target int);
CREATE INDEX ON more_links (source, target);
CREATE INDEX ON more_links (target, source);
SELECT sage_create_graph('many', 'more', 'more_links', features => '{}');
SELECT * FROM sage_train('names', 'many', target => 'name');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('names', 'many', target => 'id');
SELECT * FROM sage_train('names', 'many', labels => 'SELECT id AS node, repeat(''x'', 300) || id % 2 AS label FROM more');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('names', 'many', labels => 'SELECT id AS node, id AS label FROM more', task => 'multiclass');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('many');

SELECT sage_drop_model('number');
SELECT sage_drop_model('kind');
SELECT sage_drop_graph('multiclass');
SET client_min_messages = warning;
DROP SCHEMA train_multiclass CASCADE;
