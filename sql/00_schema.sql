-- The install script of extension sage: put together by make from the numbered
-- parts in sql/.

\echo Use "CREATE EXTENSION sage" to load this file. \quit

CREATE SCHEMA sage;
COMMENT ON SCHEMA sage IS 'catalog and views of extension sage';

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

-- Graph definitions.  Tables and columns are kept by name, so that they survive
-- pg_dump.
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
	id bigint NOT NULL DEFAULT nextval('sage.graph_stamp'),
	stamp bigint NOT NULL DEFAULT nextval('sage.graph_stamp'),
	owned_by sage.role NOT NULL
);
COMMENT ON TABLE sage.graph IS 'graphs; users read sage.graphs';
COMMENT ON COLUMN sage.graph.graph IS 'name of the graph';
COMMENT ON COLUMN sage.graph.owned_by IS 'role that may change and drop the graph';
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
