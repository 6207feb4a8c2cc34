/*
 * graph_define.c
 *		Adding node and edge types to a graph: complete, check, save.
 *
 * The catalog is changed in the name of the extension's owner; what the
 * user may see and do is checked before, as the user.
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "graph/graph_check.h"
#include "graph/graph_define.h"
#include "graph/graph_fkey.h"

/* The definition with what this very statement has added to it. */
Graph *
graph_load_latest(const char *name)
{
	Graph	   *graph;

	PushActiveSnapshot(GetTransactionSnapshot());
	graph = graph_load(name);
	PopActiveSnapshot();
	return graph;
}

/* The definition, for a user who may change it, with nobody else changing it. */
Graph *
graph_load_for_change(const char *name)
{
	graph_check_owner(name, graph_lock(name));
	return graph_load_latest(name);
}

static char *
find_key(Oid relid)
{
	char	   *key = graph_fkey_key(relid);

	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("could not determine the key column of relation \"%s\"", get_rel_name(relid)),
				 errdetail("It has no primary key, no column named \"id\", "
						   "and not just one unique NOT NULL column."),
				 errhint("Give key => 'column name'.")));
	return key;
}

/*
 * Completes, checks and saves a node type; what the user did not give is NULL
 * in it.
 */
void
graph_define_nodes(const Graph *graph, NodeType *node)
{
	graph_check_table(node->relid);
	if (node->name == NULL)
		node->name = get_rel_name(node->relid);
	graph_check_new_node_type(graph, node->name);
	graph_check_key_columns(node->relid, node->key_column);
	graph_check_columns(node->relid, list_make1(node->time_column));
	graph_check_columns(node->relid, node->features);
	graph_check_columns(node->relid, node->exclude);
	graph_check_edge_features(graph, node->relid, NULL);
	if (node->key_column == NULL)
		node->key_column = find_key(node->relid);
	graph_check_key(node);
	node->time_typeid = graph_check_time(node->relid, node->time_column);
	graph_check_node_rights(node);

	graph_save_nodes(graph, node);
	graph_notice_untimed(graph, node, NULL);
	graph_warn_key_index(node);
	graph_warn_collation(node);
}

/*
 * Completes, checks and saves an edge type; what the user did not give is NULL
 * in it.  The names of the node types may be NULL, too.
 */
void
graph_define_edges(const Graph *graph, EdgeType *edge, const char *source_type, const char *target_type)
{
	graph_check_has_nodes(graph);
	graph_check_table(edge->relid);
	if (edge->name == NULL)
		edge->name = get_rel_name(edge->relid);
	graph_check_key_columns(edge->relid, edge->source_column);
	graph_check_key_columns(edge->relid, edge->target_column);
	graph_check_columns(edge->relid, list_make2(edge->time_column, edge->weight_column));
	graph_check_columns(edge->relid, edge->features);
	graph_check_edge_features(graph, InvalidOid, edge);
	graph_fkey_find_ends(graph, edge);
	graph_fkey_find_types(graph, edge, source_type, target_type);
	graph_check_ends(graph, edge);
	edge->time_typeid = graph_check_time(edge->relid, edge->time_column);
	edge->weight_typeid = graph_check_weight(edge->relid, edge->weight_column);
	if (edge->direction == NULL)
		edge->direction = edge->source_type == edge->target_type ? "undirected" : "both";
	graph_check_direction(edge);
	graph_check_new_edge_type(graph, edge);
	graph_check_edge_rights(edge);

	graph_save_edges(graph, edge);
	graph_notice_untimed(graph, NULL, edge);
	graph_warn_end_indexes(edge);
}
