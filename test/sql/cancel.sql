-- A training that is stopped answers at once and leaves nothing behind.
CREATE SCHEMA cancel;
SET search_path = cancel, public;
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, age int, bio text, churned bool);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, 20 + i * 7 % 40, 'word' || i % 500 || ' and word' || i % 300, i % 3 = 0 FROM generate_series(1, 2000) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 2000 FROM generate_series(1, 2000) i, generate_series(1, 5) k;
SELECT sage_create_graph('cancel', 'users', 'follows');
SELECT version FROM sage_train('m', 'cancel', target => 'churned', options => '{"quiet": true, "epochs": 1, "hidden": 8}');

CREATE FUNCTION canceled(model text, OUT state text, OUT answered bool) LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz = clock_timestamp();
BEGIN
	PERFORM sage_train(model, 'cancel', target => 'churned',
		options => '{"quiet": true, "epochs": 1000000, "patience": 1000000, "hidden": 256, "learning_rate": 0.000001}');
	state := 'trained';
EXCEPTION WHEN query_canceled THEN
	state := SQLERRM;
	answered := clock_timestamp() - started < interval '5 seconds';
END $$;
SET statement_timeout = '400ms';
SELECT * FROM canceled('new');
SELECT * FROM canceled('m');
SELECT * FROM sage_train('new', 'cancel', target => 'churned', options => '{"quiet": true, "epochs": 1000000, "patience": 1000000, "hidden": 256, "learning_rate": 0.000001}');
\echo :LAST_ERROR_SQLSTATE
-- in the labels query, and while labels are read
SELECT * FROM sage_train('new', 'cancel', labels => 'SELECT id AS node, pg_sleep(1) IS NULL AS label FROM users');
RESET statement_timeout;

SELECT model, version, deployed FROM sage.model_versions WHERE model IN ('m', 'new');
SELECT model, state, version FROM sage.runs WHERE model IN ('m', 'new');
SELECT DISTINCT model FROM sage.epochs WHERE model IN ('m', 'new');
SELECT sage_predict(1) BETWEEN 0 AND 1 AS scores, count(*) AS memory_is_back FROM pg_backend_memory_contexts WHERE name = 'sage training';
-- what can be done afterwards: all of it
SELECT version FROM sage_train('m', options => '{"quiet": true}');
SELECT version FROM sage_train('new', 'cancel', target => 'churned', options => '{"quiet": true, "epochs": 1, "hidden": 8}');

-- scoring is stopped as well
SET sage.access = live;
SET statement_timeout = '50ms';
SELECT count(sage_predict(1 + i % 2000, 'm')) FROM generate_series(1, 1000000) i;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM unnest((SELECT sage_predict(array_agg(1 + i % 2000), 'm') FROM generate_series(1, 500000::bigint) i)) s;
RESET statement_timeout;
RESET sage.access;
SELECT count(sage_predict(id, 'm')) FROM users;

SELECT sage_drop_model('m');
SELECT sage_drop_model('new');
SELECT sage_drop_graph('cancel');
SET client_min_messages = warning;
DROP SCHEMA cancel CASCADE;
