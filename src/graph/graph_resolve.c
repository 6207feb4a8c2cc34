/*
 * graph_resolve.c
 *		Names of a saved definition -> what they stand for now.
 *
 * A table or column that is gone, or has become something else since the
 * graph was defined, is noticed here, before anything is read.
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "graph/graph_column.h"
#include "graph/graph_resolve.h"

/* Which type of which graph is being resolved, for messages. */
typedef struct Subject
{
	const Graph *graph;
	const char *what;			/* "node type" or "edge type" */
	const char *type;
	Oid			relid;
} Subject;

static int
errhint_redefine(void)
{
	return errhint("A graph knows tables and columns by their names. If they were renamed, dropped or retyped, "
				   "drop the graph with sage_drop_graph() and define it again.");
}

static Oid
resolve_table(const Subject *subject, const GraphNames *names)
{
	Oid			relid = graph_table_find(names->schema, names->table);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s.%s\" of %s \"%s\" in graph \"%s\" does not exist any more",
						names->schema, names->table, subject->what, subject->type, subject->graph->name),
				 errhint_redefine()));
	return relid;
}

/* The type of the column, domains looked through. */
static Oid
resolve_column(const Subject *subject, const char *name)
{
	GraphColumn column;

	if (!graph_column_find(subject->relid, name, &column))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of relation \"%s\", needed by %s \"%s\" in graph \"%s\", does not exist any more",
						name, get_rel_name(subject->relid), subject->what, subject->type, subject->graph->name),
				 errhint_redefine()));
	return column.typeid;
}

static void
report_retyped(const Subject *subject, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("column \"%s\" of relation \"%s\", needed by %s \"%s\" in graph \"%s\", has changed its type",
					name, get_rel_name(subject->relid), subject->what, subject->type, subject->graph->name),
			 errhint_redefine()));
}

/* InvalidOid if there is no time column. */
static Oid
resolve_time(const Subject *subject, const char *name)
{
	Oid			typeid;

	if (name == NULL)
		return InvalidOid;
	typeid = resolve_column(subject, name);
	if (!graph_type_is_time(typeid))
		report_retyped(subject, name);
	return typeid;
}

/* Only a catalog that was edited by hand can lack a type. */
static int
resolve_type(const Subject *subject, const char *name)
{
	int			type = graph_find_node_type(subject->graph, name);

	if (type < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("node type \"%s\" of %s \"%s\" in graph \"%s\" is missing from the catalog",
						name, subject->what, subject->type, subject->graph->name),
				 errhint_redefine()));
	return type;
}

/* The columns of a key or an end. */
static void
resolve_columns(const Subject *subject, const char *names, KeyColumns *columns)
{
	const char *missing;

	if (!key_columns_find(subject->relid, names, columns, &missing))
		(void) resolve_column(subject, missing);
}

/*
 * The ends, and the SQL text that has them: rows of the table, which with a
 * target_key are joined to the rows that they refer to.
 */
static void
resolve_ends(const Subject *subject, EdgeType *edge)
{
	const NodeType *source = &subject->graph->node_types[edge->source_type];
	const NodeType *target = &subject->graph->node_types[edge->target_type];

	resolve_columns(subject, edge->source_column, &edge->source);
	resolve_columns(subject, edge->target_column, &edge->target);
	if (!key_columns_can_name(&edge->source, &source->key))
		report_retyped(subject, edge->source_column);
	edge->from = edge->table;
	if (edge->target_key != NULL)
	{
		Subject		referred = *subject;
		KeyColumns	reference;

		referred.relid = target->relid;
		resolve_columns(&referred, edge->target_key, &reference);
		if (!key_columns_can_name(&edge->target, &reference))
			report_retyped(subject, edge->target_column);
		graph_edge_lookup(subject->graph, edge, &reference);
	}
	else if (!key_columns_can_name(&edge->target, &target->key))
		report_retyped(subject, edge->target_column);
}

/* InvalidOid if there are no weights. */
static Oid
resolve_weight(const Subject *subject, const char *name)
{
	Oid			typeid;

	if (name == NULL)
		return InvalidOid;
	typeid = resolve_column(subject, name);
	if (!graph_type_is_weight(typeid))
		report_retyped(subject, name);
	return typeid;
}

/* Fills what node holds beside names: table, types. */
void
graph_resolve_node_type(const Graph *graph, NodeType *node, const GraphNames *names)
{
	Subject		subject = {.graph = graph, .what = "node type", .type = node->name};
	ListCell   *lc;

	node->relid = subject.relid = resolve_table(&subject, names);
	node->table = graph_table_name(node->relid);
	resolve_columns(&subject, node->key_column, &node->key);
	if (!key_columns_kind(&node->key, &node->key_kind) ||
		strcmp(graph_key_kind_name(node->key_kind), names->key_type) != 0)
		report_retyped(&subject, node->key_column);
	node->time_typeid = resolve_time(&subject, node->time_column);
	foreach(lc, node->features)
		(void) resolve_column(&subject, lfirst(lc));
}

/* The same for an edge type; the node types are resolved already. */
void
graph_resolve_edge_type(const Graph *graph, EdgeType *edge, const GraphNames *names)
{
	Subject		subject = {.graph = graph, .what = "edge type", .type = edge->name};
	ListCell   *lc;

	edge->relid = subject.relid = resolve_table(&subject, names);
	edge->table = graph_table_name(edge->relid);
	edge->source_type = resolve_type(&subject, names->source_type);
	edge->target_type = resolve_type(&subject, names->target_type);
	resolve_ends(&subject, edge);
	edge->time_typeid = resolve_time(&subject, edge->time_column);
	edge->weight_typeid = resolve_weight(&subject, edge->weight_column);
	foreach(lc, edge->features)
		(void) resolve_column(&subject, lfirst(lc));
}
