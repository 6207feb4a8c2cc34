-- Too little memory is said, not met.
CREATE SCHEMA memory;
SET search_path = memory, public;
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, profile real[], churned bool);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, (SELECT array_agg(((i * j) % 17)::real) FROM generate_series(1, 200) j), i % 3 = 0 FROM generate_series(1, 3000) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 3000 FROM generate_series(1, 3000) i, generate_series(1, 3) k;
ANALYZE users, follows;
SELECT sage_create_graph('memory', 'users', 'follows');
CREATE FUNCTION message(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN SQLSTATE || ' ' || SQLERRM || '. ' || regexp_replace(detail, '\d+', 'N', 'g') || ' ' || hint;
END $$;

-- training
SET sage.max_memory = '1MB';
SELECT message($$SELECT sage_train('m', 'memory', target => 'churned', options => '{"quiet": true, "epochs": 2}')$$);
SELECT count(*) FROM sage.models WHERE model = 'm';
SET sage.max_memory = '3MB';
SELECT message($$SELECT sage_train('m', 'memory', target => 'churned', options => '{"quiet": true, "epochs": 2}')$$);
SET sage.max_memory = '200MB';
SELECT message($$SELECT sage_train('m', 'memory', target => 'churned', options => '{"quiet": true, "epochs": 2, "hidden": 32}')$$);

-- scoring: a single node needs little, the whole table what it has
SET sage.max_memory = '1MB';
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS one;
SET sage.access = resident;
SELECT message('SELECT count(sage_predict(id)) FROM users');
SELECT message('SELECT sage_predict(1)');
SELECT message('SELECT sage_predict(array_agg(id::bigint)) FROM users');
SELECT message('SELECT * FROM sage_evaluate()');
RESET sage.max_memory;
SELECT message('SELECT count(sage_predict(id)) FROM users');
SELECT count(sage_predict(id)) FROM users;
-- after the error as before it
SET sage.max_memory = '1MB';
BEGIN;
SAVEPOINT s;
SELECT message('SELECT count(sage_predict(id)) FROM users');
SELECT count(sage_predict(id)) FROM users;
ROLLBACK TO s;
SET LOCAL sage.max_memory = '200MB';
SELECT count(sage_predict(id)) FROM users;
COMMIT;
RESET sage.access;
RESET sage.max_memory;
-- what the settings may be
\set VERBOSITY sqlstate
SET sage.max_memory = 0;
SET sage.max_memory = '-1MB';
SET sage.max_model_size = '1GB';
SET sage.access = 'sometimes';
SET sage.no_such = 1;
\set VERBOSITY default

SELECT sage_drop_model('m');
SELECT sage_drop_graph('memory');
SET client_min_messages = warning;
DROP SCHEMA memory CASCADE;
