/*
 * label_query.c
 *		Where labels come from: a column, or any query of the user's, as SQL
 *		that returns (key, label as text or text[], as number, time, split).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/query.h"
#include "graph/graph_column.h"
#include "label/label_query.h"

/* ------------------------------------------------------------------------
 * Which column
 * ------------------------------------------------------------------------
 */

/*
 * 'users.churned', or 'churned' where there is one node type (or *node_type
 * is given, not -1): the column's name, and the node type.
 */
char *
target_column(const Graph *graph, const char *target, int *node_type)
{
	const char *dot = strchr(target, '.');
	const char *column = target;

	if (dot != NULL)
	{
		char	   *name = pnstrdup(target, dot - target);
		int			found = graph_find_node_type(graph, name);

		if (found >= 0)
		{
			if (*node_type >= 0 && *node_type != found)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("target \"%s\" is not a column of node type \"%s\"",
								target, graph->node_types[*node_type].name)));
			*node_type = found;
			column = dot + 1;
		}
	}
	if (*node_type < 0 && graph->nnode_types == 1)
		*node_type = 0;
	if (*node_type < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("graph \"%s\" has several node types, and target \"%s\" does not say which is meant",
						graph->name, target),
				 errhint("Write the target as node_type.column, or give node_type.")));
	if (key_columns_contain(graph->node_types[*node_type].relid, graph->node_types[*node_type].key_column, column))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target \"%s\" is the key of node type \"%s\"", column, graph->node_types[*node_type].name),
				 errhint("A key says nothing about its row; choose another column.")));
	if (graph_is_key_or_end(graph, graph->node_types[*node_type].relid, column))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target \"%s\" is an end of an edge type of graph \"%s\"", column, graph->name),
				 errhint("Choose another column, or use labels => with a query.")));
	return pstrdup(column);
}

/* ------------------------------------------------------------------------
 * The query
 * ------------------------------------------------------------------------
 */

/* LABEL_TEXT: it is not a number. */
static LabelKind
number_kind(Oid typeid)
{
	switch (typeid)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return LABEL_INTEGER;
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return LABEL_NUMBER;
		default:
			return LABEL_TEXT;
	}
}

static LabelKind
label_kind(Oid typeid)
{
	Oid			element = get_element_type(typeid);

	if (OidIsValid(element))
		return kind_is_number(number_kind(getBaseType(element))) ? LABEL_NUMBER_ARRAY : LABEL_ARRAY;
	if (typeid == BOOLOID)
		return LABEL_BOOL;
	if (kind_is_number(number_kind(typeid)))
		return number_kind(typeid);
	if (TypeCategory(typeid) == TYPCATEGORY_STRING || get_typtype(typeid) == TYPTYPE_ENUM)
		return LABEL_TEXT;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("type %s cannot be a target", format_type_be(typeid)),
			 errhint("A target is boolean, a number, text, an enum, or an array of these.")));
}

/* The type of a single class. */
static Oid
class_type(Oid typeid)
{
	Oid			element = get_element_type(typeid);

	return getBaseType(OidIsValid(element) ? element : typeid);
}

/* SELECT key, label, number, time, split FROM source; 1.0 and 1 are one class */
static char *
label_sql(const char *from, const char *node, const char *label, Oid label_type, Oid time_type, bool has_split,
		  LabelKind kind)
{
	const char *name = quote_identifier(label);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s, %s::pg_catalog.text%s, ", node,
					 label_type == NUMERICOID ? psprintf("pg_catalog.trim_scale(%s)", name) : name,
					 kind_is_array(kind) ? "[]" : "");
	if (kind_is_number(kind))
		appendStringInfo(&sql, "%s::pg_catalog.float8, ", name);
	else
		appendStringInfoString(&sql, "NULL::pg_catalog.float8, ");
	appendStringInfo(&sql, "%s, ", OidIsValid(time_type) ? graph_time_expression("at", time_type) :
					 "NULL::pg_catalog.timestamptz");
	appendStringInfo(&sql, "%s FROM %s", has_split ? "split::pg_catalog.text" : "'train'::pg_catalog.text", from);
	return sql.data;
}

/* The column of that name in a query's result; 0: none. */
static Oid
result_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return getBaseType(TupleDescAttr(desc, i)->atttypid);
	}
	return InvalidOid;
}

static void
check_label_columns(TupleDesc desc)
{
	static const char *const known[] = {"node", "label", "at", "split"};

	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);
		bool		found = false;

		for (int k = 0; k < lengthof(known); k++)
			found |= strcmp(name, known[k]) == 0;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("labels query returns an unknown column \"%s\"", name),
					 errhint("Its columns are node and label, and optionally at and split; name them with AS.")));
		for (int k = 0; k < i; k++)
		{
			if (strcmp(name, NameStr(TupleDescAttr(desc, k)->attname)) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("labels query returns column \"%s\" more than once", name)));
		}
	}
	for (int k = 0; k < 2; k++)
	{
		if (!OidIsValid(result_column(desc, known[k])))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("labels query returns no column \"%s\"", known[k]),
					 errhint("Its columns are node and label, and optionally at and split; name them with AS.")));
	}
}

/* A user's query as a table expression; trailing semicolons are forgiven. */
static char *
labels_subquery(const char *query)
{
	char	   *text = pstrdup(query);
	int			length = strlen(text);

	while (length > 0 && (isspace((unsigned char) text[length - 1]) || text[length - 1] == ';'))
		text[--length] = '\0';
	return psprintf("(%s\n) AS labels", text);
}

/*
 * SQL text that makes a key of the query's column "node"; NULL: its type is
 * another one.  A key of several columns comes as jsonb, or as its text.
 */
static const char *
label_node(const NodeType *type, Oid typeid)
{
	KeyKind		kind;

	if (type->key.count > 1 && typeid == JSONBOID)
		return "node::pg_catalog.text";
	if (!graph_type_is_key(typeid, &kind) || kind != type->key_kind)
		return NULL;
	if (type->key.count > 1)
		return "node::pg_catalog.text::pg_catalog.jsonb::pg_catalog.text";
	return kind == KEY_INT ? "node::pg_catalog.int8" : kind == KEY_TEXT ? "node::pg_catalog.text" :
		"node::pg_catalog.uuid";
}

/* The SQL that reads the labels, and what kind and type they are; of arrays the type is the elements'. */
char *
labels_sql(const Graph *graph, int node_type, const TargetSource *source, LabelKind *kind, Oid *label_type,
		   bool *timed, bool *has_split)
{
	const NodeType *type = &graph->node_types[node_type];
	TupleDesc	desc;
	Oid			time_type;
	const char *node;

	*timed = *has_split = false;
	if (source->column != NULL)
	{
		GraphColumn column;

		if (!graph_column_find(type->relid, source->column, &column))
		{
			char	   *nearest = graph_column_nearest(type->relid, source->column);

			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("target column \"%s\" of table %s does not exist", source->column, type->table),
					 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
		}
		*kind = label_kind(column.typeid);
		*label_type = class_type(column.typeid);
		return label_sql(type->table, graph_node_key(type), source->column, column.typeid, InvalidOid, false, *kind);
	}

	desc = query_describe(source->query);
	if (desc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must be one query that returns rows"),
				 errhint("For example: SELECT id AS node, churned AS label FROM users.")));
	check_label_columns(desc);
	node = label_node(type, result_column(desc, "node"));
	if (node == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"node\" of the labels query is of type %s, but the key of node type \"%s\" is %s",
						format_type_be(result_column(desc, "node")), type->name, graph_key_kind_name(type->key_kind)),
				 errhint("Cast it to %s.", format_type_be(key_type(type->key_kind)))));
	time_type = result_column(desc, "at");
	if (OidIsValid(time_type) && !graph_type_is_time(time_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"at\" of the labels query is of type %s, which is not a time",
						format_type_be(time_type))));
	*kind = label_kind(result_column(desc, "label"));
	*label_type = class_type(result_column(desc, "label"));
	*timed = OidIsValid(time_type);
	*has_split = OidIsValid(result_column(desc, "split"));
	return label_sql(labels_subquery(source->query), node, "label", result_column(desc, "label"), time_type,
					 *has_split, *kind);
}
