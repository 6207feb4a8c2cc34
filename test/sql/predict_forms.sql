-- All ways to ask for a score, and all ways to ask wrongly.
CREATE SCHEMA predict_forms;
SET search_path = predict_forms, public;
\set SHOW_CONTEXT never
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
CREATE TABLE users (id bigint PRIMARY KEY, name text UNIQUE NOT NULL, no uuid UNIQUE NOT NULL, age int, city text, churned bool, kind text, joined date);
CREATE TABLE follows (source bigint, target bigint, since date);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, 'u' || i, md5('u' || i)::uuid, 20 + 40 * draw('age' || i), (ARRAY['Oslo', 'Rome', NULL])[1 + i % 3], draw('churned' || i) < 0.4, 'k' || floor(3 * draw('kind' || i)),
	date '2023-01-01' + i % 600 FROM generate_series(1, 500) i;
INSERT INTO follows SELECT i, 1 + floor(500 * draw(i || 'to' || k) ^ 3)::int, date '2023-01-01' + (i * 3 + k * 50) % 600 FROM generate_series(1, 500) i, generate_series(1, 12) k;
DELETE FROM follows WHERE source = target;

SELECT sage_predict(1);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_classes();
SELECT * FROM sage_evaluate();
SELECT sage_create_graph('forms', 'users', 'follows', features => '{age,city}');
SELECT metric FROM sage_train('yes', 'forms', target => 'churned', options => '{"quiet": true, "epochs": 3, "fanout": [5, 5]}');

-- one key, an array of keys, all keys; live and resident; in any order and batch
SET sage.access = live;
CREATE TABLE live AS SELECT id, sage_predict(id) AS score, sage_predict_label(id) AS label, sage_predict_proba(id) AS proba, sage_embed(id) AS embedding FROM users ORDER BY md5(id::text);
CREATE TABLE live_array AS SELECT a.id, a.score, a.label FROM (SELECT array_agg(id ORDER BY id) AS ids FROM users) u,
	unnest(ids, sage_predict(ids), sage_predict_label(ids)) AS a(id, score, label);
CREATE TABLE live_batch AS SELECT a.id, a.score FROM (SELECT id / 7 AS batch, array_agg(id ORDER BY id DESC) AS ids FROM users GROUP BY 1) u, unnest(ids, sage_predict(ids)) AS a(id, score);
CREATE TABLE live_row AS SELECT id, sage_predict_row(u) AS score FROM users u;
SET sage.access = resident;
CREATE TABLE resident AS SELECT id, sage_predict(id) AS score, sage_predict_label(id) AS label, sage_predict_proba(id) AS proba, sage_embed(id) AS embedding FROM users ORDER BY age;
CREATE TABLE resident_array AS SELECT a.id, a.score, a.label FROM (SELECT array_agg(id) AS ids FROM users) u,
	unnest(ids, sage_predict(ids), sage_predict_label(ids)) AS a(id, score, label);
SET sage.access = auto;
CREATE TABLE automatic AS SELECT id, sage_predict(id) AS score, sage_embed(id) AS embedding FROM users;
RESET sage.access;
CREATE FUNCTION distance(a real[], b real[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT max(abs(x - y)) FROM unnest(a, b) AS u(x, y)';
SELECT count(*), max(abs(r.score - l.score)) < 1e-5 AS score, bool_and(r.label = l.label) AS label, max(distance(r.proba, l.proba)) < 1e-5 AS proba,
	max(distance(r.embedding, l.embedding)) < 1e-5 AS embedding FROM resident r JOIN live l USING (id);
SELECT count(*), max(abs(r.score - l.score)) < 1e-5 AS score, bool_and(r.label = l.label) AS label FROM resident r JOIN live_array l USING (id);
SELECT count(*), max(abs(r.score - l.score)) < 1e-5 AS score FROM resident r JOIN live_batch l USING (id);
SELECT count(*), max(abs(r.score - l.score)) < 1e-5 AS score FROM resident r JOIN live_row l USING (id);
SELECT count(*), max(abs(r.score - l.score)) < 1e-5 AS score, bool_and(r.label = l.label) AS label FROM resident r JOIN resident_array l USING (id);
SELECT count(*), max(abs(r.score - a.score)) < 1e-5 AS score, max(distance(r.embedding, a.embedding)) < 1e-5 AS embedding FROM resident r JOIN automatic a USING (id);
SELECT count(DISTINCT round(score::numeric, 6)) > 400 AS scores_differ, count(DISTINCT embedding) > 400 AS embeddings_differ FROM resident;

-- in joins, filters, orders, aggregates, views, several calls in one query, several models
SELECT count(*) = 20 AS top FROM (SELECT id FROM users ORDER BY sage_predict(id) DESC, id LIMIT 20) AS t;
SELECT bool_and(s.id = 7) AS filtered FROM users s WHERE sage_predict(s.id) = (SELECT sage_predict(7)) AND s.id < 8;
CREATE VIEW scored AS SELECT id, sage_predict(id, 'yes') AS score FROM users;
SELECT max(abs(s.score - r.score)) < 1e-5 AS view FROM scored s JOIN resident r USING (id);
SELECT max(abs(s.score - r.score)) < 1e-5 AS lateral FROM resident r, LATERAL (SELECT sage_predict(r.id) AS score OFFSET 0) AS s;
SELECT metric FROM sage_train('kinds', 'forms', target => 'kind', options => '{"quiet": true, "epochs": 2, "hidden": 16}');
SELECT count(sage_predict(id, 'yes')), count(sage_predict_label(id, 'kinds')), min(array_length(sage_embed(id, 'kinds'), 1)) FROM users;
SELECT bool_and(abs(sage_predict(id, CASE WHEN id % 2 = 0 THEN 'yes' ELSE 'kinds' END, class => CASE WHEN id % 2 = 0 THEN 'true' ELSE 'k1' END) -
	CASE WHEN id % 2 = 0 THEN sage_predict(id, 'yes') ELSE sage_predict(id, 'kinds', class => 'k1') END) < 1e-5) AS model_by_row FROM users;

-- which model
SELECT sage_predict(1);
\echo :LAST_ERROR_SQLSTATE
SET sage.default_model = 'yes';
SELECT abs(sage_predict(1) - sage_predict(1, 'yes')) < 1e-5 AS the_default, sage_classes();
SET sage.default_model = 'yess';
SELECT sage_predict(1);
\echo :LAST_ERROR_SQLSTATE
RESET sage.default_model;
SELECT sage_predict(1, 'kind');
SELECT sage_predict(1, '');
SELECT sage_predict(1, 'nothing like any');
SELECT sage_predict(1, repeat('x', 100));
SELECT sage_predict_label(1, 'yess'), 'not reached';
SELECT sage_evaluate('yess');

-- keys that have no row, NULL keys, NULL everything
SELECT sage_predict(0, 'yes'), sage_predict(-1, 'yes'), sage_predict(9223372036854775807, 'yes'), sage_predict(NULL::bigint, 'yes');
SELECT sage_predict_label(0, 'yes'), sage_predict_proba(0, 'yes'), sage_embed(0, 'yes');
SELECT sage_predict_label(NULL::bigint, 'yes'), sage_predict_proba(NULL::bigint, 'yes'), sage_embed(NULL::bigint, 'yes'), sage_predict_row(NULL::users, 'yes');
SELECT sage_predict(NULL::bigint, 'no such model'), sage_predict(NULL::bigint[], 'no such model');
SELECT sage_predict(id, 'yes') IS NOT NULL AS small_int, sage_predict(id::int, 'yes') IS NOT NULL AS int FROM (SELECT 7::smallint) AS t(id);

-- arrays: NULL elements, unknown keys, keys that stand twice, none at all, several dimensions
SELECT array_to_string(ARRAY(SELECT round(abs(a - s.score)::numeric, 4) FROM unnest(sage_predict(ARRAY[3, NULL, 0, 5, 3]::bigint[], 'yes'), ARRAY[3, NULL, 0, 5, 3]::bigint[]) WITH ORDINALITY AS u(a, id, o)
	LEFT JOIN resident s USING (id) ORDER BY o), ',', 'null') AS differences;
SELECT sage_predict('{}'::bigint[], 'yes'), sage_predict_label('{}'::bigint[], 'yes'), sage_predict('{NULL}'::bigint[], 'yes'), sage_predict_label('{0,NULL}'::bigint[], 'yes');
SELECT array_dims(sage_predict('{{1,2,3},{4,5,6}}'::bigint[], 'yes')), array_dims(sage_predict('[5:7]={1,2,3}'::bigint[], 'yes')), array_dims(sage_predict_label('{{{1},{2}}}'::bigint[], 'yes'));
SELECT abs((sage_predict('{{1,2,3},{4,5,6}}'::bigint[], 'yes'))[2][1] - sage_predict(4, 'yes')) < 1e-5 AS in_place;
SELECT array_length(sage_predict(array_agg(i), 'yes'), 1) FROM generate_series(1, 20000) i;

-- class
SELECT abs(sage_predict(1, 'yes', class => 'true') - sage_predict(1, 'yes')) < 1e-6 AS positive, abs(sage_predict(1, 'yes', class => 'false') + sage_predict(1, 'yes') - 1) < 1e-6 AS negative;
SELECT sage_predict(1, 'yes', class => 'maybe');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(1, 'kinds');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(ARRAY[1, 2]::bigint[], 'kinds');
SELECT abs(sum(sage_predict(1, 'kinds', class => c)) - 1) < 1e-6 AS one FROM unnest(sage_classes('kinds')) c;
SELECT abs((sage_predict(ARRAY[1, 2]::bigint[], 'kinds', class => 'k0'))[2] - sage_predict(2, 'kinds', class => 'k0')) < 1e-5 AS element;

-- the wrong type of key
SELECT sage_predict('u1', 'yes');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict('u1'::text, 'yes');
-- (texts are read as what the keys are: drivers send parameters as text)
SELECT abs(sage_predict('1', 'yes') - sage_predict(1, 'yes')) < 1e-5 AS as_text, sage_predict(' 12 '::text, 'yes') IS NOT NULL AS blanks;
SELECT sage_predict('', 'yes');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict('99999999999999999999', 'yes');
\echo :LAST_ERROR_SQLSTATE
SELECT array_to_string(sage_predict_label(ARRAY['1', NULL, '0']::text[], 'yes'), ',', 'null') ~ '^(true|false),null,null$' AS elements;
SELECT sage_predict(no, 'yes') FROM users WHERE id = 1;
SELECT sage_predict(ARRAY['u1'], 'yes');
SELECT sage_predict(ARRAY[no], 'yes') FROM users WHERE id = 1;
SELECT sage_predict_label(no, 'yes'), sage_embed(name, 'yes') FROM users WHERE id = 1;
SELECT sage_embed(name, 'yes') FROM users WHERE id = 1;
SELECT sage_predict_proba(name, 'yes') FROM users WHERE id = 1;
SELECT sage_predict(1.5, 'yes');
SELECT sage_predict(true, 'yes');

-- the same graph by other keys
SELECT sage_create_graph('texts', 'users', key => 'name', features => '{age,city}');
CREATE VIEW follow_names AS SELECT s.name AS source, t.name AS target FROM follows JOIN users s ON s.id = source JOIN users t ON t.id = target;
SELECT sage_add_edges('texts', 'follow_names', source => 'source', target => 'target');
SELECT metric FROM sage_train('texts', 'texts', target => 'churned', options => '{"quiet": true, "epochs": 1}');
SELECT sage_predict('u1', 'texts') IS NOT NULL AS literal, sage_predict(name, 'texts') IS NOT NULL AS text, sage_predict(name::varchar(20), 'texts') IS NOT NULL AS varchar,
	sage_predict('', 'texts') IS NULL AS empty, sage_predict(repeat('u', 100000), 'texts') IS NULL AS long, sage_predict('U1', 'texts') IS NULL AS upper FROM users WHERE id = 1;
SELECT abs((sage_predict(ARRAY['u1', NULL, 'x'], 'texts'))[1] - sage_predict('u1', 'texts')) < 1e-5 AS element, array_remove(sage_predict(ARRAY[NULL, 'x'], 'texts'), NULL) AS others;
SELECT sage_predict(1, 'texts');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('uuids', 'users', key => 'no', features => '{age,city}');
CREATE VIEW follow_nos AS SELECT s.no AS source, t.no AS target FROM follows JOIN users s ON s.id = source JOIN users t ON t.id = target;
SELECT sage_add_edges('uuids', 'follow_nos', source => 'source', target => 'target');
SELECT metric FROM sage_train('uuids', 'uuids', target => 'churned', options => '{"quiet": true, "epochs": 1}');
SELECT sage_predict(no, 'uuids') IS NOT NULL AS uuid, abs((sage_predict(ARRAY[no, NULL], 'uuids'))[1] - sage_predict(no, 'uuids')) < 1e-5 AS element,
	sage_predict_label(ARRAY[no], 'uuids') = ARRAY[sage_predict_label(no, 'uuids')] AS labels, sage_predict_proba(no, 'uuids') IS NOT NULL AS proba, sage_embed(no, 'uuids') IS NOT NULL AS embedding FROM users WHERE id = 1;
SELECT sage_predict(no::text, 'uuids') IS NOT NULL AS as_text, sage_predict(upper(no::text), 'uuids') IS NOT NULL AS upper FROM users WHERE id = 1;
SELECT sage_predict('u1', 'uuids');
\echo :LAST_ERROR_SQLSTATE
SET sage.access = resident;
SELECT sage_predict('u1', 'texts') IS NOT NULL AS text, (SELECT sage_predict(no, 'uuids') FROM users WHERE id = 1) IS NOT NULL AS uuid, sage_predict('nobody', 'texts') IS NULL AS nobody;
RESET sage.access;

-- rows
SELECT abs(sage_predict_row(u, 'yes') - sage_predict(id, 'yes')) < 1e-5 AS of_table FROM users u WHERE id = 1;
SELECT sage_predict_row(ROW(1, 2), 'yes');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict_row(jsonb_populate_record(NULL::users, '{"id": 9999, "age": 30, "city": "Oslo"}'), 'yes') BETWEEN 0 AND 1 AS new_row;
SELECT abs(sage_predict_row(jsonb_populate_record(NULL::users, '{"id": 1, "age": 30}'), 'yes') - sage_predict_row(jsonb_populate_record(NULL::users, '{"id": 9999, "age": 30}'), 'yes')) > 1e-9 AS has_edges;
SELECT sage_predict_row(jsonb_populate_record(NULL::users, '{"age": 30}'), 'yes');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict_row(f, 'yes') FROM follows f LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict_row(t, 'yes') BETWEEN 0 AND 1 AS other_columns FROM (SELECT 30 AS age, 'Oslo' AS city, 17 AS id) AS t;
CREATE TYPE like_user AS (city text, more text, id smallint, age int);
SELECT abs(sage_predict_row(ROW('Oslo', '', 17, 30)::like_user, 'yes') - sage_predict_row(jsonb_populate_record(NULL::users, '{"id": 17, "age": 30, "city": "Oslo"}'), 'yes')) < 1e-5 AS other_type;
CREATE TYPE unlike_user AS (city int, id int, age int);
SELECT sage_predict_row(ROW(3, 17, 30)::unlike_user, 'yes');
\echo :LAST_ERROR_SQLSTATE
CREATE TYPE with_text_key AS (city text, id text, age int);
SELECT sage_predict_row(ROW('Oslo', '17', 30)::with_text_key, 'yes');
ALTER TYPE like_user ALTER ATTRIBUTE age TYPE text;
SELECT sage_predict_row(ROW('Oslo', '', 17, '30')::like_user, 'yes');
SELECT sage_predict_row(u, 'kinds') FROM users u WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
SELECT abs(sage_predict_row(u, 'kinds', class => 'k1') - sage_predict(id, 'kinds', class => 'k1')) < 1e-5 AS of_class FROM users u WHERE id = 1;

-- a row whose own foreign key is an edge brings it along
CREATE TABLE staff (id int PRIMARY KEY, boss int REFERENCES staff, age float8, label float8);
CREATE INDEX ON staff (boss, id);
INSERT INTO staff (id, boss, age) SELECT i, nullif(i / 7, 0), i * 37 % 60 FROM generate_series(1, 300) i;
UPDATE staff s SET label = age + 10 * coalesce((SELECT b.age FROM staff b WHERE b.id = s.boss), 0);
SELECT sage_create_graph('staff', 'staff', 'staff', source => 'id', target => 'boss', features => '{age}', direction => 'both');
SET client_min_messages = warning;
SELECT metric FROM sage_train('staff', 'staff', target => 'label', options => '{"quiet": true, "epochs": 20, "fanout": [-1]}');
RESET client_min_messages;
SELECT max(abs(sage_predict_row(s, 'staff') - sage_predict(id, 'staff'))) < 1e-3 AS of_table FROM staff s;
SELECT abs(sage_predict_row(ROW(1000, 3, 30, NULL)::staff, 'staff') - sage_predict_row(ROW(1000, NULL, 30, NULL)::staff, 'staff')) > 1 AS boss_matters,
	abs(sage_predict_row(ROW(17, 3, age, NULL)::staff, 'staff') - sage_predict(17, 'staff')) > 1 AS other_boss,
	sage_predict_row(ROW(1000, 5000, 30, NULL)::staff, 'staff') IS NOT NULL AS boss_unknown, sage_predict_row(ROW(1000, 1000, 30, NULL)::staff, 'staff') IS NOT NULL AS own_boss
	FROM staff WHERE id = 17;
BEGIN;
CREATE TEMP TABLE asked ON COMMIT DROP AS SELECT sage_predict_row(ROW(1000, 3, 30, NULL)::staff, 'staff') AS score;
INSERT INTO staff VALUES (1000, 3, 30, NULL);
SELECT abs(score - sage_predict(1000, 'staff')) < 1e-3 AS as_inserted FROM asked;
ROLLBACK;
SELECT sage_drop_model('staff');
SELECT sage_drop_graph('staff');

-- evaluation: of the same labels, of others, of none
SELECT metric, value BETWEEN 0 AND 2 AS sane FROM sage_evaluate('yes') ORDER BY metric COLLATE "C";
SELECT metric, round(value::numeric, 4) AS value FROM sage_evaluate('yes', $$SELECT id AS node, sage_predict(id, 'yes') >= 0.5 AS label FROM users$$) WHERE metric IN ('auroc', 'accuracy', 'f1') ORDER BY metric COLLATE "C";
SELECT metric, value IS NULL AS cannot_be_said FROM sage_evaluate('yes', 'SELECT 1 AS node, true AS label') ORDER BY metric COLLATE "C";
SELECT metric, value FROM sage_evaluate('yes', 'SELECT 0 AS node, true AS label') ORDER BY metric COLLATE "C";
SELECT * FROM sage_evaluate('yes', 'SELECT id AS node, churned AS label FROM users WHERE false');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_evaluate('yes', 'SELECT id AS node, age AS label FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_evaluate('yes', 'SELECT id, churned FROM users');
SELECT * FROM sage_evaluate('yes', 'DELETE FROM users');
SELECT count(*) FROM sage_evaluate('yes', 'SELECT id AS node, churned AS label, joined AS at FROM users');

SELECT sage_drop_model('yes');
SELECT sage_drop_model('kinds');
SELECT sage_drop_model('texts');
SELECT sage_drop_model('uuids');
SELECT sage_drop_graph('forms');
SELECT sage_drop_graph('texts');
SELECT sage_drop_graph('uuids');
SET client_min_messages = warning;
DROP SCHEMA predict_forms CASCADE;
