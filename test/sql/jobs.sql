-- Training in the background: queue, wait, cancel, errors, rights.
-- Crashes and much else are tested in test/t/07*.pl.

SET client_min_messages = warning;
CREATE TABLE jobs_people (id bigint PRIMARY KEY, a real, b real, y boolean, score real);
CREATE TABLE jobs_knows (source bigint, target bigint);
CREATE INDEX ON jobs_knows (source, target);
CREATE INDEX ON jobs_knows (target, source);
INSERT INTO jobs_people SELECT i, i % 7, i % 11, i % 7 > 3, i % 7 FROM generate_series(1, 300) i;
INSERT INTO jobs_knows SELECT i, 1 + (i * 7) % 300 FROM generate_series(1, 300) i;
SELECT sage_create_graph('jobs', 'jobs_people', 'jobs_knows');

-- a run
SELECT sage_train_async('jobs_model', 'jobs', target => 'y', options => '{"epochs": 2, "refit": "never", "exclude": ["score"]}') AS run \gset
SELECT sage_wait(:run);
SELECT model, graph, owner = current_user AS own, state, attempt, version, error, sqlstate, reason, request,
	submitted <= started AND started <= ended AS times, result->>'epochs' AS epochs, result ? 'validation' AS validation
FROM sage.runs WHERE run = :run;
SELECT baseline, epoch, loss > 0 AS loss, validation BETWEEN 0 AND 1 AS validation FROM sage.epochs WHERE run = :run ORDER BY 1, 2;
SELECT deployed, task FROM sage.models WHERE model = 'jobs_model';
SELECT run = :run AS same FROM sage.model_versions WHERE model = 'jobs_model';
SELECT count(*) FROM sage.progress;

-- in a session the row is the same
SELECT version FROM sage_train('jobs_model', options => '{"quiet": true}');
SELECT state, attempt, version, request IS NULL AS in_session FROM sage.runs WHERE model = 'jobs_model' ORDER BY run;

-- again, without saying on what; not deployed
SELECT sage_train_async('jobs_model', options => '{"deploy": "never"}') AS run \gset
SELECT sage_wait(:run, '1 min');
SELECT version, deployed FROM sage.model_versions WHERE model = 'jobs_model' ORDER BY 1;

-- from the weights of an earlier version
SELECT sage_train_async('jobs_model', options => '{"continue_from": true}') AS run \gset
SELECT sage_wait(:run);
SELECT e.loss < f.loss AS better, NOT v.request->'options' ? 'continue_from' AS not_repeated
FROM sage.epochs e, sage.epochs f, sage.model_versions v
WHERE e.run = :run AND e.epoch = 1 AND NOT e.baseline AND f.run = (SELECT min(run) FROM sage.runs WHERE model = 'jobs_model')
	AND f.epoch = 1 AND NOT f.baseline AND v.run = :run;
SELECT sage_train_async('jobs_model', options => '{"continue_from": 9}');
SELECT sage_train_async('jobs_model', options => '{"continue_from": "one"}');
SELECT sage_train_async('jobs_model', options => '{"continue_from": 1, "hidden": 8}') AS run \gset
SELECT sage_wait(:run);
SELECT error, sqlstate, detail, hint FROM sage.runs WHERE run = :run;
SELECT sage_train_async('jobs_new', 'jobs', target => 'y', options => '{"continue_from": true}');

-- what can be seen at once is an error at once
SELECT sage_train_async(NULL, 'jobs', target => 'y');
SELECT sage_train_async('jobs_model', 'nowhere', target => 'y');
SELECT sage_train_async('jobs_model', 'jobs', target => 'x');
SELECT sage_train_async('jobs_model', 'jobs', target => 'y', labels => 'SELECT 1');
SELECT sage_train_async('jobs_model', 'jobs', labels => 'SELECT nothing');
SELECT sage_train_async('jobs_model', 'jobs', target => 'y', options => '{"epoch": 2}');

-- what only the training finds is in the row
SELECT sage_train_async('jobs_other', 'jobs', labels => 'SELECT id AS node, true AS label FROM jobs_people') AS run \gset
SELECT sage_wait(:run);
SELECT state, error, sqlstate, hint, version FROM sage.runs WHERE run = :run;

-- the labels query finds what it found where it was written; threads are those of the session
CREATE SCHEMA jobs_schema;
CREATE TABLE jobs_schema.hidden AS SELECT id, y FROM jobs_people;
SET search_path = jobs_schema, public;
SET sage.threads = 2;
SELECT sage_train_async('jobs_other', 'jobs', labels => 'SELECT id AS node, y AS label FROM hidden WHERE current_setting(''sage.threads'') = ''2''', options => '{"epochs": 1}') AS run \gset
RESET search_path;
RESET sage.threads;
SELECT sage_wait(:run);

-- transactions
\set VERBOSITY sqlstate
BEGIN;
SELECT sage_train_async('jobs_model') AS run \gset
SELECT sage_wait(:run);
ROLLBACK;
SELECT sage_wait(:run) IS NULL;
\set VERBOSITY default
BEGIN READ ONLY;
SELECT sage_train_async('jobs_model');
ROLLBACK;

-- waiting, canceling
SET sage.max_workers = 0;
SELECT sage_train_async('jobs_model', options => '{"epochs": 1000000, "patience": 1000000000}') AS run \gset
RESET sage.max_workers;
SELECT sage_wait(:run, '10 ms') IN ('queued', 'running');
SELECT sage_cancel(:run);
SELECT sage_wait(:run);
SELECT sage_cancel(:run);
SELECT state, error, version FROM sage.runs WHERE run = :run;
SELECT sage_cancel(0);
SELECT sage_wait(0);
SELECT sage_cancel(NULL), sage_wait(NULL);
SELECT sage_resume();

-- rights
CREATE ROLE jobs_role;
GRANT SELECT ON jobs_people, jobs_knows TO jobs_role;
SELECT min(run) AS run FROM sage.runs \gset
SET ROLE jobs_role;
SELECT count(*) FROM sage.runs;
\set VERBOSITY sqlstate
SELECT sage_cancel(:run);
SELECT sage_wait(:run);
\set VERBOSITY default
SELECT sage_train_async('jobs_model');
SELECT * FROM sage.run;
SELECT sage_train_async('jobs_mine', 'jobs', target => 'y', options => '{"epochs": 1}') AS run \gset
SELECT sage_wait(:run);
SELECT model, owner, state FROM sage.runs;
SELECT count(*) > 0 AS epochs FROM sage.epochs;
SET sage.max_workers = 9;
RESET ROLE;

SELECT sage_drop_model(m) FROM unnest('{jobs_model,jobs_other,jobs_mine}'::text[]) m;
SELECT count(*) FROM sage.runs WHERE model = 'jobs_model';
SELECT sage_drop_graph('jobs');
DROP SCHEMA jobs_schema CASCADE;
DROP TABLE jobs_people, jobs_knows;
DROP ROLE jobs_role;
