-- The install script of extension sage: put together by make from the numbered
-- parts in sql/.

\echo Use "CREATE EXTENSION sage" to load this file. \quit

CREATE SCHEMA sage;
COMMENT ON SCHEMA sage IS 'catalogue and views of extension sage';

-- Graph definitions.  Everything is kept by name, so that it survives pg_dump.
-- The extension's functions read and write these tables; users have the views
-- sage.graphs, sage.node_types and sage.edge_types.
--
-- There are no foreign keys between them.  They belong to the extension, so
-- that they exist before any data is restored, and pg_restore --jobs fills
-- them in any order.

CREATE SEQUENCE sage.graph_stamp;
COMMENT ON SEQUENCE sage.graph_stamp IS 'counts changes of graph definitions';

CREATE TABLE sage.graph (
	graph text PRIMARY KEY,
	owner text NOT NULL,
	id bigint NOT NULL DEFAULT nextval('sage.graph_stamp'),
	stamp bigint NOT NULL DEFAULT nextval('sage.graph_stamp')
);
COMMENT ON TABLE sage.graph IS 'graphs; users read sage.graphs';
COMMENT ON COLUMN sage.graph.graph IS 'name of the graph';
COMMENT ON COLUMN sage.graph.owner IS 'role that may change and drop the graph';
COMMENT ON COLUMN sage.graph.id IS 'tells it from a graph that had the name before';
COMMENT ON COLUMN sage.graph.stamp IS 'changes with the definition';

CREATE TABLE sage.node_type (
	graph text NOT NULL,
	node_type text NOT NULL,
	position integer NOT NULL,
	table_schema text NOT NULL,
	table_name text NOT NULL,
	key_column text NOT NULL,
	key_type text NOT NULL CHECK (key_type IN ('integer', 'text', 'uuid')),
	time_column text,
	features text[],
	exclude text[],
	PRIMARY KEY (graph, node_type),
	UNIQUE (graph, position)
);
COMMENT ON TABLE sage.node_type IS 'node types of graphs; users read sage.node_types';
COMMENT ON COLUMN sage.node_type.graph IS 'name of the graph';
COMMENT ON COLUMN sage.node_type.node_type IS 'name of the node type';
COMMENT ON COLUMN sage.node_type.position IS 'node types are numbered from 1 in the order in which they were added';
COMMENT ON COLUMN sage.node_type.table_schema IS 'schema of the table whose rows are the nodes';
COMMENT ON COLUMN sage.node_type.table_name IS 'name of the table whose rows are the nodes';
COMMENT ON COLUMN sage.node_type.key_column IS 'column that identifies a node; several have commas between them';
COMMENT ON COLUMN sage.node_type.key_type IS 'kind of key: integer, text or uuid';
COMMENT ON COLUMN sage.node_type.time_column IS 'time from which a row exists; null: always';
COMMENT ON COLUMN sage.node_type.features IS 'columns that are features; null: all that can be';
COMMENT ON COLUMN sage.node_type.exclude IS 'columns that are not features';

CREATE TABLE sage.edge_type (
	graph text NOT NULL,
	edge_type text NOT NULL,
	position integer NOT NULL,
	table_schema text NOT NULL,
	table_name text NOT NULL,
	source_column text NOT NULL,
	target_column text NOT NULL,
	target_key text,
	source_type text NOT NULL,
	target_type text NOT NULL,
	time_column text,
	weight_column text,
	features text[],
	direction text NOT NULL CHECK (direction IN ('undirected', 'forward', 'both')),
	PRIMARY KEY (graph, edge_type),
	UNIQUE (graph, position)
);
COMMENT ON TABLE sage.edge_type IS 'edge types of graphs; users read sage.edge_types';
COMMENT ON COLUMN sage.edge_type.graph IS 'name of the graph';
COMMENT ON COLUMN sage.edge_type.edge_type IS 'name of the edge type';
COMMENT ON COLUMN sage.edge_type.position IS 'edge types are numbered from 1 in the order in which they were added';
COMMENT ON COLUMN sage.edge_type.table_schema IS 'schema of the table whose rows are the edges';
COMMENT ON COLUMN sage.edge_type.table_name IS 'name of the table whose rows are the edges';
COMMENT ON COLUMN sage.edge_type.source_column IS 'column, or several, with the key of the node that an edge comes from';
COMMENT ON COLUMN sage.edge_type.target_column IS 'column, or several, that names the node that an edge goes to';
COMMENT ON COLUMN sage.edge_type.target_key IS 'columns of the target''s table that the target column refers to; null: its key';
COMMENT ON COLUMN sage.edge_type.source_type IS 'node type that edges come from';
COMMENT ON COLUMN sage.edge_type.target_type IS 'node type that edges go to';
COMMENT ON COLUMN sage.edge_type.time_column IS 'time from which an edge exists; null: always';
COMMENT ON COLUMN sage.edge_type.weight_column IS 'column with the weight of an edge; null: all weigh the same';
COMMENT ON COLUMN sage.edge_type.features IS 'columns that are features of an edge';
COMMENT ON COLUMN sage.edge_type.direction IS 'undirected: neighbors in both directions are the same; forward: neighbors are targets; both: each direction is a relation of its own';
-- Graph definitions: functions and views.

CREATE FUNCTION sage_create_graph(
	graph text,
	nodes regclass DEFAULT NULL,
	edges regclass DEFAULT NULL,
	key text DEFAULT NULL,
	source text DEFAULT NULL,
	target text DEFAULT NULL,
	features text[] DEFAULT NULL,
	exclude text[] DEFAULT NULL,
	time_column text DEFAULT NULL,
	edge_time_column text DEFAULT NULL,
	weight_column text DEFAULT NULL,
	direction text DEFAULT 'undirected'
) RETURNS void
AS 'MODULE_PATHNAME', 'sage_create_graph'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_create_graph(text, regclass, regclass, text, text, text, text[], text[], text, text, text, text)
	IS 'defines a graph: of one table of nodes and one of edges, or an empty one to add tables to';

CREATE FUNCTION sage_add_nodes(
	graph text,
	nodes regclass,
	node_type text DEFAULT NULL,
	key text DEFAULT NULL,
	features text[] DEFAULT NULL,
	exclude text[] DEFAULT NULL,
	time_column text DEFAULT NULL
) RETURNS void
AS 'MODULE_PATHNAME', 'sage_add_nodes'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_add_nodes(text, regclass, text, text, text[], text[], text)
	IS 'adds a node type to a graph: a table whose rows are nodes';

CREATE FUNCTION sage_add_edges(
	graph text,
	edges regclass,
	edge_type text DEFAULT NULL,
	source text DEFAULT NULL,
	target text DEFAULT NULL,
	source_type text DEFAULT NULL,
	target_type text DEFAULT NULL,
	weight_column text DEFAULT NULL,
	time_column text DEFAULT NULL,
	features text[] DEFAULT NULL,
	direction text DEFAULT NULL
) RETURNS void
AS 'MODULE_PATHNAME', 'sage_add_edges'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_add_edges(text, regclass, text, text, text, text, text, text, text, text[], text)
	IS 'adds an edge type to a graph: a table whose rows link a source to a target; features are columns that say more of an edge';

CREATE FUNCTION sage_add_foreign_keys(
	graph text,
	tables regclass[] DEFAULT NULL,
	time_columns jsonb DEFAULT NULL,
	link_tables boolean DEFAULT false
) RETURNS TABLE (edge_type text, child regclass, parent regclass, column_names text[])
AS 'MODULE_PATHNAME', 'sage_add_foreign_keys'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_add_foreign_keys(text, regclass[], jsonb, boolean)
	IS 'adds tables as node types and their foreign keys as edge types to a graph, and returns the edge types added';

CREATE FUNCTION sage_drop_graph(graph text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_drop_graph'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_drop_graph(text)
	IS 'drops the definition of a graph; its tables are not touched';

CREATE VIEW sage.graphs AS
	SELECT g.graph, g.owner,
		(SELECT count(*)::integer FROM sage.node_type n WHERE n.graph = g.graph) AS node_types,
		(SELECT count(*)::integer FROM sage.edge_type e WHERE e.graph = g.graph) AS edge_types
	FROM sage.graph g;
COMMENT ON VIEW sage.graphs IS 'the graphs that are defined';
COMMENT ON COLUMN sage.graphs.graph IS 'name of the graph';
COMMENT ON COLUMN sage.graphs.owner IS 'role that may change and drop the graph';
COMMENT ON COLUMN sage.graphs.node_types IS 'number of its node types';
COMMENT ON COLUMN sage.graphs.edge_types IS 'number of its edge types';

CREATE VIEW sage.node_types AS
	SELECT n.graph, n.node_type, format('%I.%I', n.table_schema, n.table_name) AS nodes,
		n.key_column, n.key_type, n.time_column, n.features, n.exclude
	FROM sage.node_type n
	ORDER BY n.graph, n.position;
COMMENT ON VIEW sage.node_types IS 'the node types of each graph';
COMMENT ON COLUMN sage.node_types.graph IS 'name of the graph';
COMMENT ON COLUMN sage.node_types.node_type IS 'name of the node type';
COMMENT ON COLUMN sage.node_types.nodes IS 'table whose rows are the nodes';
COMMENT ON COLUMN sage.node_types.key_column IS 'column that identifies a node; several have commas between them';
COMMENT ON COLUMN sage.node_types.key_type IS 'kind of key: integer, text or uuid';
COMMENT ON COLUMN sage.node_types.time_column IS 'time from which a row exists; null: always';
COMMENT ON COLUMN sage.node_types.features IS 'columns that are features; null: all that can be';
COMMENT ON COLUMN sage.node_types.exclude IS 'columns that are not features';

CREATE VIEW sage.edge_types AS
	SELECT e.graph, e.edge_type, format('%I.%I', e.table_schema, e.table_name) AS edges,
		e.source_column, e.source_type, e.target_column, e.target_type,
		e.time_column, e.weight_column, e.features, e.direction,
		CASE WHEN e.direction = 'both' THEN ARRAY[e.edge_type, 'rev_' || e.edge_type] ELSE ARRAY[e.edge_type] END AS relations
	FROM sage.edge_type e
	ORDER BY e.graph, e.position;
COMMENT ON VIEW sage.edge_types IS 'the edge types of each graph';
COMMENT ON COLUMN sage.edge_types.graph IS 'name of the graph';
COMMENT ON COLUMN sage.edge_types.edge_type IS 'name of the edge type';
COMMENT ON COLUMN sage.edge_types.edges IS 'table whose rows are the edges';
COMMENT ON COLUMN sage.edge_types.source_column IS 'column, or several, with the key of the node that an edge comes from';
COMMENT ON COLUMN sage.edge_types.source_type IS 'node type that edges come from';
COMMENT ON COLUMN sage.edge_types.target_column IS 'column, or several, that names the node that an edge goes to';
COMMENT ON COLUMN sage.edge_types.target_type IS 'node type that edges go to';
COMMENT ON COLUMN sage.edge_types.time_column IS 'time from which an edge exists; null: always';
COMMENT ON COLUMN sage.edge_types.weight_column IS 'column with the weight of an edge; null: all weigh the same';
COMMENT ON COLUMN sage.edge_types.features IS 'columns that are features of an edge; null: none';
COMMENT ON COLUMN sage.edge_types.direction IS 'undirected: neighbors in both directions are the same; forward: neighbors are targets; both: each direction is a relation of its own';
COMMENT ON COLUMN sage.edge_types.relations IS 'names of its relations, as options like fanout know them';
-- Models: catalogue tables, views, and the functions that manage them.

CREATE SEQUENCE sage.version_id;
COMMENT ON SEQUENCE sage.version_id IS 'identifies model versions; a number is never used again';

CREATE TABLE sage.model (
	model text PRIMARY KEY,
	graph text NOT NULL,
	owner text NOT NULL,
	deployed integer,
	granted text[] NOT NULL DEFAULT '{}',
	created timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sage.model IS 'models; users read sage.models';
COMMENT ON COLUMN sage.model.model IS 'name of the model';
COMMENT ON COLUMN sage.model.graph IS 'graph that it is trained on';
COMMENT ON COLUMN sage.model.owner IS 'role whose members may train, deploy, export and drop it';
COMMENT ON COLUMN sage.model.deployed IS 'version that scores';
COMMENT ON COLUMN sage.model.granted IS 'other roles that may score with it';
COMMENT ON COLUMN sage.model.created IS 'when its first version was made';

CREATE TABLE sage.model_version (
	id bigint PRIMARY KEY DEFAULT nextval('sage.version_id'),
	model text NOT NULL,
	version integer NOT NULL,
	task text NOT NULL,
	spec jsonb NOT NULL,
	weights bytea NOT NULL,
	request jsonb NOT NULL DEFAULT '{}',
	trained_by text NOT NULL,
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
COMMENT ON COLUMN sage.model_version.trained_by IS 'role that trained or imported it';
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
	owner text NOT NULL,
	state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
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
	result jsonb
);
CREATE INDEX run_open ON sage.run (run) WHERE state IN ('queued', 'running');
COMMENT ON TABLE sage.run IS 'trainings; users read sage.runs';
COMMENT ON COLUMN sage.run.run IS 'number of the run';
COMMENT ON COLUMN sage.run.model IS 'model that is trained';
COMMENT ON COLUMN sage.run.graph IS 'graph that it is trained on';
COMMENT ON COLUMN sage.run.owner IS 'role that trains';
COMMENT ON COLUMN sage.run.state IS 'queued, running, done, failed or cancelled; running without a process is interrupted';
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

CREATE FUNCTION sage.model_visible(owner text, granted text[]) RETURNS boolean
AS 'MODULE_PATHNAME', 'sage_model_visible'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION sage.model_visible(text, text[]) IS 'true if the current user may score with a model of that owner and those grants';

CREATE VIEW sage.models WITH (security_barrier) AS
	SELECT m.model, m.graph, m.owner, v.task, m.deployed, v.metric, v.validation, v.test, v.baseline,
		v.metrics, v.rows_read, v.epochs, v.best_epoch, v.seconds, m.granted, m.created, v.created AS trained
	FROM sage.model m LEFT JOIN sage.model_version v ON v.model = m.model AND v.version = m.deployed
	WHERE sage.model_visible(m.owner, m.granted);
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
		v.metrics, v.rows_read, v.epochs, v.best_epoch, v.seconds, v.request, v.trained_by, v.run,
		octet_length(v.weights) AS bytes, v.created
	FROM sage.model_version v JOIN sage.model m ON m.model = v.model
	WHERE sage.model_visible(m.owner, m.granted);
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
	SELECT r.run, r.model, r.graph, r.owner, s.state, r.attempt, r.submitted, r.started, r.ended, r.version,
		r.error, r.sqlstate, r.detail, r.hint, sage.run_reason(s.state, r.reason) AS reason,
		r.messages, r.result, r.request
	FROM sage.run r CROSS JOIN LATERAL (SELECT sage.run_state_now(r.run, r.state) AS state OFFSET 0) s
	WHERE sage.model_visible(r.owner, '{}');
COMMENT ON VIEW sage.runs IS 'trainings of roles that you are a member of';
COMMENT ON COLUMN sage.runs.run IS 'number of the run';
COMMENT ON COLUMN sage.runs.model IS 'model that is trained';
COMMENT ON COLUMN sage.runs.graph IS 'graph that it is trained on';
COMMENT ON COLUMN sage.runs.owner IS 'role that trains';
COMMENT ON COLUMN sage.runs.state IS 'queued, running, interrupted, done, failed or cancelled';
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
	WHERE sage.model_visible(r.owner, '{}');
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

CREATE FUNCTION sage_grant(model text, role text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_grant'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_grant(text, text) IS 'lets a role, or ''public'', score with a model';

CREATE FUNCTION sage_revoke(model text, role text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_revoke'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_revoke(text, text) IS 'takes back what sage_grant gave';

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
COMMENT ON FUNCTION sage_classes(text) IS 'the classes of a model (null: sage.default_model, else your only own one, else the only one granted to you), in the order of sage_predict_proba';

CREATE FUNCTION sage_estimate(graph text, options jsonb DEFAULT '{}', OUT rows bigint, OUT edges bigint,
	OUT graph_bytes bigint, OUT training_bytes bigint, OUT access text, OUT load_seconds double precision,
	OUT epoch_seconds double precision)
AS 'MODULE_PATHNAME', 'sage_estimate'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage_estimate(text, jsonb)
	IS 'what a training with these options will take, by the statistics of the tables: rows, bytes, whether the graph fits into memory, a guess of seconds';
-- Scoring.

CREATE FUNCTION sage_predict(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict(bigint, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one, else the only one granted to you';

CREATE FUNCTION sage_predict(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict(text, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one, else the only one granted to you';

CREATE FUNCTION sage_predict(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict(uuid, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one, else the only one granted to you';

CREATE FUNCTION sage_predict(nodes bigint[], model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'sage_predict_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict(bigint[], text, timestamptz, text) IS 'the score of each node: a probability, or the predicted value';

CREATE FUNCTION sage_predict(nodes text[], model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'sage_predict_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict(text[], text, timestamptz, text) IS 'the score of each node: a probability, or the predicted value';

CREATE FUNCTION sage_predict(nodes uuid[], model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'sage_predict_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict(uuid[], text, timestamptz, text) IS 'the score of each node: a probability, or the predicted value';

CREATE FUNCTION sage_predict_label(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_predict_label_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_label(bigint, text, timestamptz) IS 'the predicted class of a node';

CREATE FUNCTION sage_predict_label(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_predict_label_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_label(text, text, timestamptz) IS 'the predicted class of a node';

CREATE FUNCTION sage_predict_label(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_predict_label_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_label(uuid, text, timestamptz) IS 'the predicted class of a node';

CREATE FUNCTION sage_predict_label(nodes bigint[], model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'sage_predict_label_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict_label(bigint[], text, timestamptz) IS 'the predicted class of each node';

CREATE FUNCTION sage_predict_label(nodes text[], model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'sage_predict_label_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict_label(text[], text, timestamptz) IS 'the predicted class of each node';

CREATE FUNCTION sage_predict_label(nodes uuid[], model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'sage_predict_label_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict_label(uuid[], text, timestamptz) IS 'the predicted class of each node';

CREATE FUNCTION sage_predict_proba(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_predict_proba_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_proba(bigint, text, timestamptz) IS 'the probabilities of all classes, in the order of sage_classes';

CREATE FUNCTION sage_predict_proba(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_predict_proba_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_proba(text, text, timestamptz) IS 'the probabilities of all classes, in the order of sage_classes';

CREATE FUNCTION sage_predict_proba(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_predict_proba_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_proba(uuid, text, timestamptz) IS 'the probabilities of all classes, in the order of sage_classes';

CREATE FUNCTION sage_embed(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_embed_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_embed(bigint, text, timestamptz) IS 'the embedding of a node: its last hidden state';

CREATE FUNCTION sage_embed(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_embed_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_embed(text, text, timestamptz) IS 'the embedding of a node: its last hidden state';

CREATE FUNCTION sage_embed(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_embed_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_embed(uuid, text, timestamptz) IS 'the embedding of a node: its last hidden state';

CREATE FUNCTION sage_predict_row(node_row record, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_row'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_row(record, text, timestamptz, text)
	IS 'the score of a row value that need not be in the table, with the edges that name its key and those that its foreign keys are';

CREATE FUNCTION sage_evaluate(model text DEFAULT NULL, labels text DEFAULT NULL)
RETURNS TABLE (metric text, value double precision)
AS 'MODULE_PATHNAME', 'sage_evaluate'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage_evaluate(text, text)
	IS 'all metrics of a model, on the labels of a query or on those that it was trained on';

CREATE FUNCTION sage.list_cache(OUT model text, OUT rows bigint, OUT bytes bigint, OUT reads bigint, OUT reuses bigint)
AS 'MODULE_PATHNAME', 'sage_list_cache'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage.list_cache() IS 'for view sage.cache';

CREATE VIEW sage.cache AS SELECT model, rows, bytes, reads, reuses FROM sage.list_cache();
COMMENT ON VIEW sage.cache IS 'what this session keeps for its next statements: scores of a whole table, or neighborhoods of nodes that were scored one by one';
COMMENT ON COLUMN sage.cache.model IS 'model that it is kept for; null: nothing is';
COMMENT ON COLUMN sage.cache.rows IS 'rows whose scores are kept; 0: none are, but neighborhoods';
COMMENT ON COLUMN sage.cache.bytes IS 'memory that it takes';
COMMENT ON COLUMN sage.cache.reads IS 'how many times a graph was read and scored as a whole in this session';
COMMENT ON COLUMN sage.cache.reuses IS 'how many times that was not necessary, because nothing had changed and scores were kept';
-- Keeping scores.

CREATE FUNCTION sage_score() RETURNS trigger
AS 'MODULE_PATHNAME', 'sage_score'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_score()
	IS 'trigger function (model, score_column): fills the column, before or after; on an edge table it rescores the ends';

CREATE FUNCTION sage_attach(model text, score_column text, mode text DEFAULT 'before') RETURNS void
AS 'MODULE_PATHNAME', 'sage_attach'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_attach(text, text, text)
	IS 'creates the triggers that keep a column of scores up to date, on the node table and its edge tables';

CREATE FUNCTION sage_detach(model text, score_column text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_detach'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_detach(text, text) IS 'drops the triggers that sage_attach made';
-- Training in the background.

CREATE FUNCTION sage_train_async(
	model text,
	graph text DEFAULT NULL,
	target text DEFAULT NULL,
	labels text DEFAULT NULL,
	node_type text DEFAULT NULL,
	task text DEFAULT NULL,
	options jsonb DEFAULT '{}'
) RETURNS bigint
AS 'MODULE_PATHNAME', 'sage_train_async'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_train_async(text, text, text, text, text, text, jsonb)
	IS 'trains a model as sage_train does, in the background, once this transaction has committed: the number of the run';

CREATE FUNCTION sage_cancel(run bigint) RETURNS boolean
AS 'MODULE_PATHNAME', 'sage_cancel'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_cancel(bigint) IS 'cancels a run, once this transaction has committed: false if it had ended';

CREATE FUNCTION sage_wait(run bigint, timeout interval DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_wait'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_wait(bigint, interval) IS 'waits until a run ends, or for the timeout: its state';

CREATE FUNCTION sage_resume() RETURNS integer
AS 'MODULE_PATHNAME', 'sage_resume'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_resume() IS 'starts workers for runs that wait or were interrupted: how many such runs there are';

CREATE FUNCTION sage.list_progress(OUT run bigint, OUT model text, OUT attempt integer, OUT pid integer, OUT phase text,
	OUT epoch integer, OUT epochs integer, OUT batch bigint, OUT batches bigint, OUT loss double precision,
	OUT metric text, OUT validation double precision, OUT rows_per_second double precision, OUT memory bigint,
	OUT seconds double precision, OUT seconds_left double precision) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'sage_list_progress'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage.list_progress() IS 'what view sage.progress shows';

CREATE VIEW sage.progress WITH (security_barrier) AS SELECT * FROM sage.list_progress();
COMMENT ON VIEW sage.progress IS 'where your runs in the background stand; to be looked at with \watch';
COMMENT ON COLUMN sage.progress.run IS 'number of the run';
COMMENT ON COLUMN sage.progress.model IS 'model that is trained';
COMMENT ON COLUMN sage.progress.attempt IS 'how many times it was begun';
COMMENT ON COLUMN sage.progress.pid IS 'process that trains';
COMMENT ON COLUMN sage.progress.phase IS 'loading, training, evaluating, refit (once more with all labels), baseline or storing';
COMMENT ON COLUMN sage.progress.epoch IS 'pass over the training labels';
COMMENT ON COLUMN sage.progress.epochs IS 'passes at the most';
COMMENT ON COLUMN sage.progress.batch IS 'steps done in this epoch';
COMMENT ON COLUMN sage.progress.batches IS 'steps of an epoch';
COMMENT ON COLUMN sage.progress.loss IS 'mean training loss of the epoch so far';
COMMENT ON COLUMN sage.progress.metric IS 'metric that the next column is about';
COMMENT ON COLUMN sage.progress.validation IS 'the metric on the validation labels when last looked at';
COMMENT ON COLUMN sage.progress.rows_per_second IS 'labels trained on in a second';
COMMENT ON COLUMN sage.progress.memory IS 'bytes that the training holds';
COMMENT ON COLUMN sage.progress.seconds IS 'since it was begun, without interruptions';
COMMENT ON COLUMN sage.progress.seconds_left IS 'of this phase, at the most';
-- Sampling on request.

CREATE FUNCTION sage_sample_neighbors(graph text, nodes bigint[], edge_type text DEFAULT NULL, k integer DEFAULT 10, strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, bigint[], text, integer, text, timestamptz, bigint, text)
	IS 'neighbors of some nodes: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes text[], edge_type text DEFAULT NULL, k integer DEFAULT 10, strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, text[], text, integer, text, timestamptz, bigint, text)
	IS 'neighbors of some nodes: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes uuid[], edge_type text DEFAULT NULL, k integer DEFAULT 10, strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, uuid[], text, integer, text, timestamptz, bigint, text)
	IS 'neighbors of some nodes: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes bigint[], edge_type text, k integer[], strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, bigint[], text, integer[], text, timestamptz, bigint, text)
	IS 'neighbors of some nodes, hop by hop: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes text[], edge_type text, k integer[], strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, text[], text, integer[], text, timestamptz, bigint, text)
	IS 'neighbors of some nodes, hop by hop: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes uuid[], edge_type text, k integer[], strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, uuid[], text, integer[], text, timestamptz, bigint, text)
	IS 'neighbors of some nodes, hop by hop: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_subgraph(graph text, nodes bigint[], edge_type text DEFAULT NULL, k integer[] DEFAULT '{}', strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL, distances boolean DEFAULT false)
RETURNS TABLE (relation text, source_type text, source text, target_type text, target text, weight double precision, "time" timestamptz,
	source_distances integer[], target_distances integer[])
AS 'MODULE_PATHNAME', 'sage_subgraph'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_subgraph(text, bigint[], text, integer[], text, timestamptz, bigint, text, boolean)
	IS 'all edges among some nodes and the neighbors sampled from them, and how far their ends are from each of the nodes';

CREATE FUNCTION sage_subgraph(graph text, nodes text[], edge_type text DEFAULT NULL, k integer[] DEFAULT '{}', strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL, distances boolean DEFAULT false)
RETURNS TABLE (relation text, source_type text, source text, target_type text, target text, weight double precision, "time" timestamptz,
	source_distances integer[], target_distances integer[])
AS 'MODULE_PATHNAME', 'sage_subgraph'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_subgraph(text, text[], text, integer[], text, timestamptz, bigint, text, boolean)
	IS 'all edges among some nodes and the neighbors sampled from them, and how far their ends are from each of the nodes';

CREATE FUNCTION sage_subgraph(graph text, nodes uuid[], edge_type text DEFAULT NULL, k integer[] DEFAULT '{}', strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL, distances boolean DEFAULT false)
RETURNS TABLE (relation text, source_type text, source text, target_type text, target text, weight double precision, "time" timestamptz,
	source_distances integer[], target_distances integer[])
AS 'MODULE_PATHNAME', 'sage_subgraph'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_subgraph(text, uuid[], text, integer[], text, timestamptz, bigint, text, boolean)
	IS 'all edges among some nodes and the neighbors sampled from them, and how far their ends are from each of the nodes';

CREATE FUNCTION sage_sample_nodes(graph text, node_type text DEFAULT NULL, n bigint DEFAULT NULL, strategy text DEFAULT 'shuffle',
	batch_size integer DEFAULT 64, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (batch bigint, node text)
AS 'MODULE_PATHNAME', 'sage_sample_nodes'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_nodes(text, text, bigint, text, integer, timestamptz, bigint)
	IS 'nodes in batches: shuffle or order, each once, or random, with replacement';

CREATE FUNCTION sage_sample_edges(graph text, edge_type text DEFAULT NULL, n bigint DEFAULT NULL, strategy text DEFAULT 'shuffle',
	batch_size integer DEFAULT 64, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (batch bigint, source text, target text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_edges'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_edges(text, text, bigint, text, integer, timestamptz, bigint)
	IS 'edges in batches: shuffle or order, each once, or random, with replacement';

CREATE FUNCTION sage_sample_negatives(graph text, edge_type text, nodes bigint[], k integer DEFAULT 1, strategy text DEFAULT 'random',
	weight_column text DEFAULT NULL, positives text[] DEFAULT NULL, share jsonb DEFAULT NULL, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (node text, positive text, negative text, shared text)
AS 'MODULE_PATHNAME', 'sage_sample_negatives'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_negatives(text, text, bigint[], integer, text, text, text[], jsonb, timestamptz, bigint)
	IS 'for each node some that it has no edge to: random, degree or weight; shares of them with a value in common with the positive';

CREATE FUNCTION sage_sample_negatives(graph text, edge_type text, nodes text[], k integer DEFAULT 1, strategy text DEFAULT 'random',
	weight_column text DEFAULT NULL, positives text[] DEFAULT NULL, share jsonb DEFAULT NULL, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (node text, positive text, negative text, shared text)
AS 'MODULE_PATHNAME', 'sage_sample_negatives'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_negatives(text, text, text[], integer, text, text, text[], jsonb, timestamptz, bigint)
	IS 'for each node some that it has no edge to: random, degree or weight; shares of them with a value in common with the positive';

CREATE FUNCTION sage_sample_negatives(graph text, edge_type text, nodes uuid[], k integer DEFAULT 1, strategy text DEFAULT 'random',
	weight_column text DEFAULT NULL, positives text[] DEFAULT NULL, share jsonb DEFAULT NULL, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (node text, positive text, negative text, shared text)
AS 'MODULE_PATHNAME', 'sage_sample_negatives'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_negatives(text, text, uuid[], integer, text, text, text[], jsonb, timestamptz, bigint)
	IS 'for each node some that it has no edge to: random, degree or weight; shares of them with a value in common with the positive';
-- Who may read what, and what pg_dump takes along.

GRANT USAGE ON SCHEMA sage TO PUBLIC;

-- The catalogue is the owner's; everybody else has the functions and the views.
REVOKE ALL ON sage.graph, sage.node_type, sage.edge_type, sage.model, sage.model_version, sage.run,
	sage.epoch FROM PUBLIC;
REVOKE ALL ON SEQUENCE sage.graph_stamp, sage.version_id, sage.run_id FROM PUBLIC;
GRANT SELECT ON sage.graphs, sage.node_types, sage.edge_types, sage.options, sage.models, sage.model_versions,
	sage.runs, sage.epochs, sage.progress, sage.cache TO PUBLIC;

-- Definitions are data, not part of the extension.
SELECT pg_catalog.pg_extension_config_dump('sage.graph', '');
SELECT pg_catalog.pg_extension_config_dump('sage.node_type', '');
SELECT pg_catalog.pg_extension_config_dump('sage.edge_type', '');
SELECT pg_catalog.pg_extension_config_dump('sage.graph_stamp', '');
SELECT pg_catalog.pg_extension_config_dump('sage.model', '');
SELECT pg_catalog.pg_extension_config_dump('sage.model_version', '');
SELECT pg_catalog.pg_extension_config_dump('sage.version_id', '');
-- Of runs, those that ended: a restored database does not begin to train.
SELECT pg_catalog.pg_extension_config_dump('sage.run', 'WHERE state NOT IN (''queued'', ''running'')');
SELECT pg_catalog.pg_extension_config_dump('sage.run_id', '');
SELECT pg_catalog.pg_extension_config_dump('sage.epoch',
	'WHERE run IN (SELECT r.run FROM sage.run r WHERE r.state NOT IN (''queued'', ''running''))');
