-- The same data and seed give the same model, to the last bit.
CREATE SCHEMA train_repeat;
SET search_path = train_repeat, public;
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
CREATE TABLE users (id int PRIMARY KEY, age int, city text, interests int[], bio text, seen timestamptz, churned bool);
CREATE TABLE follows (source int, target int, weight real);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, nullif(20 + 40 * draw('age' || i), 30), (ARRAY['Oslo', 'Rome', 'Bonn', NULL])[1 + i % 4], ARRAY[i % 7, i % 11, i % 13],
	'word' || i % 50 || ' word' || i % 60 || ' ' || md5(i::text), timestamptz '2024-01-01' + i * interval '1 hour', draw('churned' || i) < 0.4
	FROM generate_series(1, 400) i;
INSERT INTO follows SELECT i, 1 + floor(400 * draw(i || 'to' || k))::int, 1 + k FROM generate_series(1, 400) i, generate_series(1, 15) k;
DELETE FROM follows WHERE source = target;
SELECT sage_create_graph('repeat', 'users', 'follows');

-- the weights of a training, without what names the training
CREATE FUNCTION train(model text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train(model, 'repeat', target => 'churned', options => '{"quiet": true, "epochs": 4, "batch_size": 64, "fanout": [5, 5]}' || options);
	RETURN md5(sage_export(model));
END $$;
CREATE TABLE made (what text, digest text);
INSERT INTO made VALUES ('first', train('a'));
INSERT INTO made VALUES ('again', train('a'));
INSERT INTO made VALUES ('another name', train('b'));
INSERT INTO made VALUES ('other seed', train('a', '{"seed": 7}'));
INSERT INTO made VALUES ('other width', train('a', '{"hidden": 63}'));

-- the rows in another order in the tables, and other indexes
CREATE TABLE copy AS SELECT * FROM follows ORDER BY md5(source::text || target);
TRUNCATE follows;
INSERT INTO follows SELECT * FROM copy;
VACUUM FULL follows;
INSERT INTO made VALUES ('other order of edges', train('a'));
UPDATE users SET id = id WHERE id % 3 = 0;
VACUUM users;
UPDATE users SET id = id WHERE id % 5 = 0;
INSERT INTO made VALUES ('other order of nodes', train('a'));
DROP INDEX follows_target_source_idx;
SET enable_seqscan = off;
INSERT INTO made VALUES ('other plans', train('a'));
RESET enable_seqscan;
-- settings of the session that have nothing to do with it
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
SET extra_float_digits = -5;
SET bytea_output = 'escape';
SET work_mem = '64kB';
INSERT INTO made VALUES ('other settings', train('a'));
RESET TimeZone;
RESET DateStyle;
RESET extra_float_digits;
RESET bytea_output;
RESET work_mem;
-- a training in between, and a rolled back one
BEGIN;
SELECT train('c', '{"seed": 3}') IS NOT NULL AS trained;
ROLLBACK;
INSERT INTO made VALUES ('after a rollback', train('a'));
-- other data
UPDATE users SET age = age + 1 WHERE id = 17;
INSERT INTO made VALUES ('other data', train('a'));

SELECT what, digest = (SELECT digest FROM made WHERE what = 'first') AS same_as_first FROM made;

-- the report is repeated, too
SELECT count(*) = 1 AS one FROM (SELECT DISTINCT validation, baseline, epochs, best_epoch, metrics FROM sage.model_versions
	WHERE version IN (1, 2, 5, 6, 7, 8, 9) AND model = 'a') AS reports;

SELECT sage_drop_model('a');
SELECT sage_drop_model('b');
SELECT sage_drop_graph('repeat');
SET client_min_messages = warning;
DROP SCHEMA train_repeat CASCADE;
