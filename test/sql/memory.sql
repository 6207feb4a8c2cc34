-- With little memory, what is large lies in files.
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
	RETURN concat_ws(' ', SQLSTATE, SQLERRM || '.', nullif(regexp_replace(detail, '\d+', 'N', 'g'), ''), nullif(hint, ''));
END $$;

-- training
SET sage.max_memory = '1MB';
SELECT message($$SELECT sage_train('m', 'memory', target => 'churned', options => '{"quiet": true, "epochs": 2}')$$);
SET sage.max_memory = '3MB';
SELECT message($$SELECT sage_train('m', 'memory', target => 'churned', options => '{"quiet": true, "epochs": 2}')$$);
SET sage.max_memory = '200MB';
SELECT message($$SELECT sage_train('m', 'memory', target => 'churned', options => '{"quiet": true, "epochs": 2, "hidden": 32}')$$);

-- a quarter of what the graph needs: slower, the same model
CREATE TABLE many AS SELECT i AS id, u.profile, (i * 7919) % 31 < 9 + u.id % 5 AS churned FROM generate_series(1, 12000) i JOIN users u ON u.id = 1 + i % 3000;
CREATE TABLE links AS SELECT id AS source, 1 + (id * k * 31) % 12000 AS target FROM many, generate_series(1, 3) k;
ANALYZE many, links;
SET client_min_messages = error;
SELECT sage_create_graph('many', 'many', 'links', key => 'id');
RESET client_min_messages;
\set options '{"quiet": true, "epochs": 2, "hidden": 8, "batch_size": 16, "fanout": [3, 1]}'
SELECT validation AS enough, test AS enough_test FROM sage_train('enough', 'many', target => 'churned', options => :'options') \gset
SET sage.max_memory = '2600kB';
SELECT abs(validation - :enough) < 1e-6 AND abs(test - :enough_test) < 1e-6 AS same_figures FROM
	sage_train('little', 'many', target => 'churned', options => :'options');
SELECT count(*), max(abs(sage_predict(id, 'little') - sage_predict(id, 'enough'))) < 1e-5 AS same_scores FROM many;
SELECT sage_drop_model('enough');
SELECT sage_drop_model('little');
SELECT sage_drop_graph('many');
SET sage.max_memory = '1MB';

-- scoring: a single node, the whole table, by each way
CREATE TABLE little AS SELECT id, sage_predict(id, 'm') AS score FROM users;
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS one;
SET sage.access = resident;
SELECT message('SELECT count(sage_predict(id)) FROM users');
SELECT message('SELECT sage_predict(1)');
SELECT message('SELECT sage_predict(array_agg(id::bigint)) FROM users');
SELECT message('SELECT * FROM sage_evaluate()');
RESET sage.max_memory;
SELECT count(*), max(abs(score - sage_predict(id))) < 1e-5 AS same_scores FROM users JOIN little USING (id);
-- the files go with the statement, and with an error
SET sage.max_memory = '1MB';
BEGIN;
SAVEPOINT s;
SELECT count(sage_predict(id)) / 0 FROM users;
ROLLBACK TO s;
SELECT message('SELECT count(sage_predict(id)) FROM users');
UPDATE users SET churned = churned WHERE id = 1;
SET LOCAL temp_file_limit = '1MB';
SELECT replace(message('SELECT count(sage_predict(id)) FROM users'), '"', '') AS message;
COMMIT;
SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';
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
