/*
 * graph_check.c
 *		What must hold for a graph definition, one check a function.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/role.h"
#include "graph/graph_check.h"
#include "graph/graph_column.h"

/* ------------------------------------------------------------------------
 * The graph and the names of its parts
 * ------------------------------------------------------------------------
 */

/* Only members of the owning role change a graph. */
void
graph_check_owner(const char *name, Oid owner)
{
	if (!superuser() && !role_includes_user(owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of graph \"%s\"", name)));
}

/* what: "graph", "node type" or "edge type" */
void
graph_check_name(const char *what, const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("name of %s must not be empty", what)));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("name of %s is too long: \"%s\"", what, name),
				 errdetail("At most %d bytes are allowed.", NAMEDATALEN - 1)));
}

void
graph_check_new_node_type(const Graph *graph, const char *name)
{
	graph_check_name("node type", name);
	if (graph_find_node_type(graph, name) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("node type \"%s\" already exists in graph \"%s\"", name, graph->name),
				 errhint("Give node_type => 'another name'.")));
}

void
graph_check_has_nodes(const Graph *graph)
{
	if (graph->nnode_types == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("graph \"%s\" has no node types", graph->name),
				 errhint("Add the tables that edges link with sage_add_nodes() first.")));
}

static void
check_new_relation(const Graph *graph, const EdgeType *edge, const char *relation)
{
	if (graph_find_relation(graph, relation) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("relation \"%s\" of edge type \"%s\" already exists in graph \"%s\"",
						relation, edge->name, graph->name),
				 errhint("Give edge_type => 'another name'.")));
}

/* Its direction is known: it decides which relations it gives. */
void
graph_check_new_edge_type(const Graph *graph, const EdgeType *edge)
{
	graph_check_name("edge type", edge->name);
	if (graph_find_edge_type(graph, edge->name) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("edge type \"%s\" already exists in graph \"%s\"", edge->name, graph->name),
				 errhint("Give edge_type => 'another name'.")));
	check_new_relation(graph, edge, edge->name);
	if (graph_is_walked_both_ways(edge))
		check_new_relation(graph, edge, graph_reverse_name(edge));
}

/* ------------------------------------------------------------------------
 * Tables and columns
 * ------------------------------------------------------------------------
 */

/* Something with rows and columns that every session can read. */
void
graph_check_table(Oid relid)
{
	char		relkind = get_rel_relkind(relid);

	if (relkind == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE && relkind != RELKIND_VIEW &&
		relkind != RELKIND_MATVIEW && relkind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" cannot be part of a graph", get_rel_name(relid)),
				 errdetail_relkind_not_supported(relkind)));
	if (isOtherTempNamespace(get_rel_namespace(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("temporary table \"%s\" of another session cannot be part of a graph", get_rel_name(relid))));
}

/* UNDEFINED_COLUMN, with the most similar name as a hint. */
static GraphColumn
require_column(Oid relid, const char *name)
{
	GraphColumn column;
	char	   *nearest;

	if (graph_column_find(relid, name, &column))
		return column;
	nearest = graph_column_nearest(relid, name);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of relation \"%s\" does not exist", name, get_rel_name(relid)),
			 nearest != NULL ? errhint("Perhaps you meant the column \"%s\".", nearest) : 0));
	return column;				/* keep compiler quiet */
}

/* names: list of char *, of which NULL stands for "not given" */
void
graph_check_columns(Oid relid, List *names)
{
	ListCell   *lc;

	foreach(lc, names)
		if (lfirst(lc) != NULL)
			(void) require_column(relid, lfirst(lc));
}

/* The same for a key or an end, which may be of several columns; NULL: not given. */
void
graph_check_key_columns(Oid relid, const char *names)
{
	if (names != NULL)
		graph_check_columns(relid, key_columns_split(relid, names));
}

/* ------------------------------------------------------------------------
 * Rights: graphs are read as whoever trains or scores, but who may not read
 * the tables has no business defining one
 * ------------------------------------------------------------------------
 */

static bool
may_select_table(Oid relid)
{
	return pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

static void
check_select_column(Oid relid, const char *name)
{
	AttrNumber	attnum;

	if (name == NULL)
		return;
	attnum = get_attnum(relid, name);
	if (pg_attribute_aclcheck(relid, attnum, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for column \"%s\" of relation \"%s\"", name, get_rel_name(relid))));
}

static void
check_select_columns(Oid relid, const char *names)
{
	ListCell   *lc;

	foreach(lc, key_columns_split(relid, names))
		check_select_column(relid, lfirst(lc));
}

static bool
names_contain(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

/* The columns that may be features: those named, none, or all but the excluded. */
static List *
node_features(const NodeType *node)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (node->features != NIL || node->no_features)
		return node->features;
	foreach(lc, graph_column_names(node->relid))
		if (!names_contain(node->exclude, lfirst(lc)))
			names = lappend(names, lfirst(lc));
	return names;
}

static void
check_edge_features(const Graph *graph, const EdgeType *edge, Oid new_nodes)
{
	const NodeType *node = NULL;

	if (edge->features == NIL)
		return;
	for (int t = 0; t < graph->nnode_types; t++)
	{
		if (graph->node_types[t].relid == edge->relid)
			node = &graph->node_types[t];
	}
	if (node != NULL || edge->relid == new_nodes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("edge type \"%s\" cannot have features: its table is that of node type \"%s\"", edge->name,
						node != NULL ? node->name : get_rel_name(new_nodes)),
				 errhint("The columns are features of the nodes; leave \"features\" out of the edge type.")));
}

/*
 * A table's columns are features of its nodes or of its edges: a new node type
 * (InvalidOid: none) or a new edge type (NULL: none) must not make them both.
 */
void
graph_check_edge_features(const Graph *graph, Oid new_nodes, const EdgeType *new_edges)
{
	if (new_edges != NULL)
		check_edge_features(graph, new_edges, new_nodes);
	for (int e = 0; e < graph->nedge_types; e++)
		check_edge_features(graph, &graph->edge_types[e], new_nodes);
}

/* The user may read the table, or at least each column that is needed. */
void
graph_check_node_rights(const NodeType *node)
{
	ListCell   *lc;

	if (may_select_table(node->relid))
		return;
	check_select_columns(node->relid, node->key_column);
	check_select_column(node->relid, node->time_column);
	foreach(lc, node_features(node))
		check_select_column(node->relid, lfirst(lc));
}

void
graph_check_edge_rights(const EdgeType *edge)
{
	ListCell   *lc;

	if (may_select_table(edge->relid))
		return;
	check_select_columns(edge->relid, edge->source_column);
	check_select_columns(edge->relid, edge->target_column);
	check_select_column(edge->relid, edge->time_column);
	check_select_column(edge->relid, edge->weight_column);
	foreach(lc, edge->features)
		check_select_column(edge->relid, lfirst(lc));
}

/* ------------------------------------------------------------------------
 * Types
 * ------------------------------------------------------------------------
 */

static void
find_columns(Oid relid, const char *names, KeyColumns *columns)
{
	const char *missing;

	if (!key_columns_find(relid, names, columns, &missing))
		(void) require_column(relid, missing);
}

/* "integer", or "integer, text" */
static char *
type_list(const KeyColumns *columns)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < columns->count; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", format_type_be(columns->typeids[i]));
	return list.data;
}

/* Sets the columns and the kind of the node type's key. */
void
graph_check_key(NodeType *node)
{
	find_columns(node->relid, node->key_column, &node->key);
	if (!key_columns_kind(&node->key, &node->key_kind))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s of relation \"%s\" %s type %s, which cannot be a key",
						key_columns_phrase(node->relid, node->key_column), get_rel_name(node->relid),
						node->key.count > 1 ? "have" : "has", type_list(&node->key)),
				 node->key.count == 1 ?
				 errhint("Keys are of type smallint, integer, bigint, text, varchar, name or uuid.") :
				 errhint("Keys of several columns are of integers, texts, uuid, boolean, date and timestamps.")));
}

static void
check_end(const EdgeType *edge, const char *names, KeyColumns *columns, const NodeType *node)
{
	find_columns(edge->relid, names, columns);
	if (!key_columns_can_name(columns, &node->key))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s of relation \"%s\" cannot refer to node type \"%s\"",
						key_columns_phrase(edge->relid, names), get_rel_name(edge->relid), node->name),
				 errdetail("%s has type %s and key %s has type %s.", columns->count == 1 ? "The column" : "It",
						   type_list(columns), key_columns_phrase(node->relid, node->key_column),
						   type_list(&node->key))));
}

/* The ends of the edges can name rows of their node types. */
void
graph_check_ends(const Graph *graph, EdgeType *edge)
{
	check_end(edge, edge->source_column, &edge->source, &graph->node_types[edge->source_type]);
	if (edge->target_key == NULL)
		check_end(edge, edge->target_column, &edge->target, &graph->node_types[edge->target_type]);
	if (strcmp(edge->source_column, edge->target_column) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of relation \"%s\" cannot be both source and target",
						edge->source_column, get_rel_name(edge->relid))));
}

/* The type of the time column; InvalidOid if there is none (NULL). */
Oid
graph_check_time(Oid relid, const char *column)
{
	Oid			typeid;

	if (column == NULL)
		return InvalidOid;
	typeid = require_column(relid, column).typeid;
	if (!graph_type_is_time(typeid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" has type %s, which cannot be a time",
						column, get_rel_name(relid), format_type_be(typeid)),
				 errhint("Times are of type timestamptz, timestamp or date, or integer or bigint seconds since 1970.")));
	return typeid;
}

Oid
graph_check_weight(Oid relid, const char *column)
{
	Oid			typeid;

	if (column == NULL)
		return InvalidOid;
	typeid = require_column(relid, column).typeid;
	if (!graph_type_is_weight(typeid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" has type %s, which cannot be a weight",
						column, get_rel_name(relid), format_type_be(typeid)),
				 errhint("Weights are numbers.")));
	return typeid;
}

/* Keys are compared by their bytes: warns where the table's own equality is another one. */
void
graph_warn_collation(const NodeType *node)
{
	for (int i = 0; i < node->key.count; i++)
	{
		Oid			typeid;
		Oid			collation;
		int32		typmod;

		get_atttypetypmodcoll(node->relid, get_attnum(node->relid, node->key.names[i]), &typeid, &typmod, &collation);
		if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
			ereport(WARNING,
					(errmsg("key column \"%s\" of relation \"%s\" has a collation that is not deterministic",
							node->key.names[i], get_rel_name(node->relid)),
					 errdetail("A key names only the row that has the same bytes, not all that the collation holds to be equal."),
					 errhint("Write keys and ends of edges alike, for instance by lower() in views.")));
	}
}

void
graph_check_direction(const EdgeType *edge)
{
	bool		undirected = strcmp(edge->direction, "undirected") == 0;

	if (!undirected && strcmp(edge->direction, "forward") != 0 && strcmp(edge->direction, "both") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid direction: \"%s\"", edge->direction),
				 errhint("Valid directions are \"undirected\", \"forward\" and \"both\".")));
	if (undirected && edge->source_type != edge->target_type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("edge type \"%s\" between two node types cannot be undirected", edge->name),
				 errhint("Give direction => 'both' or 'forward'.")));
}

/* ------------------------------------------------------------------------
 * Time that is there for some types and not for others
 * ------------------------------------------------------------------------
 */

static void
notice_untimed(const char *what, const char *name)
{
	ereport(NOTICE,
			(errmsg("%s \"%s\" has no time column: its rows are always visible", what, name)));
}

static bool
graph_has_time(const Graph *graph)
{
	for (int i = 0; i < graph->nnode_types; i++)
		if (graph->node_types[i].time_column != NULL)
			return true;
	for (int i = 0; i < graph->nedge_types; i++)
		if (graph->edge_types[i].time_column != NULL)
			return true;
	return false;
}

/*
 * Tells, once for each type, that it has no time while another has.  The
 * graph is as before the new type, which is one of the two.  Edges that are
 * rows of a node type are visible when that row is.
 */
void
graph_notice_untimed(const Graph *graph, const NodeType *new_nodes, const EdgeType *new_edges)
{
	const char *time_column = new_nodes != NULL ? new_nodes->time_column : new_edges->time_column;

	if (graph_has_time(graph))
	{
		if (time_column == NULL && new_nodes != NULL)
			notice_untimed("node type", new_nodes->name);
		else if (time_column == NULL && !graph_edge_is_row(graph, new_edges))
			notice_untimed("edge type", new_edges->name);
		return;
	}
	if (time_column == NULL)
		return;
	for (int i = 0; i < graph->nnode_types; i++)
		notice_untimed("node type", graph->node_types[i].name);
	for (int i = 0; i < graph->nedge_types; i++)
	{
		if (!graph_edge_is_row(graph, &graph->edge_types[i]))
			notice_untimed("edge type", graph->edge_types[i].name);
	}
}
