-- Training again: as before, deployed or not; going back, dropping.
CREATE SCHEMA retrain;
SET search_path = retrain, public;
CREATE TABLE users (id int PRIMARY KEY, age int, churned bool, kind text);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, 20 + i * 7 % 40, i % 3 = 0, 'k' || i % 4 FROM generate_series(1, 300) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 300 FROM generate_series(1, 300) i, generate_series(1, 3) k;
SELECT sage_create_graph('retrain', 'users', 'follows', features => '{age}');
SELECT sage_create_graph('other', 'users', 'follows', features => '{age}');

-- without target: as before, with the new options over the old ones
SELECT version, metric FROM sage_train('m', 'retrain', target => 'churned', options => '{"quiet": true, "epochs": 2, "hidden": 8, "metric": "ap"}');
SELECT version, metric FROM sage_train('m', options => '{"quiet": true}');
SELECT version, metric FROM sage_train('m', options => '{"quiet": true, "epochs": 3, "hidden": null, "fanout": [2, 2]}');
SELECT version, deployed, epochs, request ->> 'target' AS target, request -> 'options' AS options FROM sage.model_versions WHERE model = 'm' ORDER BY version;
SELECT array_length(sage_embed(1, 'm'), 1);
-- a query and a task are kept as well
SELECT version, metric FROM sage_train('q', 'retrain', labels => 'SELECT id AS node, id % 5 AS label FROM retrain.users', task => 'regression', node_type => 'users', options => '{"quiet": true, "epochs": 2}');
SET search_path = public;
SELECT version, metric FROM sage_train('q', options => '{"quiet": true}');
SET search_path = retrain, public;
SELECT version, request - 'options' AS request FROM sage.model_versions WHERE model = 'q' ORDER BY version;
SELECT sage_drop_model('q');
-- the new target is another thing to learn
SELECT version, metric FROM sage_train('m', target => 'kind', options => '{"quiet": true, "epochs": 2}');
SELECT task, deployed, sage_classes('m') FROM sage.models WHERE model = 'm';
SELECT version, task, deployed FROM sage.model_versions WHERE model = 'm' ORDER BY version;
SELECT sage_predict(1, 'm');
SELECT sage_predict_label(1, 'm') IS NOT NULL AS labeled;

-- back to an older version
SELECT sage_deploy('m', 1);
SELECT task, deployed, metric, sage_classes('m'), array_length(sage_embed(1, 'm'), 1) FROM sage.models WHERE model = 'm';
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored;
SELECT version, metric FROM sage_train('m', options => '{"quiet": true}');
SELECT sage_deploy('m', 9);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_deploy('m', 0);
SELECT sage_deploy('m', -1);
SELECT sage_deploy('m', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_deploy(NULL, 1);
SELECT sage_deploy('n', 1);
\echo :LAST_ERROR_SQLSTATE
-- what is not committed is not deployed
BEGIN;
SELECT sage_deploy('m', 4);
SELECT task FROM sage.models WHERE model = 'm';
SELECT sage_predict_label(1, 'm') ~ '^k' AS kind;
ROLLBACK;
SELECT task, deployed FROM sage.models WHERE model = 'm';
SELECT sage_predict_label(1, 'm') IN ('true', 'false') AS flag;

-- whether the new version is deployed
SELECT sage_drop_model('m');
SELECT version FROM sage_train('m', 'retrain', target => 'churned', options => '{"quiet": true, "epochs": 2, "deploy": "never"}');
SELECT deployed, task FROM sage.models WHERE model = 'm';
SELECT sage_predict(1, 'm');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_classes('m');
SELECT sage_export('m');
SELECT octet_length(sage_export('m', 1)) > 1000 AS can_be_exported;
SELECT version FROM sage_train('m', options => '{"quiet": true}');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_deploy('m', 1);
SELECT deployed, task FROM sage.models WHERE model = 'm';
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored;
SELECT version FROM sage_train('m', options => '{"quiet": true, "deploy": "never"}');
SELECT deployed FROM sage.models WHERE model = 'm';
-- if_better: by the validation metric; the same is not better, another metric cannot be compared
SELECT version FROM sage_train('m', options => '{"quiet": true, "deploy": "if_better"}');
SELECT deployed FROM sage.models WHERE model = 'm';
SELECT version FROM sage_train('m', options => '{"quiet": true, "deploy": "if_better", "metric": "accuracy"}');
SELECT deployed FROM sage.models WHERE model = 'm';
SELECT version FROM sage_train('m', options => '{"quiet": true, "deploy": "always", "metric": "log_loss", "epochs": 1, "learning_rate": 0.3, "dropout": 0, "weight_decay": 0}');
SELECT version FROM sage_train('m', options => '{"quiet": true, "deploy": "if_better", "metric": "log_loss", "epochs": 100, "learning_rate": 0.01}');
WITH v AS (SELECT * FROM sage.model_versions WHERE model = 'm')
SELECT (SELECT validation FROM v WHERE version = 6) < (SELECT validation FROM v WHERE version = 5) AS better,
	(SELECT version FROM v WHERE deployed) = CASE WHEN (SELECT validation FROM v WHERE version = 6) < (SELECT validation FROM v WHERE version = 5) THEN 6 ELSE 5 END AS better_deployed;

-- times and intervals are kept as what they were when they were given
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, DMY';
SELECT version FROM sage_train('t', 'retrain', labels => $$SELECT id AS node, churned AS label, timestamptz '2020-01-01 00:00+00' + id * interval '7 hours' AS at FROM retrain.users$$,
	options => '{"quiet": true, "epochs": 2, "validation_from": "01/03/2020", "test_from": "10/03/2020 12:00", "time_window": "1 month 2 days 03:00"}');
SET DateStyle = 'German, MDY';
SET TimeZone = 'America/New_York';
SET IntervalStyle = 'sql_standard';
SELECT version FROM sage_train('t', options => '{"quiet": true}');
RESET DateStyle;
RESET TimeZone;
RESET IntervalStyle;
SELECT metrics -> 'train' AS train, metrics -> 'validation' AS validation, metrics -> 'test' AS test, request -> 'options' AS options FROM sage.model_versions WHERE model = 't' ORDER BY version;
SELECT sage_drop_model('t');

-- one version can be dropped, not the one that scores
SELECT deployed AS before FROM sage.models WHERE model = 'm' \gset
SELECT sage_deploy('m', 2);
SELECT sage_drop_version('m', 2);
SELECT sage_drop_version('m', 99);
SELECT sage_drop_version('m', 0);
SELECT sage_drop_version('m', NULL);
SELECT sage_drop_version('m', min(version)) FROM sage.model_versions WHERE model = 'm' AND NOT deployed;
SELECT count(*) FROM sage.model_versions WHERE model = 'm' AND version = 1 AND NOT deployed;
SELECT count(*) > 0 AS others_stay, bool_or(deployed) AS deployed FROM sage.model_versions WHERE model = 'm';
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored;
SELECT sage_deploy('m', :before);

-- a name belongs to its graph
SELECT * FROM sage_train('m', 'other', target => 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('retrain');
\echo :LAST_ERROR_SQLSTATE
-- several graphs: one must be named for a new model
SELECT * FROM sage_train('new', target => 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('other');
SELECT version FROM sage_train('new', target => 'churned', options => '{"quiet": true, "epochs": 1}');
SELECT graph FROM sage.models WHERE model = 'new';

-- a dropped model is gone with all its versions, runs and epochs, and its name is free
SELECT sage_drop_model('m');
SELECT sage_drop_model('m');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_model(NULL);
SELECT (SELECT count(*) FROM sage.model_versions WHERE model = 'm') AS versions, (SELECT count(*) FROM sage.runs WHERE model = 'm') AS runs,
	(SELECT count(*) FROM sage.epochs WHERE model = 'm') AS epochs;
SELECT sage_predict(1, 'm');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(1, 'newer');
SELECT version FROM sage_train('m', target => 'churned', options => '{"quiet": true, "epochs": 1}');
BEGIN;
SELECT sage_drop_model('m');
SELECT sage_predict(1, 'm');
ROLLBACK;
SELECT sage_predict(1, 'm') IS NOT NULL AS still_there;
SELECT sage_drop_model('m');
SELECT sage_drop_model('new');
SELECT sage_drop_graph('retrain');
SELECT * FROM sage_train('m', target => 'churned');
\echo :LAST_ERROR_SQLSTATE
SET client_min_messages = warning;
DROP SCHEMA retrain CASCADE;
