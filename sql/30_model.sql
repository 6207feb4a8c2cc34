-- Models: catalog tables, views, and the functions that manage them.

CREATE SEQUENCE sage.version_id;
COMMENT ON SEQUENCE sage.version_id IS 'identifies model versions; a number is never used again';

CREATE TABLE sage.model (
	model text PRIMARY KEY,
	graph text NOT NULL,
	deployed integer,
	created timestamptz NOT NULL DEFAULT now(),
	owned_by sage.role NOT NULL,
	granted_to sage.role[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE sage.model IS 'models; users read sage.models';
COMMENT ON COLUMN sage.model.model IS 'name of the model';
COMMENT ON COLUMN sage.model.graph IS 'graph that it is trained on';
COMMENT ON COLUMN sage.model.owned_by IS 'role whose members may train, deploy, export and drop it';
COMMENT ON COLUMN sage.model.deployed IS 'version that scores';
COMMENT ON COLUMN sage.model.granted_to IS 'other roles that may score with it';
COMMENT ON COLUMN sage.model.created IS 'when its first version was made';

CREATE TABLE sage.model_version (
	id bigint PRIMARY KEY DEFAULT nextval('sage.version_id'),
	model text NOT NULL,
	version integer NOT NULL,
	task text NOT NULL,
	spec jsonb NOT NULL,
	weights bytea NOT NULL,
	request jsonb NOT NULL DEFAULT '{}',
	metric text,
	validation double precision,
	test double precision,
	baseline double precision,
	metrics jsonb NOT NULL DEFAULT '{}',
	rows_read jsonb NOT NULL DEFAULT '{}',
	epochs integer,
	best_epoch integer,
	seconds double precision,
	run bigint,
	created timestamptz NOT NULL DEFAULT now(),
	trainer sage.role NOT NULL,
	UNIQUE (model, version)
);
ALTER TABLE sage.model_version ALTER COLUMN weights SET STORAGE EXTERNAL;
COMMENT ON TABLE sage.model_version IS 'versions of models; users read sage.model_versions';
COMMENT ON COLUMN sage.model_version.id IS 'identifies the version';
COMMENT ON COLUMN sage.model_version.model IS 'name of the model';
COMMENT ON COLUMN sage.model_version.version IS 'number of the version, from 1';
COMMENT ON COLUMN sage.model_version.task IS 'binary, multiclass, multilabel or regression';
COMMENT ON COLUMN sage.model_version.spec IS 'description of the network and its fitted encoders';
COMMENT ON COLUMN sage.model_version.weights IS 'weights, as a safetensors file';
COMMENT ON COLUMN sage.model_version.request IS 'what sage_train was asked for';
COMMENT ON COLUMN sage.model_version.trainer IS 'role that trained or imported it';
COMMENT ON COLUMN sage.model_version.metric IS 'metric that stopped the training';
COMMENT ON COLUMN sage.model_version.validation IS 'the metric on validation labels';
COMMENT ON COLUMN sage.model_version.test IS 'the metric on test labels';
COMMENT ON COLUMN sage.model_version.baseline IS 'the metric of a model without neighbors, on the test labels or, if there are none, the validation labels';
COMMENT ON COLUMN sage.model_version.metrics IS 'class counts and further figures';
COMMENT ON COLUMN sage.model_version.rows_read IS 'nodes, edges, and what was left out';
COMMENT ON COLUMN sage.model_version.epochs IS 'epochs trained';
COMMENT ON COLUMN sage.model_version.best_epoch IS 'epoch in which the best weights were met';
COMMENT ON COLUMN sage.model_version.seconds IS 'how long the training took';
COMMENT ON COLUMN sage.model_version.run IS 'run that made it; null if imported';
COMMENT ON COLUMN sage.model_version.created IS 'when it was made';

CREATE SEQUENCE sage.run_id;
COMMENT ON SEQUENCE sage.run_id IS 'identifies runs';

CREATE TABLE sage.run (
	run bigint PRIMARY KEY DEFAULT nextval('sage.run_id'),
	model text NOT NULL,
	graph text NOT NULL,
	state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled')),
	attempt integer NOT NULL DEFAULT 0,
	submitted timestamptz NOT NULL DEFAULT clock_timestamp(),
	started timestamptz,
	ended timestamptz,
	version integer,
	error text,
	sqlstate text,
	detail text,
	hint text,
	reason text,
	cancel_requested boolean NOT NULL DEFAULT false,
	request jsonb,
	settings jsonb,
	messages text[],
	result jsonb,
	owned_by sage.role NOT NULL
);
CREATE INDEX run_open ON sage.run (run) WHERE state IN ('queued', 'running');
COMMENT ON TABLE sage.run IS 'trainings; users read sage.runs';
COMMENT ON COLUMN sage.run.run IS 'number of the run';
COMMENT ON COLUMN sage.run.model IS 'model that is trained';
COMMENT ON COLUMN sage.run.graph IS 'graph that it is trained on';
COMMENT ON COLUMN sage.run.owned_by IS 'role that trains';
COMMENT ON COLUMN sage.run.state IS 'queued, running, done, failed or canceled; running without a process is interrupted';
COMMENT ON COLUMN sage.run.attempt IS 'how many times it was begun';
COMMENT ON COLUMN sage.run.submitted IS 'when it was asked for';
COMMENT ON COLUMN sage.run.started IS 'when it was first begun';
COMMENT ON COLUMN sage.run.ended IS 'when it ended';
COMMENT ON COLUMN sage.run.version IS 'version that it made';
COMMENT ON COLUMN sage.run.error IS 'why it failed';
COMMENT ON COLUMN sage.run.sqlstate IS 'the error''s SQLSTATE';
COMMENT ON COLUMN sage.run.detail IS 'the error''s detail';
COMMENT ON COLUMN sage.run.hint IS 'what to do about the error';
COMMENT ON COLUMN sage.run.reason IS 'what else there is to know';
COMMENT ON COLUMN sage.run.cancel_requested IS 'true after sage_cancel';
COMMENT ON COLUMN sage.run.request IS 'the arguments of a run in the background';
COMMENT ON COLUMN sage.run.settings IS 'the submitter''s settings, under which the labels are read';
COMMENT ON COLUMN sage.run.messages IS 'warnings and notices of its last attempt in the background';
COMMENT ON COLUMN sage.run.result IS 'the figures of the version';

CREATE TABLE sage.epoch (
	run bigint NOT NULL,
	baseline boolean NOT NULL,
	epoch integer NOT NULL,
	loss double precision,
	validation double precision,
	seconds double precision,
	PRIMARY KEY (run, baseline, epoch)
);
COMMENT ON TABLE sage.epoch IS 'epochs of runs; users read sage.epochs';
COMMENT ON COLUMN sage.epoch.run IS 'number of the run';
COMMENT ON COLUMN sage.epoch.baseline IS 'true for the features-only baseline';
COMMENT ON COLUMN sage.epoch.epoch IS 'number of the epoch, from 1';
COMMENT ON COLUMN sage.epoch.loss IS 'mean training loss';
COMMENT ON COLUMN sage.epoch.validation IS 'metric on the validation labels';
COMMENT ON COLUMN sage.epoch.seconds IS 'how long it took';

-- Who may see a model: its owner's members, and those it is granted to.

CREATE FUNCTION sage.role_allows(owner sage.role, granted sage.role[]) RETURNS boolean
AS 'MODULE_PATHNAME', 'sage_role_allows'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION sage.role_allows(sage.role, sage.role[]) IS 'true if the current user may score with a model of that owner and those grants';

CREATE VIEW sage.models WITH (security_barrier) AS
	SELECT m.model, m.graph, m.owned_by::text AS owner, v.task, m.deployed, v.metric, v.validation, v.test, v.baseline,
		v.metrics, v.rows_read, v.epochs, v.best_epoch, v.seconds, m.granted_to::text[] AS granted, m.created, v.created AS trained
	FROM sage.model m LEFT JOIN sage.model_version v ON v.model = m.model AND v.version = m.deployed
	WHERE sage.role_allows(m.owned_by, m.granted_to);
COMMENT ON VIEW sage.models IS 'models that you may use, with the figures of the deployed version';
COMMENT ON COLUMN sage.models.model IS 'name of the model';
COMMENT ON COLUMN sage.models.graph IS 'graph that it is trained on';
COMMENT ON COLUMN sage.models.owner IS 'role whose members may train, deploy, export and drop it';
COMMENT ON COLUMN sage.models.task IS 'binary, multiclass, multilabel or regression';
COMMENT ON COLUMN sage.models.deployed IS 'version that scores';
COMMENT ON COLUMN sage.models.metric IS 'metric that the next columns are about';
COMMENT ON COLUMN sage.models.validation IS 'the metric on validation labels, which chose the weights';
COMMENT ON COLUMN sage.models.test IS 'the metric on test labels, which nothing was chosen by';
COMMENT ON COLUMN sage.models.baseline IS 'the metric of a model without neighbors, on the test labels or, if there are none, the validation labels';
COMMENT ON COLUMN sage.models.metrics IS 'class counts and further figures';
COMMENT ON COLUMN sage.models.rows_read IS 'nodes, edges, and what was left out';
COMMENT ON COLUMN sage.models.epochs IS 'epochs trained';
COMMENT ON COLUMN sage.models.best_epoch IS 'epoch in which the best weights were met';
COMMENT ON COLUMN sage.models.seconds IS 'how long the training took';
COMMENT ON COLUMN sage.models.granted IS 'other roles that may score with it';
COMMENT ON COLUMN sage.models.created IS 'when its first version was made';
COMMENT ON COLUMN sage.models.trained IS 'when the deployed version was made';

CREATE VIEW sage.model_versions WITH (security_barrier) AS
	SELECT v.model, v.version, v.version = m.deployed AS deployed, v.task, v.metric, v.validation, v.test, v.baseline,
		v.metrics, v.rows_read, v.epochs, v.best_epoch, v.seconds, v.request, v.trainer::text AS trained_by, v.run,
		octet_length(v.weights) AS bytes, v.created
	FROM sage.model_version v JOIN sage.model m ON m.model = v.model
	WHERE sage.role_allows(m.owned_by, m.granted_to);
COMMENT ON VIEW sage.model_versions IS 'all versions of the models that you may use';
COMMENT ON COLUMN sage.model_versions.model IS 'name of the model';
COMMENT ON COLUMN sage.model_versions.version IS 'number of the version, from 1';
COMMENT ON COLUMN sage.model_versions.deployed IS 'true if this is the version that scores';
COMMENT ON COLUMN sage.model_versions.task IS 'binary, multiclass, multilabel or regression';
COMMENT ON COLUMN sage.model_versions.metric IS 'metric that the next columns are about';
COMMENT ON COLUMN sage.model_versions.validation IS 'the metric on validation labels, which chose the weights';
COMMENT ON COLUMN sage.model_versions.test IS 'the metric on test labels, which nothing was chosen by';
COMMENT ON COLUMN sage.model_versions.baseline IS 'the metric of a model without neighbors, on the test labels or, if there are none, the validation labels';
COMMENT ON COLUMN sage.model_versions.metrics IS 'class counts and further figures';
COMMENT ON COLUMN sage.model_versions.rows_read IS 'nodes, edges, and what was left out';
COMMENT ON COLUMN sage.model_versions.epochs IS 'epochs trained';
COMMENT ON COLUMN sage.model_versions.best_epoch IS 'epoch in which the best weights were met';
COMMENT ON COLUMN sage.model_versions.seconds IS 'how long the training took';
COMMENT ON COLUMN sage.model_versions.request IS 'what sage_train was asked for';
COMMENT ON COLUMN sage.model_versions.trained_by IS 'role that trained or imported it';
COMMENT ON COLUMN sage.model_versions.run IS 'run that made it; null if imported';
COMMENT ON COLUMN sage.model_versions.bytes IS 'size of the weights';
COMMENT ON COLUMN sage.model_versions.created IS 'when it was made';

-- What the row cannot say: whether a process works on the run, and why it waits.

CREATE FUNCTION sage.run_state_now(run bigint, state text) RETURNS text
AS 'MODULE_PATHNAME', 'sage_run_state_now'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage.run_state_now(bigint, text) IS 'the state of a run: a running one without a process is interrupted';

CREATE FUNCTION sage.run_reason(state text, reason text) RETURNS text
AS 'MODULE_PATHNAME', 'sage_run_reason'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage.run_reason(text, text) IS 'why a run waits, or what else there is to know';

CREATE VIEW sage.runs WITH (security_barrier) AS
	SELECT r.run, r.model, r.graph, r.owned_by::text AS owner, s.state, r.attempt, r.submitted, r.started, r.ended, r.version,
		r.error, r.sqlstate, r.detail, r.hint, sage.run_reason(s.state, r.reason) AS reason,
		r.messages, r.result, r.request
	FROM sage.run r CROSS JOIN LATERAL (SELECT sage.run_state_now(r.run, r.state) AS state OFFSET 0) s
	WHERE sage.role_allows(r.owned_by, '{}');
COMMENT ON VIEW sage.runs IS 'trainings of roles that you are a member of';
COMMENT ON COLUMN sage.runs.run IS 'number of the run';
COMMENT ON COLUMN sage.runs.model IS 'model that is trained';
COMMENT ON COLUMN sage.runs.graph IS 'graph that it is trained on';
COMMENT ON COLUMN sage.runs.owner IS 'role that trains';
COMMENT ON COLUMN sage.runs.state IS 'queued, running, interrupted, done, failed or canceled';
COMMENT ON COLUMN sage.runs.attempt IS 'how many times it was begun';
COMMENT ON COLUMN sage.runs.submitted IS 'when it was asked for';
COMMENT ON COLUMN sage.runs.started IS 'when it was first begun';
COMMENT ON COLUMN sage.runs.ended IS 'when it ended';
COMMENT ON COLUMN sage.runs.version IS 'version that it made';
COMMENT ON COLUMN sage.runs.error IS 'why it failed';
COMMENT ON COLUMN sage.runs.sqlstate IS 'the error''s SQLSTATE';
COMMENT ON COLUMN sage.runs.detail IS 'the error''s detail';
COMMENT ON COLUMN sage.runs.hint IS 'what to do about the error';
COMMENT ON COLUMN sage.runs.reason IS 'why it waits, or what else there is to know';
COMMENT ON COLUMN sage.runs.messages IS 'warnings and notices of a run in the background';
COMMENT ON COLUMN sage.runs.result IS 'the figures of the version';
COMMENT ON COLUMN sage.runs.request IS 'the arguments of a run in the background';

CREATE VIEW sage.epochs WITH (security_barrier) AS
	SELECT e.run, r.model, r.version, e.baseline, e.epoch, e.loss, e.validation, e.seconds
	FROM sage.epoch e JOIN sage.run r ON r.run = e.run
	WHERE sage.role_allows(r.owned_by, '{}');
COMMENT ON VIEW sage.epochs IS 'epochs of the trainings of roles that you are a member of';
COMMENT ON COLUMN sage.epochs.run IS 'number of the run';
COMMENT ON COLUMN sage.epochs.model IS 'model that is trained';
COMMENT ON COLUMN sage.epochs.version IS 'version that the run made';
COMMENT ON COLUMN sage.epochs.baseline IS 'true for the features-only baseline';
COMMENT ON COLUMN sage.epochs.epoch IS 'number of the epoch, from 1';
COMMENT ON COLUMN sage.epochs.loss IS 'mean training loss';
COMMENT ON COLUMN sage.epochs.validation IS 'metric on the validation labels';
COMMENT ON COLUMN sage.epochs.seconds IS 'how long it took';

-- Options.

CREATE FUNCTION sage.list_options(OUT name text, OUT type text, OUT default_value text, OUT value_range text, OUT description text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'sage_list_options'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sage.list_options() IS 'the options of sage_train';

CREATE VIEW sage.options AS
	SELECT name, type, default_value, value_range, description FROM sage.list_options();
COMMENT ON VIEW sage.options IS 'the keys of the argument "options" of sage_train';
COMMENT ON COLUMN sage.options.name IS 'key';
COMMENT ON COLUMN sage.options.type IS 'type of the value';
COMMENT ON COLUMN sage.options.default_value IS 'value if the key is not given; null: it depends on the data';
COMMENT ON COLUMN sage.options.value_range IS 'what the value may be';
COMMENT ON COLUMN sage.options.description IS 'what it does';

-- Training.

CREATE FUNCTION sage_train(
	model text,
	graph text DEFAULT NULL,
	target text DEFAULT NULL,
	labels text DEFAULT NULL,
	node_type text DEFAULT NULL,
	task text DEFAULT NULL,
	options jsonb DEFAULT '{}'
) RETURNS TABLE (version integer, epochs integer, best_epoch integer, metric text, validation double precision,
	test double precision, baseline double precision, seconds double precision)
AS 'MODULE_PATHNAME', 'sage_train'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_train(text, text, text, text, text, text, jsonb)
	IS 'trains a model on a column (target) or a query (labels), and deploys it';

-- Managing models.

CREATE FUNCTION sage_deploy(model text, version integer) RETURNS void
AS 'MODULE_PATHNAME', 'sage_deploy'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_deploy(text, integer) IS 'makes a version the one that scores';

CREATE FUNCTION sage_drop_model(model text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_drop_model'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_drop_model(text) IS 'drops a model with all its versions, unless triggers score with it';

CREATE FUNCTION sage_drop_version(model text, version integer) RETURNS void
AS 'MODULE_PATHNAME', 'sage_drop_version'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_drop_version(text, integer) IS 'drops one version of a model, unless it is deployed';

CREATE FUNCTION sage_grant(model text, role text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_grant'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_grant(text, text) IS 'lets a role, or ''public'', score with a model';

CREATE FUNCTION sage_revoke(model text, role text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_revoke'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_revoke(text, text) IS 'takes back what sage_grant gave';

CREATE FUNCTION sage_reassign_owned(old_role text, new_role text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_reassign_owned'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_reassign_owned(text, text)
	IS 'gives the graphs, models and ended runs of a role to another; ''none'' has those of roles that were dropped';

CREATE FUNCTION sage_export(model text, version integer DEFAULT NULL) RETURNS bytea
AS 'MODULE_PATHNAME', 'sage_export'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage_export(text, integer) IS 'a model as a safetensors file; without version the deployed one';

CREATE FUNCTION sage_import(model text, graph text, weights bytea) RETURNS integer
AS 'MODULE_PATHNAME', 'sage_import'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_import(text, text, bytea) IS 'adds a version from the bytes that sage_export made, and deploys it';

CREATE FUNCTION sage_classes(model text DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'sage_classes'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage_classes(text) IS 'the classes of a model (null: sage.default_model, else your only own one), in the order of sage_predict_proba';

CREATE FUNCTION sage_estimate(graph text, options jsonb DEFAULT '{}', OUT rows bigint, OUT edges bigint,
	OUT graph_bytes bigint, OUT training_bytes bigint, OUT access text, OUT load_seconds double precision,
	OUT epoch_seconds double precision)
AS 'MODULE_PATHNAME', 'sage_estimate'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage_estimate(text, jsonb)
	IS 'what a training with these options will take, by the statistics of the tables: rows, bytes, whether the graph fits into memory, a guess of seconds';
