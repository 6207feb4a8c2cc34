-- Who may read what, and what pg_dump takes along.

GRANT USAGE ON SCHEMA sage TO PUBLIC;

-- The catalog is the owner's; everybody else has the functions and the views.
REVOKE ALL ON sage.graph, sage.node_type, sage.edge_type, sage.model, sage.model_version, sage.run,
	sage.epoch FROM PUBLIC;
REVOKE ALL ON SEQUENCE sage.graph_stamp, sage.version_id, sage.run_id FROM PUBLIC;

-- The owner of the database can dump it, without being a superuser.  That is all:
-- who could write a run could have a query run with another's rights.
GRANT SELECT ON sage.graph, sage.node_type, sage.edge_type, sage.model, sage.model_version, sage.run,
	sage.epoch TO pg_database_owner;
GRANT SELECT ON SEQUENCE sage.graph_stamp, sage.version_id, sage.run_id TO pg_database_owner;

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
