/*
 * graph_schema_define.c
 *		From the tables and foreign keys that were chosen to node and edge types.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "graph/graph_define.h"
#include "graph/graph_schema_internal.h"

/* ------------------------------------------------------------------------
 * Names of edge types
 * ------------------------------------------------------------------------
 */

static bool
edge_name_is_free(const Graph *graph, const char *name)
{
	return strlen(name) < NAMEDATALEN && graph_find_edge_type(graph, name) < 0 &&
		graph_find_relation(graph, name) < 0 && graph_find_relation(graph, psprintf("rev_%s", name)) < 0;
}

/*
 * child.column, or child.column1,column2; when that is taken, because the
 * column refers to two tables, with the parent's name behind; when it is too
 * long, the constraint's name, perhaps with a number.
 */
static char *
edge_name(const Graph *graph, const SchemaTable *child, const SchemaTable *parent, const ForeignKey *key)
{
	StringInfoData name;
	ListCell   *lc;
	char	   *other;

	initStringInfo(&name);
	foreach(lc, key->columns)
		appendStringInfo(&name, "%s%s", name.len > 0 ? "," : psprintf("%s.", child->name), (char *) lfirst(lc));
	if (edge_name_is_free(graph, name.data))
		return name.data;
	appendStringInfo(&name, ".%s", parent->name);
	if (edge_name_is_free(graph, name.data))
		return name.data;
	other = key->name;
	for (int i = 2; !edge_name_is_free(graph, other); i++)
		other = psprintf("%.*s %d", pg_mbcliplen(key->name, strlen(key->name), NAMEDATALEN - 12), key->name, i);
	return other;
}

/* ------------------------------------------------------------------------
 * Adding
 * ------------------------------------------------------------------------
 */

/* Adds the tables that are not link tables as node types, and tells their times. */
void
schema_add_nodes(const Schema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		if (!schema->tables[i].existing && !schema->tables[i].left_out)
			schema_notice_time(&schema->tables[i]);
	}
	for (int i = 0; i < schema->ntables; i++)
	{
		const SchemaTable *table = &schema->tables[i];
		NodeType	node = {0};

		if (table->existing || table->left_out || table->is_link)
			continue;
		node.relid = table->relid;
		node.name = table->name;
		node.key_column = table->key;
		node.time_column = table->time_column;
		graph_define_nodes(graph_load_latest(schema->request->graph), &node);
	}
}

/* Has the graph an edge type over the same columns between the same types? */
static bool
edge_type_exists(const Graph *graph, const EdgeType *edge, const char *source_type, const char *target_type)
{
	for (int i = 0; i < graph->nedge_types; i++)
	{
		const EdgeType *other = &graph->edge_types[i];

		if (other->relid == edge->relid && strcmp(other->source_column, edge->source_column) == 0 &&
			strcmp(other->target_column, edge->target_column) == 0 &&
			(other->target_key == NULL) == (edge->target_key == NULL) &&
			(edge->target_key == NULL || strcmp(other->target_key, edge->target_key) == 0) &&
			strcmp(graph->node_types[other->source_type].name, source_type) == 0 &&
			strcmp(graph->node_types[other->target_type].name, target_type) == 0)
			return true;
	}
	return false;
}

/* Sets the target of an edge type: in terms of the parent's key, if it can be. */
static void
foreign_key_target(const ForeignKey *key, const SchemaTable *parent, EdgeType *edge)
{
	edge->target_column = schema_columns_to_key(key, parent->key);
	edge->target_key = NULL;
	if (edge->target_column == NULL)
	{
		edge->target_column = key_columns_join(key->columns);
		edge->target_key = key_columns_join(key->references);
	}
}

/* The rows of the child, linked to those of the parent. */
static void
schema_add_foreign_key(const Schema *schema, const SchemaTable *child, const ForeignKey *key,
					   SchemaEdge report, void *arg)
{
	const SchemaTable *parent = schema_find(schema, key->parent);
	Graph	   *graph = graph_load_latest(schema->request->graph);
	EdgeType	edge = {.relid = child->relid};

	edge.source_column = child->key;
	foreign_key_target(key, parent, &edge);
	edge.direction = "both";
	if (edge_type_exists(graph, &edge, child->name, parent->name))
		return;
	edge.name = edge_name(graph, child, parent, key);
	graph_define_edges(graph, &edge, child->name, parent->name);
	report(arg, edge.name, child->relid, parent->relid, key->columns);
}

/* The rows that a link table's rows link. */
static void
schema_add_link(const Schema *schema, const SchemaTable *table, SchemaEdge report, void *arg)
{
	const ForeignKey *source = linitial(table->foreign_keys);
	const ForeignKey *target = lsecond(table->foreign_keys);
	const char *source_type = schema_find(schema, source->parent)->name;
	const char *target_type = schema_find(schema, target->parent)->name;
	Graph	   *graph = graph_load_latest(schema->request->graph);
	EdgeType	edge = {.relid = table->relid};

	edge.source_column = schema_columns_to_key(source, schema_find(schema, source->parent)->key);
	edge.target_column = schema_columns_to_key(target, schema_find(schema, target->parent)->key);
	if (edge_type_exists(graph, &edge, source_type, target_type))
		return;
	edge.name = edge_name_is_free(graph, table->name) ? table->name :
		edge_name(graph, table, schema_find(schema, target->parent), target);
	edge.time_column = table->time_column;
	graph_define_edges(graph, &edge, source_type, target_type);
	report(arg, edge.name, table->relid, target->parent, list_concat_copy(source->columns, target->columns));
}

/* True if the foreign key is one that was asked for. */
static bool
is_requested(const Schema *schema, const SchemaTable *child, const ForeignKey *key)
{
	List	   *tables = schema->request->tables;

	return tables == NIL || list_member_oid(tables, child->relid) || list_member_oid(tables, key->parent);
}

/* Adds the foreign keys, and the link tables, as edge types; "report" is told of each. */
void
schema_add_edges(const Schema *schema, SchemaEdge report, void *arg)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		const SchemaTable *table = &schema->tables[i];
		ListCell   *lc;

		if (table->is_link)
		{
			schema_add_link(schema, table, report, arg);
			continue;
		}
		foreach(lc, table->foreign_keys)
		{
			if (!table->left_out && is_requested(schema, table, lfirst(lc)))
				schema_add_foreign_key(schema, table, lfirst(lc), report, arg);
		}
	}
}
