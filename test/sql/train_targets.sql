-- What can be learned, and what cannot.
CREATE SCHEMA train_targets;
SET search_path = train_targets, public;
CREATE TYPE level AS ENUM ('low', 'mid', 'high');
CREATE DOMAIN flag AS bool;
CREATE TABLE users (id int PRIMARY KEY, age int, churned bool, never text, same text, boss int REFERENCES users,
	level level, flagged flag, tags text[], doc json, at timestamptz, small smallint, "Odd name" bool);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, 20 + i * 7 % 40, i % 3 = 0, NULL, 'x', NULL, (ARRAY['low', 'mid', 'high'])[1 + i % 3]::level, i % 2 = 0,
	CASE i % 3 WHEN 0 THEN '{a,b}' WHEN 1 THEN '{b}' END::text[], '{}', timestamptz '2024-01-01' + i * interval '1 day', i % 4, i % 2 = 0
	FROM generate_series(1, 200) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 200 FROM generate_series(1, 200) i, generate_series(1, 3) k;
SELECT sage_create_graph('targets', 'users', 'follows', features => '{age}');
\set SHOW_CONTEXT never

-- columns
CREATE FUNCTION train(target text, labels text, task text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train('m', 'targets', target => target, labels => labels, task => task, options => '{"quiet": true, "epochs": 2}');
	RETURN (SELECT m.task || ', ' || m.metric FROM sage.models m WHERE model = 'm');
END $$;
CREATE FUNCTION try(target text, task text DEFAULT NULL) RETURNS text LANGUAGE sql AS 'SELECT train(target, NULL, task)';
CREATE FUNCTION try_labels(labels text) RETURNS text LANGUAGE sql AS 'SELECT train(NULL, labels, NULL)';
SELECT try('churned');
SELECT try('users.churned');
SELECT try('level');
SELECT try('flagged');
SELECT try('tags');
SELECT try('small');
SELECT try('small', 'regression');
SELECT try('small', 'multiclass');
SELECT try('churned', 'multiclass');
SELECT try('Odd name');
SELECT try('users.Odd name');
SELECT try('churnd');
\echo :LAST_ERROR_SQLSTATE
SELECT try('users.churnd');
SELECT try('nothing like it');
SELECT try('user.churned');
SELECT try('');
SELECT try('odd name');
SELECT try('ctid');

-- not these
SELECT try('never');
\echo :LAST_ERROR_SQLSTATE
SELECT try('same');
\echo :LAST_ERROR_SQLSTATE
SELECT try('id');
\echo :LAST_ERROR_SQLSTATE
SELECT try('users.id');
SELECT try('doc');
\echo :LAST_ERROR_SQLSTATE
SELECT try('at');
SELECT try('level', 'regression');
SELECT try('level', 'binary');
\echo :LAST_ERROR_SQLSTATE
SELECT try('churned', 'regression');
SELECT try('churned', 'clasify');
\echo :LAST_ERROR_SQLSTATE
SELECT try('small', 'multilabel');
SELECT try('tags', 'binary');
-- a column that is an end of an edge type
CREATE INDEX ON users (boss, id);
BEGIN;
SELECT sage_add_edges('targets', 'users', edge_type => 'reports_to', source => 'id', target => 'boss');
SELECT try('boss');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- neither target nor labels, or both; names
SELECT * FROM sage_train('nothing yet', 'targets');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('m', 'targets', target => 'churned', labels => 'SELECT 1 AS node, true AS label');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train(NULL, 'targets', target => 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('', 'targets', target => 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train(repeat('m', 64), 'targets', target => 'churned');
SELECT * FROM sage_train('new', 'target', target => 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('m', 'target', target => 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('m', 'targets', target => 'churned', node_type => 'user');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('m', 'targets', labels => 'SELECT 1 AS node, true AS label', node_type => 'user');

-- labels by a query
SELECT try_labels('SELECT id AS node, churned AS label FROM users');
SELECT try_labels('SELECT churned AS label, id AS node FROM users ; ');
SELECT try_labels('WITH u AS (SELECT * FROM users) SELECT id AS node, level AS label FROM u ORDER BY 2 LIMIT 150 -- enough');
SELECT try_labels('TABLE labels');
SELECT try_labels('VALUES (1, true), (2, false)');
SELECT try_labels('SELECT v.* FROM (VALUES (1::bigint, true), (2, false), (3, NULL), (4, true)) AS v(node, label)');
SELECT rows_read -> 'unlabeled' AS unlabeled, rows_read -> 'unknown' AS unknown FROM sage.models WHERE model = 'm';
-- keys without a row are counted, and so are keys that are NULL
SELECT try_labels('SELECT nullif(id, 5) + CASE WHEN id > 190 THEN 1000 ELSE 0 END AS node, churned AS label FROM users');
SELECT rows_read -> 'unlabeled' AS unlabeled, rows_read -> 'unknown' AS unknown FROM sage.models WHERE model = 'm';
SELECT try_labels('SELECT id + 1000 AS node, churned AS label FROM users');
\echo :LAST_ERROR_SQLSTATE
-- columns
SELECT try_labels('SELECT id AS nodes, churned AS label FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node, churned FROM users');
SELECT try_labels('SELECT churned AS label FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node FROM users');
SELECT try_labels('SELECT id AS node, churned AS label, id AS node FROM users');
SELECT try_labels('SELECT id AS node, churned AS label, age AS label FROM users');
SELECT try_labels('SELECT id::text AS node, churned AS label FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id::numeric AS node, churned AS label FROM users');
SELECT try_labels('SELECT id AS node, doc AS label FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node, NULL AS label FROM users');
SELECT try_labels('SELECT id AS node, churned AS label, age::text AS at FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node, churned AS label, nullif(at, timestamptz ''2024-01-03'') AS at FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node, churned AS label, at FROM users');
-- a node twice
SELECT try_labels('SELECT id AS node, churned AS label FROM users UNION ALL SELECT 7, true');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node, churned AS label, at FROM users UNION ALL SELECT 7, true, now()');
SELECT try_labels('SELECT id AS node, churned AS label, at FROM users UNION ALL SELECT 7, true, timestamptz ''2024-01-08''');
\echo :LAST_ERROR_SQLSTATE
-- no query, or more than one
SELECT try_labels('');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels(' ; ');
SELECT try_labels('SELECT id AS node, churned AS label FROM users; SELECT 1');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node, churned AS label FROM users; DELETE FROM users');
SELECT try_labels('SELECT id AS node, churned AS label FROM users) AS labels; DELETE FROM users; SELECT * FROM (SELECT 1');
SELECT try_labels('SELECT id AS node, churned AS label FRM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('SELECT id AS node, churned AS label FROM nowhere');
\echo :LAST_ERROR_SQLSTATE
-- nothing is written
SELECT try_labels('DELETE FROM users');
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels('DROP TABLE users');
SELECT try_labels('SELECT id AS node, churned AS label INTO other FROM users');
SELECT count(*) FROM users;
-- an error inside the query is the query's
SELECT try_labels('SELECT id AS node, 1 / (id - 7) AS label FROM users');
\echo :LAST_ERROR_SQLSTATE

-- classes are in the order of their type, whatever they come from; the second of two is the one that is predicted
CREATE TYPE risk AS ENUM ('low', 'high');
CREATE DOMAIN some_risk AS risk;
ALTER TABLE users ADD risk risk, ADD some_risk some_risk, ADD risks risk[], ADD word text;
UPDATE users SET risk = CASE WHEN churned THEN 'high' ELSE 'low' END::risk, some_risk = CASE WHEN churned THEN 'high' ELSE 'low' END::risk,
	risks = CASE id % 3 WHEN 0 THEN '{high,low}' WHEN 1 THEN '{low}' END::risk[], word = (ARRAY['No', 'yes', 'a b', 'Ab', 'ab', '10', '9', '-1'])[1 + id % 8];
SELECT try('risk');
SELECT sage_classes('m');
SELECT bool_and(sage_predict(id, 'm') = sage_predict(id, 'm', class => 'high')) AS predicts_the_greater FROM users;
SELECT try('some_risk');
SELECT sage_classes('m');
SELECT try('level');
SELECT sage_classes('m');
SELECT try('risks');
SELECT sage_classes('m');
SELECT try_labels('SELECT id AS node, risk AS label FROM users');
SELECT sage_classes('m');
SELECT try('word');
SELECT sage_classes('m') = (SELECT array_agg(DISTINCT word ORDER BY word) FROM users) AS in_order;
SELECT try_labels('SELECT id AS node, CASE id % 3 WHEN 0 THEN 9007199254740993 WHEN 1 THEN 9007199254740992 ELSE -10 END AS label FROM users');
SELECT sage_classes('m');
SELECT try('flagged');
SELECT sage_classes('m');

SELECT sage_drop_model('m');
SELECT sage_drop_graph('targets');
SET client_min_messages = warning;
DROP SCHEMA train_targets CASCADE;
