/*
 * graph_api.c
 *		SQL functions that define graphs.
 *
 * The catalog is changed in the name of the extension's owner; what the
 * user may see and do is checked before, as the user.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/arguments.h"
#include "base/query.h"
#include "graph/graph.h"
#include "graph/graph_check.h"
#include "graph/graph_define.h"
#include "sage.h"

SAGE_FUNCTION(sage_create_graph);
SAGE_FUNCTION(sage_add_nodes);
SAGE_FUNCTION(sage_add_edges);
SAGE_FUNCTION(sage_drop_graph);

/* ------------------------------------------------------------------------
 * Arguments
 * ------------------------------------------------------------------------
 */

static Oid
arg_table(FunctionCallInfo fcinfo, int index)
{
	return PG_ARGISNULL(index) ? InvalidOid : PG_GETARG_OID(index);
}

/* text[] -> list of char *; NULL: NIL. */
static List *
arg_names(FunctionCallInfo fcinfo, int index, const char *name)
{
	List	   *names = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(index))
		return NIL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(index), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" must not contain nulls", name)));
		names = lappend(names, TextDatumGetCString(elements[i]));
	}
	return names;
}

/* An argument that says something about a table that is not given. */
static void
refuse_arg(FunctionCallInfo fcinfo, int index, const char *name, const char *table)
{
	if (!PG_ARGISNULL(index))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" cannot be used without argument \"%s\"", name, table)));
}

/* ------------------------------------------------------------------------
 * sage_create_graph(graph, nodes, edges, key, source, target, features,
 *		exclude, time_column, edge_time_column, weight_column, direction)
 * ------------------------------------------------------------------------
 */

static void
refuse_args_without_tables(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1))
	{
		refuse_arg(fcinfo, 2, "edges", "nodes");
		refuse_arg(fcinfo, 3, "key", "nodes");
		refuse_arg(fcinfo, 6, "features", "nodes");
		refuse_arg(fcinfo, 7, "exclude", "nodes");
		refuse_arg(fcinfo, 8, "time_column", "nodes");
	}
	if (PG_ARGISNULL(2))
	{
		refuse_arg(fcinfo, 4, "source", "edges");
		refuse_arg(fcinfo, 5, "target", "edges");
		refuse_arg(fcinfo, 9, "edge_time_column", "edges");
		refuse_arg(fcinfo, 10, "weight_column", "edges");
	}
}

Datum
sage_create_graph(PG_FUNCTION_ARGS)
{
	char	   *name;
	NodeType	node = {0};
	EdgeType	edge = {0};

	require_arg(fcinfo, 0, "graph");
	refuse_args_without_tables(fcinfo);
	name = arg_text(fcinfo, 0);
	node.relid = arg_table(fcinfo, 1);
	edge.relid = arg_table(fcinfo, 2);
	node.key_column = arg_text(fcinfo, 3);
	edge.source_column = arg_text(fcinfo, 4);
	edge.target_column = arg_text(fcinfo, 5);
	node.features = arg_names(fcinfo, 6, "features");
	node.no_features = !PG_ARGISNULL(6) && node.features == NIL;
	node.exclude = arg_names(fcinfo, 7, "exclude");
	node.time_column = arg_text(fcinfo, 8);
	edge.time_column = arg_text(fcinfo, 9);
	edge.weight_column = arg_text(fcinfo, 10);
	edge.direction = arg_text(fcinfo, 11);

	graph_check_name("graph", name);
	graph_save(name);
	if (OidIsValid(node.relid))
		graph_define_nodes(graph_load_latest(name), &node);
	if (OidIsValid(edge.relid))
		graph_define_edges(graph_load_latest(name), &edge, NULL, NULL);
	PG_RETURN_VOID();
}

/* sage_add_nodes(graph, nodes, node_type, key, features, exclude, time_column) */
Datum
sage_add_nodes(PG_FUNCTION_ARGS)
{
	NodeType	node = {0};

	require_arg(fcinfo, 0, "graph");
	require_arg(fcinfo, 1, "nodes");
	node.relid = arg_table(fcinfo, 1);
	node.name = arg_text(fcinfo, 2);
	node.key_column = arg_text(fcinfo, 3);
	node.features = arg_names(fcinfo, 4, "features");
	node.no_features = !PG_ARGISNULL(4) && node.features == NIL;
	node.exclude = arg_names(fcinfo, 5, "exclude");
	node.time_column = arg_text(fcinfo, 6);

	graph_define_nodes(graph_load_for_change(arg_text(fcinfo, 0)), &node);
	PG_RETURN_VOID();
}

/*
 * sage_add_edges(graph, edges, edge_type, source, target, source_type,
 *		target_type, weight_column, time_column, features, direction)
 */
Datum
sage_add_edges(PG_FUNCTION_ARGS)
{
	EdgeType	edge = {0};

	require_arg(fcinfo, 0, "graph");
	require_arg(fcinfo, 1, "edges");
	edge.relid = arg_table(fcinfo, 1);
	edge.name = arg_text(fcinfo, 2);
	edge.source_column = arg_text(fcinfo, 3);
	edge.target_column = arg_text(fcinfo, 4);
	edge.weight_column = arg_text(fcinfo, 7);
	edge.time_column = arg_text(fcinfo, 8);
	edge.features = arg_names(fcinfo, 9, "features");
	edge.direction = arg_text(fcinfo, 10);

	graph_define_edges(graph_load_for_change(arg_text(fcinfo, 0)), &edge, arg_text(fcinfo, 5), arg_text(fcinfo, 6));
	PG_RETURN_VOID();
}

/* ------------------------------------------------------------------------
 * sage_drop_graph(graph)
 * ------------------------------------------------------------------------
 */

static void
collect_model(void *arg, Datum *values, bool *nulls)
{
	List	  **models = arg;

	*models = lappend(*models, TextDatumGetCString(values[0]));
}

/* A model is nothing without its graph, and must be dropped by its owner. */
static void
refuse_if_models_depend(const char *graph)
{
	List	   *models = NIL;
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(graph)};

	query_catalog_write("SELECT model FROM sage.model WHERE graph = $1 ORDER BY model", 1, types, values, NULL,
						collect_model, &models);
	if (models != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop graph \"%s\" because model \"%s\" was trained on it",
						graph, (char *) linitial(models)),
				 errhint("Drop it with sage_drop_model().")));
}

Datum
sage_drop_graph(PG_FUNCTION_ARGS)
{
	char	   *name;

	require_arg(fcinfo, 0, "graph");
	name = arg_text(fcinfo, 0);
	graph_check_owner(name, graph_lock(name));
	refuse_if_models_depend(name);
	graph_remove(name);
	PG_RETURN_VOID();
}
