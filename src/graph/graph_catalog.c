/*
 * graph_catalog.c
 *		Graph definitions in the tables of schema sage: load and save.
 *
 * The tables hold names, so that a definition survives pg_dump.  They are
 * resolved (graph_resolve.c) each time a definition is loaded.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/memory.h"
#include "base/query.h"
#include "base/query_args.h"
#include "graph/graph.h"
#include "graph/graph_column.h"
#include "graph/graph_resolve.h"

/* Where rows of the catalog go while a graph is being loaded. */
typedef struct GraphLoader
{
	Graph	   *graph;
	int			node_capacity;
	int			edge_capacity;
	List	   *node_names;		/* of GraphNames *, one for each node type */
	List	   *edge_names;
} GraphLoader;

/* ------------------------------------------------------------------------
 * Load
 * ------------------------------------------------------------------------
 */

/* (owned_by, id) */
static void
load_head(void *arg, Datum *values, bool *nulls)
{
	Graph	   *graph = arg;

	graph->owner = DatumGetObjectId(values[0]);
	graph->id = DatumGetInt64(values[1]);
}

static GraphNames *
load_table(Datum schema, Datum table)
{
	GraphNames *names = palloc0(sizeof(GraphNames));

	names->schema = TextDatumGetCString(schema);
	names->table = TextDatumGetCString(table);
	return names;
}

static void
load_node_type(void *arg, Datum *values, bool *nulls)
{
	GraphLoader *loader = arg;
	Graph	   *graph = loader->graph;
	GraphNames *names = load_table(values[1], values[2]);
	NodeType   *node;

	memory_reserve(graph->node_types, loader->node_capacity, graph->nnode_types + 1);
	node = &graph->node_types[graph->nnode_types++];
	memset(node, 0, sizeof(NodeType));
	node->name = TextDatumGetCString(values[0]);
	node->key_column = TextDatumGetCString(values[3]);
	names->key_type = TextDatumGetCString(values[4]);
	node->time_column = datum_text(values[5], nulls[5]);
	node->features = datum_names(values[6], nulls[6]);
	node->no_features = !nulls[6] && node->features == NIL;
	node->exclude = datum_names(values[7], nulls[7]);
	loader->node_names = lappend(loader->node_names, names);
}

static void
load_edge_type(void *arg, Datum *values, bool *nulls)
{
	GraphLoader *loader = arg;
	Graph	   *graph = loader->graph;
	GraphNames *names = load_table(values[1], values[2]);
	EdgeType   *edge;

	memory_reserve(graph->edge_types, loader->edge_capacity, graph->nedge_types + 1);
	edge = &graph->edge_types[graph->nedge_types++];
	memset(edge, 0, sizeof(EdgeType));
	edge->name = TextDatumGetCString(values[0]);
	edge->source_column = TextDatumGetCString(values[3]);
	edge->target_column = TextDatumGetCString(values[4]);
	names->source_type = TextDatumGetCString(values[5]);
	names->target_type = TextDatumGetCString(values[6]);
	edge->time_column = datum_text(values[7], nulls[7]);
	edge->weight_column = datum_text(values[8], nulls[8]);
	edge->features = datum_names(values[9], nulls[9]);
	edge->direction = TextDatumGetCString(values[10]);
	edge->target_key = datum_text(values[11], nulls[11]);
	loader->edge_names = lappend(loader->edge_names, names);
}

static void
report_no_graph(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("graph \"%s\" does not exist", name),
			 errhint("SELECT * FROM sage.graphs shows the graphs there are; sage_create_graph() makes one.")));
}

/*
 * The definition, as the active snapshot sees it, resolved against the tables
 * of this moment.  Errors: UNDEFINED_OBJECT if there is no such graph,
 * OBJECT_NOT_IN_PREREQUISITE_STATE if its tables are no longer what they were.
 */
Graph *
graph_load(const char *name)
{
	Graph	   *graph = palloc0(sizeof(Graph));
	GraphLoader loader = {.graph = graph, .node_capacity = 1, .edge_capacity = 1};
	QueryArgs	args = {0};

	args_add_text(&args, name);
	graph->name = pstrdup(name);
	graph->node_types = palloc(sizeof(NodeType));
	graph->edge_types = palloc(sizeof(EdgeType));
	if (query_catalog("SELECT owned_by, id FROM sage.graph WHERE graph = $1",
					  args.count, args.types, args.values, args.nulls, load_head, graph) == 0)
		report_no_graph(name);
	query_catalog("SELECT node_type, table_schema, table_name, key_column, key_type, time_column, features, exclude"
				  " FROM sage.node_type WHERE graph = $1 ORDER BY position",
				  args.count, args.types, args.values, args.nulls, load_node_type, &loader);
	query_catalog("SELECT edge_type, table_schema, table_name, source_column, target_column,"
				  " source_type, target_type, time_column, weight_column, features, direction, target_key"
				  " FROM sage.edge_type WHERE graph = $1 ORDER BY position",
				  args.count, args.types, args.values, args.nulls, load_edge_type, &loader);
	for (int i = 0; i < graph->nnode_types; i++)
		graph_resolve_node_type(graph, &graph->node_types[i], list_nth(loader.node_names, i));
	for (int i = 0; i < graph->nedge_types; i++)
		graph_resolve_edge_type(graph, &graph->edge_types[i], list_nth(loader.edge_names, i));
	graph_derive_relations(graph);
	return graph;
}

bool
graph_exists(const char *name)
{
	QueryArgs	args = {0};

	args_add_text(&args, name);
	return query_catalog("SELECT FROM sage.graph WHERE graph = $1",
						 args.count, args.types, args.values, args.nulls, NULL, NULL) > 0;
}

/* The graph's owner and id, with a lock on it that ends with the transaction. */
static Graph
lock_row(const char *name, const char *sql)
{
	QueryArgs	args = {0};
	Graph		head = {0};

	args_add_text(&args, name);
	if (query_catalog_write(sql, args.count, args.types, args.values, args.nulls, load_head, &head) == 0)
		report_no_graph(name);
	return head;
}

/*
 * Keeps others from changing the definition until the transaction ends, and
 * returns the owner.  Take a new snapshot before loading: the lock may
 * have had to wait for someone's change.
 */
Oid
graph_lock(const char *name)
{
	return lock_row(name, "SELECT owned_by, id FROM sage.graph WHERE graph = $1 FOR UPDATE").owner;
}

/* The graph that has the name now must be the one that was loaded. */
void
graph_check_same(const Graph *loaded, int64 id)
{
	if (loaded->id != id)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("graph \"%s\" was dropped, and another one made under its name", loaded->name),
				 errdetail("What was made for the old graph may not fit the new one, and is not stored."),
				 errhint("Try again, for the new graph.")));
}

/*
 * Keeps others from dropping a loaded graph until the transaction ends: for
 * who writes its name elsewhere into the catalog.
 */
void
graph_lock_share(const Graph *graph)
{
	graph_check_same(graph, lock_row(graph->name, "SELECT owned_by, id FROM sage.graph WHERE graph = $1 FOR KEY SHARE").id);
}

/* ------------------------------------------------------------------------
 * Save
 * ------------------------------------------------------------------------
 */

static void
catalog_write(const char *sql, const QueryArgs *args)
{
	query_catalog_write(sql, args->count, args->types, args->values, args->nulls, NULL, NULL);
}

/* A graph without types, of the current user.  DUPLICATE_OBJECT if the name is taken. */
void
graph_save(const char *name)
{
	QueryArgs	args = {0};

	args_add_text(&args, name);
	args_add_text(&args, GetUserNameFromId(GetUserId(), false));
	if (query_catalog_write("INSERT INTO sage.graph (graph, owned_by) VALUES ($1, $2::sage.role) ON CONFLICT DO NOTHING",
							args.count, args.types, args.values, args.nulls, NULL, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("graph \"%s\" already exists", name)));
}

/*
 * A changed definition gets a new stamp, by which sessions that keep a model
 * ready notice the change.
 */
static void
graph_stamp(const char *name)
{
	QueryArgs	args = {0};

	args_add_text(&args, name);
	catalog_write("UPDATE sage.graph SET stamp = nextval('sage.graph_stamp') WHERE graph = $1", &args);
}

/* Adds a node type after those that the graph has; the caller holds graph_lock(). */
void
graph_save_nodes(const Graph *graph, const NodeType *node)
{
	QueryArgs	args = {0};

	args_add_text(&args, graph->name);
	args_add_int(&args, graph->nnode_types + 1);
	args_add_text(&args, node->name);
	args_add_text(&args, graph_table_schema(node->relid));
	args_add_text(&args, get_rel_name(node->relid));
	args_add_text(&args, node->key_column);
	args_add_text(&args, graph_key_kind_name(node->key_kind));
	args_add_text(&args, node->time_column);
	args_add_names(&args, node->features, node->features == NIL && !node->no_features);
	args_add_names(&args, node->exclude, node->exclude == NIL);
	catalog_write("INSERT INTO sage.node_type (graph, position, node_type, table_schema, table_name,"
				  " key_column, key_type, time_column, features, exclude)"
				  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", &args);
	graph_stamp(graph->name);
}

/* Adds an edge type after those that the graph has; the caller holds graph_lock(). */
void
graph_save_edges(const Graph *graph, const EdgeType *edge)
{
	QueryArgs	args = {0};

	args_add_text(&args, graph->name);
	args_add_int(&args, graph->nedge_types + 1);
	args_add_text(&args, edge->name);
	args_add_text(&args, graph_table_schema(edge->relid));
	args_add_text(&args, get_rel_name(edge->relid));
	args_add_text(&args, edge->source_column);
	args_add_text(&args, edge->target_column);
	args_add_text(&args, graph->node_types[edge->source_type].name);
	args_add_text(&args, graph->node_types[edge->target_type].name);
	args_add_text(&args, edge->time_column);
	args_add_text(&args, edge->weight_column);
	args_add_names(&args, edge->features, edge->features == NIL);
	args_add_text(&args, edge->direction);
	args_add_text(&args, edge->target_key);
	catalog_write("INSERT INTO sage.edge_type (graph, position, edge_type, table_schema, table_name,"
				  " source_column, target_column, source_type, target_type,"
				  " time_column, weight_column, features, direction, target_key)"
				  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)", &args);
	graph_stamp(graph->name);
}

/* One more column that is no feature. */
void
graph_exclude_column(const Graph *graph, const NodeType *node, const char *column)
{
	QueryArgs	args = {0};

	args_add_text(&args, graph->name);
	args_add_text(&args, node->name);
	args_add_text(&args, column);
	catalog_write("UPDATE sage.node_type SET exclude = array_append(exclude, $3) WHERE graph = $1 AND node_type = $2",
				  &args);
	graph_stamp(graph->name);
}

/* The graph with its node and edge types; the caller holds graph_lock(). */
void
graph_remove(const char *name)
{
	QueryArgs	args = {0};

	args_add_text(&args, name);
	catalog_write("DELETE FROM sage.edge_type WHERE graph = $1", &args);
	catalog_write("DELETE FROM sage.node_type WHERE graph = $1", &args);
	catalog_write("DELETE FROM sage.graph WHERE graph = $1", &args);
}

/* Gives the graphs of a role, or of ROLE_NONE, to another; by their names. */
void
graph_reassign(const char *from, const char *to)
{
	QueryArgs	args = {0};

	args_add_text(&args, from);
	args_add_text(&args, to);
	catalog_write("UPDATE sage.graph SET owned_by = $2::sage.role WHERE owned_by::text = $1", &args);
}
