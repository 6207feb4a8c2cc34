/*
 * graph_fkey.c
 *		What a table's constraints say about its place in a graph.
 *
 * The key of a node type comes from the primary key; the ends of an edge type
 * come from the foreign keys that point to node types.  Where the constraints
 * do not say it, the columns' names may, and where they do not either the
 * user is asked for the argument that does.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_index.h"
#include "nodes/bitmapset.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "graph/graph_column.h"
#include "graph/graph_constraint.h"
#include "graph/graph_fkey.h"

/* What is being looked for in an edge table. */
typedef enum EdgeEnd
{
	END_SOURCE,
	END_TARGET
} EdgeEnd;

static const char *const end_names[] = {[END_SOURCE] = "source", [END_TARGET] = "target"};

/* ------------------------------------------------------------------------
 * Node types: the key
 * ------------------------------------------------------------------------
 */

/* The only key column of a unique index that holds for all rows; 0: other index. */
static AttrNumber
index_unique_column(Relation index)
{
	Form_pg_index form = index->rd_index;

	if (!form->indisunique || !form->indisvalid || !form->indimmediate ||
		form->indnkeyatts != 1 || RelationGetIndexPredicate(index) != NIL)
		return InvalidAttrNumber;
	return Max(form->indkey.values[0], InvalidAttrNumber);	/* 0: an expression */
}

/*
 * Column numbers of the single-column primary key, and of the unique NOT NULL
 * columns of a type that can be a key.
 */
static void
unique_columns(Relation rel, AttrNumber *primary, Bitmapset **unique)
{
	ListCell   *lc;

	*primary = InvalidAttrNumber;
	*unique = NULL;
	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		AttrNumber	attnum = index_unique_column(index);

		if (attnum > 0)
		{
			Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
			KeyKind		kind;

			if (index->rd_index->indisprimary)
				*primary = attnum;
			else if (att->attnotnull && graph_type_is_key(getBaseType(att->atttypid), &kind))
				*unique = bms_add_member(*unique, attnum);
		}
		index_close(index, AccessShareLock);
	}
}

/* The columns of the primary key; NULL: there is none. */
static char *
primary_columns(Relation rel)
{
	return OidIsValid(rel->rd_pkindex) ? key_columns_join(constraint_key(RelationGetRelid(rel))) : NULL;
}

/*
 * The column by which the table's rows are known: the primary key, if it is
 * one column; a column named "id"; the only unique NOT NULL column; the primary
 * key of several columns.  NULL if there is none of these.
 */
char *
graph_fkey_key(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	GraphColumn column;
	AttrNumber	primary;
	Bitmapset  *unique;
	int			only;
	char	   *result = NULL;

	unique_columns(rel, &primary, &unique);
	if (primary != InvalidAttrNumber)
		result = get_attname(relid, primary, false);
	else if (graph_column_find(relid, "id", &column))
		result = pstrdup("id");
	else if (bms_get_singleton_member(unique, &only))
		result = get_attname(relid, only, false);
	else
		result = primary_columns(rel);
	relation_close(rel, AccessShareLock);
	return result;
}

/* ------------------------------------------------------------------------
 * Edge types: foreign keys
 * ------------------------------------------------------------------------
 */

/* The node types, by index, whose key a foreign key of this one column points to. */
static Bitmapset *
fkey_node_types(const Graph *graph, Relation rel, AttrNumber attnum)
{
	Bitmapset  *types = NULL;
	ListCell   *lc;

	foreach(lc, RelationGetFKeyList(rel))
	{
		ForeignKeyCacheInfo *fkey = lfirst_node(ForeignKeyCacheInfo, lc);

		if (fkey->nkeys != 1 || fkey->conkey[0] != attnum)
			continue;
		for (int i = 0; i < graph->nnode_types; i++)
		{
			const NodeType *node = &graph->node_types[i];

			if (node->relid == fkey->confrelid && get_attnum(node->relid, node->key_column) == fkey->confkey[0])
				types = bms_add_member(types, i);
		}
	}
	return types;
}

/* Has the column a foreign key to the key of a node type? */
bool
graph_fkey_to_node(const Graph *graph, Oid relid, const char *column)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	AttrNumber	attnum = get_attnum(relid, column);
	bool		result = attnum > 0 && !bms_is_empty(fkey_node_types(graph, rel, attnum));

	relation_close(rel, AccessShareLock);
	return result;
}

static bool
name_begins(const char *name, const char *prefix)
{
	return pg_strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* Is it the usual name of a column for that end? */
static bool
name_means(const char *name, EdgeEnd end)
{
	if (end == END_SOURCE)
		return pg_strcasecmp(name, "source") == 0 || pg_strcasecmp(name, "src") == 0 || name_begins(name, "from_");
	return pg_strcasecmp(name, "target") == 0 || pg_strcasecmp(name, "dst") == 0 || name_begins(name, "to_");
}

/* The only column of the list whose name means the end; NULL: none or several. */
static char *
only_by_name(List *columns, EdgeEnd end)
{
	char	   *found = NULL;
	ListCell   *lc;

	foreach(lc, columns)
	{
		char	   *name = lfirst(lc);

		if (!name_means(name, end))
			continue;
		if (found != NULL)
			return NULL;
		found = name;
	}
	return found;
}

/* Fills the ends that are still open with what the names in the list say. */
static void
ends_by_name(char **ends, List *columns)
{
	for (EdgeEnd end = END_SOURCE; end <= END_TARGET; end++)
		if (ends[end] == NULL)
			ends[end] = only_by_name(columns, end);
}

/*
 * Fills the ends that are still open when there are just as many foreign keys
 * left: the source stands before the target.
 */
static void
ends_by_order(char **ends, List *fkey_columns)
{
	List	   *left = NIL;
	int			open = 0;
	ListCell   *lc;

	foreach(lc, fkey_columns)
	{
		char	   *name = lfirst(lc);

		if ((ends[END_SOURCE] == NULL || strcmp(name, ends[END_SOURCE]) != 0) &&
			(ends[END_TARGET] == NULL || strcmp(name, ends[END_TARGET]) != 0))
			left = lappend(left, name);
	}
	for (EdgeEnd end = END_SOURCE; end <= END_TARGET; end++)
		open += ends[end] == NULL;
	if (open == 0 || open != list_length(left))
		return;
	for (EdgeEnd end = END_SOURCE; end <= END_TARGET; end++)
	{
		if (ends[end] == NULL)
		{
			ends[end] = linitial(left);
			left = list_delete_first(left);
		}
	}
}

static void
require_end(const EdgeType *edge, char **ends, EdgeEnd end)
{
	if (ends[end] == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("could not determine the %s column of edge table \"%s\"",
						end_names[end], get_rel_name(edge->relid)),
				 errdetail("Neither its foreign keys nor its column names say which one it is."),
				 errhint("Give %s => 'column name'.", end_names[end])));
}

/*
 * Sets edge->source_column and edge->target_column where they are NULL.
 * First the names among the columns with foreign keys to node types, then the
 * order of these, then the names among all columns, and again the order, for
 * a single foreign key that is left over.
 */
void
graph_fkey_find_ends(const Graph *graph, EdgeType *edge)
{
	Relation	rel = relation_open(edge->relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	char	   *ends[] = {edge->source_column, edge->target_column};
	List	   *all_columns = NIL;
	List	   *fkey_columns = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		all_columns = lappend(all_columns, pstrdup(NameStr(att->attname)));
		if (!bms_is_empty(fkey_node_types(graph, rel, att->attnum)))
			fkey_columns = lappend(fkey_columns, pstrdup(NameStr(att->attname)));
	}
	relation_close(rel, AccessShareLock);

	ends_by_name(ends, fkey_columns);
	ends_by_order(ends, fkey_columns);
	ends_by_name(ends, all_columns);
	ends_by_order(ends, fkey_columns);

	require_end(edge, ends, END_SOURCE);
	require_end(edge, ends, END_TARGET);
	edge->source_column = ends[END_SOURCE];
	edge->target_column = ends[END_TARGET];
}

/* ------------------------------------------------------------------------
 * Edge types: the node types of the ends
 * ------------------------------------------------------------------------
 */

/* A node type that the user named. */
static int
type_by_name(const Graph *graph, const char *name)
{
	int			type = graph_find_node_type(graph, name);

	if (type < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("node type \"%s\" does not exist in graph \"%s\"", name, graph->name),
				 errhint("SELECT * FROM sage.node_types shows the node types of each graph.")));
	return type;
}

/* The node types over the table itself whose key is the column. */
static Bitmapset *
own_node_types(const Graph *graph, Oid relid, const char *column)
{
	Bitmapset  *types = NULL;

	for (int i = 0; i < graph->nnode_types; i++)
	{
		const NodeType *node = &graph->node_types[i];

		if (node->relid == relid && strcmp(node->key_column, column) == 0)
			types = bms_add_member(types, i);
	}
	return types;
}

/*
 * The node type of an end: the one its foreign key points to; the table's own
 * type, if the end is its key; the only one that the graph has.
 */
static int
type_of_end(const Graph *graph, const EdgeType *edge, EdgeEnd end, const char *column)
{
	Relation	rel = relation_open(edge->relid, AccessShareLock);
	Bitmapset  *types = fkey_node_types(graph, rel, get_attnum(edge->relid, column));
	int			type;

	relation_close(rel, AccessShareLock);
	if (bms_is_empty(types))
		types = own_node_types(graph, edge->relid, column);
	if (bms_is_empty(types) && graph->nnode_types == 1)
		types = bms_make_singleton(0);
	if (!bms_get_singleton_member(types, &type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("could not determine the node type of %s column \"%s\" of edge table \"%s\"",
						end_names[end], column, get_rel_name(edge->relid)),
				 errhint("Give %s_type => 'node type'.", end_names[end])));
	return type;
}

/*
 * Sets edge->source_type and edge->target_type; the ends are known.  A name
 * that is NULL means that the constraints are to say it.
 */
void
graph_fkey_find_types(const Graph *graph, EdgeType *edge, const char *source_type, const char *target_type)
{
	edge->source_type = source_type != NULL ? type_by_name(graph, source_type) :
		type_of_end(graph, edge, END_SOURCE, edge->source_column);
	edge->target_type = target_type != NULL ? type_by_name(graph, target_type) :
		type_of_end(graph, edge, END_TARGET, edge->target_column);
}
