/*
 * feature.c
 *		Which columns of a table are features, and where they land.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "nodes/bitmapset.h"
#include "nodes/nodes.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "feature/encode.h"
#include "graph/graph_column.h"

/*
 * What says which columns of a table are features: a node type, or as if it
 * were one without a key, an edge type.
 */
const NodeType *
feature_table_type(const Graph *graph, int table)
{
	const EdgeType *edge;
	NodeType   *type;

	if (table < graph->nnode_types)
		return &graph->node_types[table];
	edge = &graph->edge_types[table - graph->nnode_types];
	type = palloc0(sizeof(NodeType));
	type->name = edge->name;
	type->relid = edge->relid;
	type->table = edge->table;
	type->time_column = edge->time_column;
	type->time_typeid = edge->time_typeid;
	type->features = edge->features;
	return type;
}

/*
 * A set of unresolved columns, in CurrentMemoryContext, which must live as
 * long as the set.
 */
FeatureSet *
feature_set_create(const NodeType *type, int ncolumns)
{
	FeatureSet *set = palloc0(sizeof(FeatureSet));

	set->context = CurrentMemoryContext;
	set->relid = type->relid;
	set->table = pstrdup(type->table);
	set->table_name = get_rel_name(type->relid);
	set->key_column = type->key_column != NULL ? pstrdup(type->key_column) : NULL;
	set->key_sql = type->key_column != NULL ? graph_node_key(type) : "NULL";
	set->key_kind = type->key_kind;
	set->ncolumns = ncolumns;
	set->columns = palloc0(Max(ncolumns, 1) * sizeof(Column));
	for (int i = 0; i < ncolumns; i++)
		set->columns[i].table = set->table_name;
	set->read = palloc0(Max(ncolumns, 1) * sizeof(int));
	return set;
}

/* The widths that follow from a column's fitted state. */
static void
column_layout(Column *column)
{
	int			slots = column->vocabulary != NULL ? column->vocabulary->count : 0;
	int			dense = column->number.std > 0 ? 1 : 0;
	int			sparse = 0;

	switch (column->kind)
	{
		case FEATURE_NUMERIC:
			dense += column->missing ? 1 : 0;
			break;
		case FEATURE_CATEGORY:
			sparse = slots + (column->other ? 1 : 0) + (column->missing ? 1 : 0);
			if (sparse == 1 && dense == 0)
				sparse = 0;		/* the same in every row */
			break;
		case FEATURE_TIME:
			dense += 2 * column->year + 2 * column->week + 2 * column->day + (column->missing ? 1 : 0);
			break;
		case FEATURE_VECTOR:
			dense = column->length + (column->missing ? 1 : 0);
			break;
		case FEATURE_SET:
		case FEATURE_TEXT:
			sparse = slots;
			dense = column->missing ? 1 : 0;
			break;
		case FEATURE_KEY:
			sparse = slots;
			break;
	}
	column->dense_width = dense;
	column->sparse_width = sparse;
}

/*
 * Give every fitted column its place in the encoded row, and leave those
 * without a slot out of what is read: feature_set_read() is to follow.
 */
void
feature_set_layout(FeatureSet *set)
{
	set->dense_width = 0;
	set->sparse_width = 0;
	set->nread = 0;
	set->weighted = false;
	for (int i = 0; i < set->ncolumns; i++)
	{
		Column	   *column = &set->columns[i];

		column_layout(column);
		column->dense_offset = set->dense_width;
		column->sparse_offset = set->sparse_width;
		set->dense_width += column->dense_width;
		set->sparse_width += column->sparse_width;
		if (column->dense_width + column->sparse_width == 0)
		{
			ereport(DEBUG1,
					(errmsg_internal("column \"%s\" of table \"%s\" is constant", column->name, column->table)));
			continue;
		}
		set->read[set->nread++] = i;
		if (column->sparse_width > 0 && encode_weighted(column->kind))
			set->weighted = true;
	}
}

/* The text that reads the columns listed in set->read. */
void
feature_set_read(FeatureSet *set)
{
	MemoryContext old = MemoryContextSwitchTo(set->context);
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < set->nread; i++)
		appendStringInfo(&list, ", %s", set->columns[set->read[i]].expression);
	set->select_list = list.data;
	MemoryContextSwitchTo(old);
}

static bool
list_has(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/*
 * Is the column generated from the other one?  Then it is the other one in
 * other words.
 */
static bool
column_derives_from(Relation relation, AttrNumber attnum, const char *other)
{
	TupleConstr *constr = RelationGetDescr(relation)->constr;
	AttrNumber	source = get_attnum(RelationGetRelid(relation), other);

	if (constr == NULL || source == InvalidAttrNumber ||
		TupleDescAttr(RelationGetDescr(relation), attnum - 1)->attgenerated == '\0')
		return false;
	for (int i = 0; i < constr->num_defval; i++)
	{
		Bitmapset  *used = NULL;

		if (constr->defval[i].adnum != attnum)
			continue;
		pull_varattnos(stringToNode(constr->defval[i].adbin), 1, &used);
		return bms_is_member(source - FirstLowInvalidHeapAttributeNumber, used);
	}
	return false;
}

/*
 * Why a column cannot be a feature, as the end of an error message's detail;
 * NULL if it can.
 */
static const char *
column_refused(const Graph *graph, const NodeType *type, Relation relation, Form_pg_attribute att,
			   const char *target_column)
{
	const char *name = NameStr(att->attname);

	if (type->key_column != NULL && key_columns_contain(type->relid, type->key_column, name))
		return "it is the key";
	if (graph_is_key_or_end(graph, type->relid, name))
		return "it links rows to nodes";
	if (type->time_column != NULL && strcmp(name, type->time_column) == 0)
		return "it is the time column";
	if (list_has(type->exclude, name))
		return "it is excluded";
	if (target_column == NULL)
		return NULL;
	if (strcmp(name, target_column) == 0)
		return "it is the target";
	if (column_derives_from(relation, att->attnum, target_column))
		return "it is generated from the target";
	return NULL;
}

/* The user asked for this column: an error if it cannot be had. */
static Form_pg_attribute
column_named(const Graph *graph, const NodeType *type, Relation relation, const char *name,
			 const char *target_column)
{
	const char *table = RelationGetRelationName(relation);
	AttrNumber	attnum = get_attnum(type->relid, name);
	Form_pg_attribute att;
	const char *why;

	if (attnum == InvalidAttrNumber)
	{
		char	   *nearest = graph_column_nearest(type->relid, name);

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("feature column \"%s\" of table \"%s\" does not exist", name, table),
				 nearest != NULL ? errhint("Perhaps you meant the column \"%s\".", nearest) : 0));
	}
	if (attnum < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("column \"%s\" of table \"%s\" cannot be a feature: it is a system column", name, table)));
	att = TupleDescAttr(RelationGetDescr(relation), attnum - 1);
	why = column_refused(graph, type, relation, att, target_column);
	if (why != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("column \"%s\" of table \"%s\" cannot be a feature: %s", name, table, why),
				 errhint("Leave it out of the graph's list of features.")));
	return att;
}

/* The columns that the graph names, but the target. */
static void
choose_named(FeatureSet *set, const Graph *graph, const NodeType *type, Relation relation,
			 const char *target_column)
{
	ListCell   *cell;

	set->ncolumns = 0;
	foreach(cell, type->features)
	{
		const char *name = lfirst(cell);
		Column	   *column = &set->columns[set->ncolumns];
		Form_pg_attribute att;

		/* labels are never features, whatever the list says */
		if (target_column != NULL && strcmp(name, target_column) == 0)
			continue;
		att = column_named(graph, type, relation, name, target_column);
		for (int i = 0; i < set->ncolumns; i++)
		{
			if (strcmp(set->columns[i].name, name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("feature column \"%s\" of table \"%s\" is named more than once", name,
								set->table_name)));
		}
		if (!column_resolve(column, name, att->atttypid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of table \"%s\" cannot be a feature: there is no encoder for type %s",
							name, set->table_name, column->type_name),
					 errhint("Name a column of numbers, texts, times or arrays, or derive one from it in a generated column or a view.")));
		set->ncolumns++;
	}
}

/* All columns that can be features; a notice names those of other types. */
static void
choose_all(FeatureSet *set, const Graph *graph, const NodeType *type, Relation relation,
		   const char *target_column)
{
	TupleDesc	desc = RelationGetDescr(relation);
	StringInfoData without;
	int			nwithout = 0;

	initStringInfo(&without);
	set->ncolumns = 0;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Column	   *column = &set->columns[set->ncolumns];

		if (att->attisdropped || column_refused(graph, type, relation, att, target_column) != NULL)
			continue;
		if (column_resolve(column, NameStr(att->attname), att->atttypid))
			set->ncolumns++;
		else
			appendStringInfo(&without, "%s\"%s\" (%s)", nwithout++ > 0 ? ", " : "", column->name, column->type_name);
	}
	if (nwithout > 0)
		ereport(NOTICE,
				(errmsg_plural("column %2$s of table \"%1$s\" is not used, because there is no encoder for its type",
							   "columns %2$s of table \"%1$s\" are not used, because there is no encoder for their types",
							   nwithout, set->table_name, without.data)));
	pfree(without.data);
}

/*
 * The feature columns of a table, not yet fitted: those that the graph
 * names, which may be none, else (of a node type) all but keys, ends of edges, times, exceptions
 * and the target (target_column may be NULL).  An exception that is no column any more, such
 * as one that held scores, says nothing; that it was one when it was named
 * was checked then.  In CurrentMemoryContext.
 */
FeatureSet *
feature_choose(const Graph *graph, int table, const char *target_column)
{
	const NodeType *type = feature_table_type(graph, table);
	Relation	relation = relation_open(type->relid, AccessShareLock);
	FeatureSet *set;

	set = feature_set_create(type, Max(list_length(type->features), RelationGetNumberOfAttributes(relation)));
	if (type->features != NIL)
		choose_named(set, graph, type, relation, target_column);
	else if (type->no_features)
		set->ncolumns = 0;
	else
		choose_all(set, graph, type, relation, target_column);
	relation_close(relation, NoLock);

	set->nread = set->ncolumns;
	for (int i = 0; i < set->nread; i++)
		set->read[i] = i;
	feature_set_read(set);
	return set;
}

/*
 * The key as the one column of a node type's rows, not yet fitted.  In
 * CurrentMemoryContext.
 */
FeatureSet *
feature_choose_key(const Graph *graph, int node_type)
{
	FeatureSet *set = feature_set_create(&graph->node_types[node_type], 1);

	encode_key_resolve(&set->columns[0], set);
	set->nread = 1;
	feature_set_read(set);
	return set;
}

/*
 * What to append to a row's key in a select list.  It changes when the set is
 * fitted, because columns that say nothing are not read any more.
 */
const char *
feature_select_list(const FeatureSet *set)
{
	return set->select_list;
}

int
feature_dense_width(const FeatureSet *set)
{
	return set->dense_width;
}

int
feature_sparse_width(const FeatureSet *set)
{
	return set->sparse_width;
}

int
feature_column_count(const FeatureSet *set)
{
	return set->ncolumns;
}

FeatureColumn
feature_column(const FeatureSet *set, int index)
{
	const Column *column = &set->columns[index];

	return (FeatureColumn) {
		.name = column->name,
		.kind = column->kind,
		.dense_offset = column->dense_offset,
		.dense_width = column->dense_width,
		.sparse_offset = column->sparse_offset,
		.sparse_width = column->sparse_width
	};
}
