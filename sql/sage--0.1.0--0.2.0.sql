-- From 0.1.0 to 0.2.0.  What this leaves is what the install script of 0.2.0
-- makes: test/t/015_upgrade.pl compares the two.

\echo Use "ALTER EXTENSION sage UPDATE" to load this file. \quit

COMMENT ON SCHEMA sage IS 'catalog and views of extension sage';

-- A run that was stopped is "canceled", as PostgreSQL writes it.
ALTER TABLE sage.run DROP CONSTRAINT run_state_check;
UPDATE sage.run SET state = 'canceled' WHERE state = 'cancelled';
ALTER TABLE sage.run ADD CONSTRAINT run_state_check
	CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled'));
COMMENT ON COLUMN sage.node_types.features IS 'columns that are features; null: all that can be; empty: none';
COMMENT ON COLUMN sage.run.state IS 'queued, running, done, failed or canceled; running without a process is interrupted';
COMMENT ON COLUMN sage.runs.state IS 'queued, running, interrupted, done, failed or canceled';

-- Roles: kept by oid, read and written by name; 'none' is nobody.
CREATE TYPE sage.role;
CREATE FUNCTION sage.role_in(name cstring) RETURNS sage.role
AS 'MODULE_PATHNAME', 'sage_role_in'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sage.role_in(cstring) IS 'input of type sage.role';
CREATE FUNCTION sage.role_out(role sage.role) RETURNS cstring
AS 'MODULE_PATHNAME', 'sage_role_out'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sage.role_out(sage.role) IS 'output of type sage.role';
CREATE TYPE sage.role (INPUT = sage.role_in, OUTPUT = sage.role_out, LIKE = oid);
COMMENT ON TYPE sage.role IS 'a role, which may be renamed or dropped';

-- The columns have other names than those that held text: a session that still
-- has the library of 0.1.0 must not take the one for the other.
ALTER TABLE sage.graph ADD COLUMN owned_by sage.role;
ALTER TABLE sage.model ADD COLUMN owned_by sage.role, ADD COLUMN granted_to sage.role[] NOT NULL DEFAULT '{}';
ALTER TABLE sage.model_version ADD COLUMN trainer sage.role;
ALTER TABLE sage.run ADD COLUMN owned_by sage.role;
UPDATE sage.graph SET owned_by = owner::sage.role;
UPDATE sage.model SET owned_by = owner::sage.role,
	granted_to = ARRAY(SELECT r.role FROM unnest(granted::sage.role[]) WITH ORDINALITY AS r (role, i)
		WHERE r.role::text <> 'none' ORDER BY r.i);
UPDATE sage.model_version SET trainer = trained_by::sage.role;
UPDATE sage.run SET owned_by = owner::sage.role;
ALTER TABLE sage.graph ALTER COLUMN owned_by SET NOT NULL;
ALTER TABLE sage.model ALTER COLUMN owned_by SET NOT NULL;
ALTER TABLE sage.model_version ALTER COLUMN trainer SET NOT NULL;
ALTER TABLE sage.run ALTER COLUMN owned_by SET NOT NULL;

CREATE FUNCTION sage.role_allows(owner sage.role, granted sage.role[]) RETURNS boolean
AS 'MODULE_PATHNAME', 'sage_role_allows'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION sage.role_allows(sage.role, sage.role[]) IS 'true if the current user may score with a model of that owner and those grants';

CREATE OR REPLACE VIEW sage.graphs AS
	SELECT g.graph, g.owned_by::text AS owner,
		(SELECT count(*)::integer FROM sage.node_type n WHERE n.graph = g.graph) AS node_types,
		(SELECT count(*)::integer FROM sage.edge_type e WHERE e.graph = g.graph) AS edge_types
	FROM sage.graph g;
CREATE OR REPLACE VIEW sage.models WITH (security_barrier) AS
	SELECT m.model, m.graph, m.owned_by::text AS owner, v.task, m.deployed, v.metric, v.validation, v.test, v.baseline,
		v.metrics, v.rows_read, v.epochs, v.best_epoch, v.seconds, m.granted_to::text[] AS granted, m.created, v.created AS trained
	FROM sage.model m LEFT JOIN sage.model_version v ON v.model = m.model AND v.version = m.deployed
	WHERE sage.role_allows(m.owned_by, m.granted_to);
CREATE OR REPLACE VIEW sage.model_versions WITH (security_barrier) AS
	SELECT v.model, v.version, v.version = m.deployed AS deployed, v.task, v.metric, v.validation, v.test, v.baseline,
		v.metrics, v.rows_read, v.epochs, v.best_epoch, v.seconds, v.request, v.trainer::text AS trained_by, v.run,
		octet_length(v.weights) AS bytes, v.created
	FROM sage.model_version v JOIN sage.model m ON m.model = v.model
	WHERE sage.role_allows(m.owned_by, m.granted_to);
CREATE OR REPLACE VIEW sage.runs WITH (security_barrier) AS
	SELECT r.run, r.model, r.graph, r.owned_by::text AS owner, s.state, r.attempt, r.submitted, r.started, r.ended, r.version,
		r.error, r.sqlstate, r.detail, r.hint, sage.run_reason(s.state, r.reason) AS reason,
		r.messages, r.result, r.request
	FROM sage.run r CROSS JOIN LATERAL (SELECT sage.run_state_now(r.run, r.state) AS state OFFSET 0) s
	WHERE sage.role_allows(r.owned_by, '{}');
CREATE OR REPLACE VIEW sage.epochs WITH (security_barrier) AS
	SELECT e.run, r.model, r.version, e.baseline, e.epoch, e.loss, e.validation, e.seconds
	FROM sage.epoch e JOIN sage.run r ON r.run = e.run
	WHERE sage.role_allows(r.owned_by, '{}');

DROP FUNCTION sage.model_visible(text, text[]);
ALTER TABLE sage.graph DROP COLUMN owner;
ALTER TABLE sage.model DROP COLUMN owner, DROP COLUMN granted;
ALTER TABLE sage.model_version DROP COLUMN trained_by;
ALTER TABLE sage.run DROP COLUMN owner;
COMMENT ON COLUMN sage.graph.owned_by IS 'role that may change and drop the graph';
COMMENT ON COLUMN sage.model.owned_by IS 'role whose members may train, deploy, export and drop it';
COMMENT ON COLUMN sage.model.granted_to IS 'other roles that may score with it';
COMMENT ON COLUMN sage.model_version.trainer IS 'role that trained or imported it';
COMMENT ON COLUMN sage.run.owned_by IS 'role that trains';
COMMENT ON COLUMN sage.graphs.owner IS 'role that may change and drop the graph; none: it was dropped';

CREATE FUNCTION sage_reassign_owned(old_role text, new_role text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_reassign_owned'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_reassign_owned(text, text)
	IS 'gives the graphs, models and ended runs of a role to another; ''none'' has those of roles that were dropped';

-- The owner of the database can dump it, without being a superuser.  That is all:
-- who could write a run could have a query run with another's rights.
GRANT SELECT ON sage.graph, sage.node_type, sage.edge_type, sage.model, sage.model_version, sage.run,
	sage.epoch TO pg_database_owner;
GRANT SELECT ON SEQUENCE sage.graph_stamp, sage.version_id, sage.run_id TO pg_database_owner;

-- Somebody else's model is not taken without being named.
COMMENT ON FUNCTION sage_classes(text) IS 'the classes of a model (null: sage.default_model, else your only own one), in the order of sage_predict_proba';
COMMENT ON FUNCTION sage_predict(bigint, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one';
COMMENT ON FUNCTION sage_predict(text, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one';
COMMENT ON FUNCTION sage_predict(uuid, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one';

-- One version can be dropped.
CREATE FUNCTION sage_drop_version(model text, version integer) RETURNS void
AS 'MODULE_PATHNAME', 'sage_drop_version'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_drop_version(text, integer) IS 'drops one version of a model, unless it is deployed';
