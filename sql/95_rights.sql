-- Who may read what, and what pg_dump takes along.

GRANT USAGE ON SCHEMA sage TO PUBLIC;

-- The catalogue is the owner's; everybody else has the functions and the views.
REVOKE ALL ON sage.graph, sage.node_type, sage.edge_type FROM PUBLIC;
GRANT SELECT ON sage.graphs, sage.node_types, sage.edge_types TO PUBLIC;

-- Definitions are data, not part of the extension.
SELECT pg_catalog.pg_extension_config_dump('sage.graph', '');
SELECT pg_catalog.pg_extension_config_dump('sage.node_type', '');
SELECT pg_catalog.pg_extension_config_dump('sage.edge_type', '');
