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
	SELECT g.graph, g.owned_by::text AS owner,
		(SELECT count(*)::integer FROM sage.node_type n WHERE n.graph = g.graph) AS node_types,
		(SELECT count(*)::integer FROM sage.edge_type e WHERE e.graph = g.graph) AS edge_types
	FROM sage.graph g;
COMMENT ON VIEW sage.graphs IS 'the graphs that are defined';
COMMENT ON COLUMN sage.graphs.graph IS 'name of the graph';
COMMENT ON COLUMN sage.graphs.owner IS 'role that may change and drop the graph; none: it was dropped';
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
COMMENT ON COLUMN sage.node_types.features IS 'columns that are features; null: all that can be; empty: none';
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
