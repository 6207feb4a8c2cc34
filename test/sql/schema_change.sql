-- Tables that change after the training.
CREATE SCHEMA schema_change;
SET search_path = schema_change, public;
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, age int, city text, at timestamptz, label bool, score float8);
CREATE TABLE follows (source int, target int, weight real, at timestamptz);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, 20 + i * 7 % 40, (ARRAY['Oslo', 'Rome'])[1 + i % 2], '2024-01-01', i % 7 < 3 FROM generate_series(1, 200) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 200, 1, '2024-01-01' FROM generate_series(1, 200) i, generate_series(1, 3) k;
SELECT sage_create_graph('change', 'users', 'follows', exclude => '{score}', time_column => 'at', edge_time_column => 'at', weight_column => 'weight');
SELECT metric FROM sage_train('m', 'change', target => 'label', options => '{"quiet": true, "epochs": 2}');
CREATE TABLE before AS SELECT id, sage_predict(id, 'm') AS score FROM users;
CREATE VIEW same AS SELECT count(*), max(abs(sage_predict(b.id, 'm') - b.score)) < 1e-5 AS same FROM before b;
PREPARE score AS SELECT sage_predict(1, 'm') IS NOT NULL AS scored;
EXECUTE score;

-- what makes no difference: new columns, dropped ones that were no feature, other names of indexes, rewrites, other orders
ALTER TABLE users ADD nickname text DEFAULT 'x';
SELECT * FROM same;
ALTER TABLE users ADD height float8;
UPDATE users SET height = id;
SELECT * FROM same;
ALTER TABLE users DROP nickname;
SELECT * FROM same;
ALTER TABLE users ALTER id TYPE bigint;
ALTER TABLE follows ALTER source TYPE bigint, ALTER target TYPE smallint;
SELECT * FROM same;
ALTER TABLE users ALTER city TYPE varchar(20);
EXECUTE score;
SELECT * FROM same;
ALTER TABLE users ALTER city TYPE text;
SELECT * FROM same;
DROP INDEX follows_target_source_idx;
SELECT * FROM same;
CLUSTER users USING users_pkey;
SELECT * FROM same;
BEGIN;
CREATE TABLE users_new (label bool, at timestamptz, city text, age int, id int PRIMARY KEY);
INSERT INTO users_new SELECT label, at, city, age, id FROM users;
DROP TABLE users CASCADE;
ALTER TABLE users_new RENAME TO users;
SELECT * FROM same;
ROLLBACK;
-- one within a transaction that is rolled back
BEGIN;
ALTER TABLE users DROP age;
SAVEPOINT s;
SELECT sage_predict(1, 'm');
ROLLBACK TO s;
ROLLBACK;
SELECT * FROM same;

-- each of these is an error that says what to do, live and resident, of a session that has the model and of a new one
CREATE FUNCTION after(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	access text;
BEGIN
	FOREACH access IN ARRAY ARRAY['live', 'resident'] LOOP
		PERFORM set_config('sage.access', access, true);
		BEGIN
			PERFORM sage_predict(1, 'm');
			EXECUTE change;
			PERFORM sage_predict(1, 'm');
			RAISE 'scored, %', access;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
			RETURN NEXT SQLSTATE || ' ' || SQLERRM || CASE WHEN hint <> '' THEN ' / ' || hint ELSE '' END;
		END;
	END LOOP;
END $$;
SELECT DISTINCT after('ALTER TABLE users DROP age');
SELECT DISTINCT after('ALTER TABLE users RENAME age TO years');
SELECT DISTINCT after('ALTER TABLE users ALTER age TYPE text');
SELECT DISTINCT after('ALTER TABLE users ALTER age TYPE float8');
SELECT DISTINCT after('ALTER TABLE users ALTER age TYPE bigint');
SELECT DISTINCT after('ALTER TABLE users ALTER city TYPE int USING 3');
SELECT DISTINCT after('ALTER TABLE users RENAME id TO ident');
SELECT DISTINCT after('ALTER TABLE users ALTER id TYPE text');
SELECT DISTINCT after('ALTER TABLE users DROP at');
SELECT DISTINCT after('ALTER TABLE users DROP label') ORDER BY 1;
SELECT DISTINCT after('ALTER TABLE follows DROP source');
SELECT DISTINCT after('ALTER TABLE follows RENAME target TO aim');
SELECT DISTINCT after('ALTER TABLE follows DROP weight');
SELECT DISTINCT after('ALTER TABLE follows ALTER at TYPE text');
SELECT DISTINCT after('ALTER TABLE follows RENAME TO followers');
SELECT DISTINCT after('DROP TABLE follows');
SELECT DISTINCT after('DROP TABLE users CASCADE');
SELECT DISTINCT after('ALTER SCHEMA schema_change RENAME TO moved');
SELECT * FROM same;
-- the other functions, too
BEGIN;
ALTER TABLE users DROP age;
SAVEPOINT s;
SELECT sage_predict_label(1, 'm');
ROLLBACK TO s;
SELECT sage_embed(1, 'm');
ROLLBACK TO s;
SELECT sage_predict(ARRAY[1]::bigint[], 'm');
ROLLBACK TO s;
SELECT sage_predict_row(u, 'm') FROM users u LIMIT 1;
ROLLBACK TO s;
SELECT * FROM sage_evaluate('m');
ROLLBACK TO s;
SELECT sage_attach('m', 'score');
ROLLBACK TO s;
SELECT version, metric FROM sage_train('m', options => '{"quiet": true}');
SELECT sage_predict(1, 'm') IS NOT NULL AS trained_anew;
ROLLBACK;
BEGIN;
ALTER TABLE users DROP label;
SAVEPOINT s;
SELECT * FROM sage_train('m', options => '{"quiet": true}');
ROLLBACK TO s;
SELECT * FROM sage_evaluate('m');
ROLLBACK;
SELECT octet_length(sage_export('m')) > 0 AS still_exported, sage_classes('m');

-- a graph that is extended keeps its models; one that is defined anew is another
CREATE TABLE likes (a int, b int);
CREATE INDEX ON likes (a, b);
CREATE INDEX ON likes (b, a);
INSERT INTO likes SELECT i, 201 - i FROM generate_series(1, 200) i;
CREATE TABLE things (id int PRIMARY KEY, name text);
SELECT sage_add_nodes('change', 'things');
SELECT sage_add_edges('change', 'likes', source => 'a', target => 'b', source_type => 'users', target_type => 'users');
SELECT * FROM same;
SELECT version FROM sage_train('m', options => '{"quiet": true}');
SELECT * FROM sage_predict(1, 'm') s WHERE s IS NULL;
SELECT rows_read -> 'nodes' AS nodes FROM sage.models WHERE model = 'm';
SELECT sage_deploy('m', 1);
SELECT * FROM same;
SELECT sage_drop_graph('change');
CREATE TABLE bytes AS SELECT sage_export('m', 1) AS first, sage_export('m', 2) AS second;
-- bytes know less than the graph
SELECT sage_import('copy', 'change', first) FROM bytes;
SELECT max(abs(sage_predict(b.id, 'copy') - b.score)) < 1e-5 AS same FROM before b;
CREATE TABLE again AS SELECT sage_export('copy') AS bytes;
SELECT sage_import('copy', 'change', bytes) FROM again;
SELECT max(abs(sage_predict(b.id, 'copy') - b.score)) < 1e-5 AS same FROM before b;
SELECT sage_drop_model('copy');
SELECT sage_drop_model('m');
SELECT sage_drop_graph('change');
CREATE INDEX ON follows (target, source);
SELECT sage_create_graph('change', 'users', 'follows', features => '{city}');
SELECT sage_import('m', 'change', second) FROM bytes;
-- what is not there is an error, other settings of the graph are its own
SELECT sage_import('m', 'change', first) FROM bytes;
SELECT * FROM same;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('change');
SET client_min_messages = warning;
DROP SCHEMA schema_change CASCADE;
