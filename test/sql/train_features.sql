-- Columns of every type, from table to score; what has no encoder; leaks.
CREATE SCHEMA train_features;
SET search_path = train_features, public;
\set SHOW_CONTEXT never
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 300 FROM generate_series(1, 300) i, generate_series(1, 3) k;

-- one table with everything
CREATE TYPE size AS ENUM ('small', 'big');
CREATE DOMAIN percent AS numeric CHECK (value BETWEEN 0 AND 100);
CREATE TABLE users (
	id int PRIMARY KEY, spare int, a_smallint smallint, an_int int, a_bigint bigint, a_real real, a_double float8, a_numeric numeric(10, 2),
	a_percent percent, a_bool bool, an_enum size, a_char char(5), a_varchar varchar(10), a_name name, a_text text, words text,
	a_date date, a_timestamp timestamp, a_timestamptz timestamptz, a_time time, an_interval interval,
	reals real[], doubles float8[], numerics numeric[], ints int[], bigints bigint[], smallints smallint[], texts text[], sizes size[],
	twice int GENERATED ALWAYS AS (an_int * 2) STORED, label bool);
ALTER TABLE users DROP COLUMN spare;
INSERT INTO users (id, a_smallint, an_int, a_bigint, a_real, a_double, a_numeric, a_percent, a_bool, an_enum, a_char, a_varchar, a_name,
	a_text, words, a_date, a_timestamp, a_timestamptz, a_time, an_interval, reals, doubles, numerics, ints, bigints, smallints, texts, sizes, label)
SELECT i, i % 5, i * 7 % 1000, i * 10000000000, draw('r' || i), draw('d' || i) * 1e200, draw('n' || i) * 1e6, i % 101, draw('b' || i) < 0.5, (ARRAY['small', 'big'])[1 + i % 2]::size, 'c' || i % 3,
	'v' || i % 4, 'n' || i % 5, 't' || i % 6, 'free words ' || i || ' of ' || md5(i::text), date '2020-01-01' + i, timestamp '2020-01-01' + i * interval '5 hours',
	timestamptz '2020-01-01 00:00+00' + i * interval '31 days', time '00:00' + i * interval '1 minute', i * interval '1 hour',
	ARRAY[draw('x' || i), draw('y' || i)], ARRAY[draw('z' || i)], ARRAY[i, 1, -i]::numeric[], ARRAY[i % 7, i % 11], ARRAY[i % 3]::bigint[], ARRAY[i % 2, i % 2]::smallint[], ARRAY['a' || i % 4, 'b' || i % 5],
	ARRAY[(ARRAY['small', 'big'])[1 + i % 2]]::size[], draw('label' || i) + i % 3 / 5.0 > 0.8
FROM generate_series(1, 300) i;
SELECT sage_create_graph('features', 'users', 'follows');
SELECT metric, validation IS NOT NULL AS validated FROM sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 5}');
SELECT count(*) = count(sage_predict(id)) AS all_scored, count(DISTINCT sage_predict(id)) > 250 AS different FROM users;
SET sage.access = live;
CREATE TABLE live AS SELECT id, sage_predict(id) AS score, sage_predict_row(u) AS of_row FROM users u;
SET sage.access = resident;
SELECT max(abs(sage_predict(id) - score)) < 1e-5 AS same, max(abs(sage_predict(id) - of_row)) < 1e-5 AS same_of_row FROM live;
RESET sage.access;

-- rows that training did not see: nothing known, unknown values, far beyond
INSERT INTO users (id) VALUES (1001);
INSERT INTO users (id, a_text, an_enum, ints, texts, words, a_real, an_int, a_date, a_timestamptz, reals)
	VALUES (1002, 'never seen', NULL, '{5,100000,-3}', '{never,seen,NULL}', 'words never seen', -1e30, 1000000000, 'infinity', '-infinity', NULL),
	(1003, '', 'big', '{}', '{}', '', 0, 0, '4713-01-01 BC', '294276-12-31', '{0,0}');
INSERT INTO users SELECT 1004, a_smallint, an_int, a_bigint, a_real, a_double, 'NaN', a_percent, a_bool, an_enum, a_char, a_varchar, a_name FROM users WHERE id = 1;
SELECT sage_predict(1001) BETWEEN 0 AND 1 AS nothing_known, sage_predict(1002) BETWEEN 0 AND 1 AS never_seen, sage_predict(1003) BETWEEN 0 AND 1 AS bounds;

-- numbers that are none
SELECT sage_predict(1004);
\echo :LAST_ERROR_SQLSTATE
SET sage.access = live;
SELECT sage_predict(1004);
SELECT sage_predict(1) BETWEEN 0 AND 1 AS others_can_be_scored;
SET sage.access = resident;
SELECT sage_predict(1);
RESET sage.access;
UPDATE users SET a_numeric = 1, a_real = 'Infinity' WHERE id = 1004;
SELECT sage_predict(1004);
UPDATE users SET a_real = 1, a_double = '-Infinity' WHERE id = 1004;
SELECT * FROM sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 1}');
UPDATE users SET a_double = NULL, reals = '{1,NaN}' WHERE id = 1004;
SELECT * FROM sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(1004);
-- vectors that change their length or their shape
UPDATE users SET reals = '{1,2,3}' WHERE id = 1004;
SELECT * FROM sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(1004);
UPDATE users SET reals = '{{1,2}}' WHERE id = 1004;
SELECT sage_predict(1004);
UPDATE users SET reals = '{1,NULL}' WHERE id = 1004;
SELECT sage_predict(1004) IS NOT NULL AS null_element;
UPDATE users SET reals = '{}' WHERE id = 1004;
SELECT sage_predict(1004) IS NOT NULL AS empty_vector;
-- members of sets
UPDATE users SET reals = NULL, bigints = '{5000000000}' WHERE id = 1004;
SELECT * FROM sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(1004);
UPDATE users SET bigints = '{-7,NULL,2}' WHERE id = 1004;
SELECT sage_predict(1004) IS NOT NULL AS unknown_members;
DELETE FROM users WHERE id > 1000;
SELECT count(*) AS versions FROM sage.model_versions WHERE model = 'm';
SELECT sage_drop_model('m');
SELECT sage_drop_graph('features');

-- types without encoder: left out with a notice, refused by name
CREATE TABLE odd (id int PRIMARY KEY, age int, place point, doc jsonb, net inet, bits bit(3), matrix point[], key uuid, bin bytea, label bool);
INSERT INTO odd SELECT i, i % 50, point(i, i), '{}', '127.0.0.1', '101', NULL, md5(i::text)::uuid, NULL, i % 3 = 0 FROM generate_series(1, 300) i;
SELECT sage_create_graph('odd', 'odd', 'follows');
SELECT metric FROM sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 1}');
SELECT sage_predict(1, 'm') IS NOT NULL AS scored;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('odd');
SELECT sage_create_graph('odd', 'odd', 'follows', features => '{age,doc}');
SELECT * FROM sage_train('m', target => 'label');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('odd');
-- features by name, and all but some
SELECT sage_create_graph('odd', 'odd', 'follows', features => '{ag}');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('odd', 'odd', 'follows', exclude => '{place,doc,net,bits,matrix,key,bin}');
SELECT metric FROM sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 1}');
SELECT sage_drop_model('m');
SELECT sage_drop_graph('odd');

-- the target is never a feature, nor are the key and the ends of edges
CREATE TABLE staff (id int PRIMARY KEY, boss int REFERENCES staff, age int, good bool, very_good bool GENERATED ALWAYS AS (good) STORED);
CREATE INDEX ON staff (boss, id);
INSERT INTO staff SELECT i, nullif(i / 7, 0), 20 + i % 40, i % 3 = 0 FROM generate_series(1, 300) i;
SELECT sage_create_graph('staff', 'staff', 'staff', source => 'id', target => 'boss');
SELECT metric, validation < 0.9 AS does_not_see_it FROM sage_train('m', target => 'good', options => '{"quiet": true, "epochs": 20}');
CREATE TABLE before AS SELECT id, sage_predict(id) AS score FROM staff;
UPDATE staff SET good = NOT good;
SELECT max(abs(score - sage_predict(id))) < 1e-5 AS target_does_not_count FROM before JOIN staff USING (id);
SELECT sage_drop_model('m');
SELECT sage_drop_graph('staff');

-- a column that is the target in other words is named; noise is not
CREATE TABLE pages (id int PRIMARY KEY, topic text, topic_no int, label text, score float8, noise int, flag bool, unique_no int);
INSERT INTO pages SELECT i, 'topic ' || i % 3, i % 3, 'l' || i % 3, i % 3 + draw('s' || i) / 10, floor(10 * draw('n' || i)), i % 3 = 0, i FROM generate_series(1, 300) i;
SELECT sage_create_graph('leaks', 'pages', 'follows');
SELECT metric FROM sage_train('m', target => 'topic', options => '{"quiet": true, "epochs": 1}');
SELECT metric FROM sage_train('m', target => 'flag', options => '{"quiet": true, "epochs": 1}');
SELECT metric FROM sage_train('m', target => 'score', options => '{"quiet": true, "epochs": 1}');
SELECT metric FROM sage_train('m', target => 'noise', options => '{"quiet": true, "epochs": 1}');
-- of a query's label the extension cannot know which column it came from
SELECT metric FROM sage_train('m', labels => 'SELECT id AS node, noise < 5 AS label FROM pages', options => '{"quiet": true, "epochs": 1}');
-- a row or two that do not fit in do not hide a leak, every tenth does
UPDATE pages SET noise = 9 - noise WHERE id = 17;
SELECT metric FROM sage_train('m', labels => 'SELECT id AS node, (id = 17) <> (noise < 5) AS label FROM pages', options => '{"quiet": true, "epochs": 1}');
SELECT metric FROM sage_train('m', labels => 'SELECT id AS node, (id % 10 = 1) <> (noise < 5) AS label FROM pages', options => '{"quiet": true, "epochs": 1}');
SELECT sage_drop_model('m');
SELECT sage_drop_graph('leaks');

-- an empty list of features is none, NULL is all
SELECT sage_create_graph('nothing', 'pages', 'follows', features => '{}');
SELECT sage_create_graph('everything', 'pages', 'follows');
SELECT graph, features FROM sage.node_types WHERE graph IN ('nothing', 'everything') ORDER BY graph COLLATE "C";
SELECT metric FROM sage_train('m', 'nothing', target => 'topic', options => '{"quiet": true, "epochs": 1, "ids": "none"}');
SELECT sage_drop_model('m');
SELECT sage_drop_graph(g) FROM unnest('{nothing,everything}'::text[]) g;

-- then nodes are known by their keys: 200 members of 4 clubs, who know each other
CREATE TABLE members (id uuid PRIMARY KEY, club int);
CREATE TABLE knows (a uuid REFERENCES members, b uuid REFERENCES members);
CREATE INDEX ON knows (a, b);
CREATE INDEX ON knows (b, a);
INSERT INTO members SELECT md5('member' || i)::uuid, i % 4 FROM generate_series(1, 200) i;
INSERT INTO knows SELECT md5('member' || i)::uuid, md5('member' || 1 + (i + 4 * floor(50 * draw(i || 'knows' || k))::int - 1) % 200)::uuid
	FROM generate_series(1, 200) i, generate_series(1, 4) k;
DELETE FROM knows WHERE a = b;
SELECT sage_create_graph('clubs', 'members', 'knows', features => '{}');
SELECT metric, test > 0.7 AS learns FROM sage_train('clubs', 'clubs', target => 'club', task => 'multiclass', options => '{"quiet": true, "seed": 1, "refit": "never"}');
SELECT metric, test < 0.6 AS does_not FROM sage_train('blind', 'clubs', target => 'club', task => 'multiclass', options => '{"quiet": true, "seed": 1, "refit": "never", "ids": "none"}');
-- every path says the same
SELECT bool_and(sage_predict(m.id, 'clubs', class => '1') = sage_predict_row(m, 'clubs', class => '1')) AS row_values FROM members m;
CREATE TABLE scores AS SELECT id, sage_predict_proba(id, 'clubs') AS proba FROM members;
SELECT count(*) AS differ FROM scores WHERE proba <> sage_predict_proba(id, 'clubs');
-- so does the model from a file
SELECT sage_import('copy', 'clubs', sage_export('clubs'));
SELECT count(*) AS differ FROM scores WHERE proba <> sage_predict_proba(id, 'copy');
-- a new member has no id, and is known by those it knows
INSERT INTO members VALUES (md5('new')::uuid, NULL);
INSERT INTO knows SELECT md5('new')::uuid, md5('member' || 4 * i + 2)::uuid FROM generate_series(1, 5) i;
SELECT sage_predict_label(md5('new')::uuid, 'clubs') AS club_of_the_new;
SELECT sage_drop_model(m) FROM unnest('{clubs,blind,copy}'::text[]) m;
SELECT sage_drop_graph('clubs');

SET client_min_messages = warning;
DROP SCHEMA train_features CASCADE;
