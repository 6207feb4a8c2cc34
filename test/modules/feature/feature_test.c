/*
 * feature_test.c
 *		The feature floor, called from SQL.
 *
 * The graph is made by hand, of one table, so that no catalog is needed.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "base/guc.h"
#include "base/query.h"
#include "feature/feature.h"
#include "graph/graph_column.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(test_fit);
PG_FUNCTION_INFO_V1(test_encode);
PG_FUNCTION_INFO_V1(test_rewrite);

void
_PG_init(void)
{
	guc_define();
}

static char *
text_or_null(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

static List *
text_list(FunctionCallInfo fcinfo, int arg)
{
	List	   *list = NIL;
	Datum	   *values;
	int			n;

	if (PG_ARGISNULL(arg))
		return NIL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &values, NULL, &n);
	for (int i = 0; i < n; i++)
		list = lappend(list, TextDatumGetCString(values[i]));
	return list;
}

/* A graph whose only node type is the table, which has no edges. */
static Graph *
make_graph(Oid relid, char *key)
{
	Graph	   *graph = palloc0(sizeof(Graph));
	NodeType   *type = palloc0(sizeof(NodeType));
	const char *missing;

	if (!key_columns_find(relid, key, &type->key, &missing) || !key_columns_kind(&type->key, &type->key_kind))
		elog(ERROR, "the table has no key column \"%s\"", key);
	graph->nnode_types = 1;
	graph->node_types = type;
	type->name = get_rel_name(relid);
	type->relid = relid;
	type->table = graph_table_name(relid);
	type->key_column = key;
	return graph;
}

/* The column that links a row of the table to another one. */
static void
add_edge(Graph *graph, char *target_column)
{
	EdgeType   *edge = palloc0(sizeof(EdgeType));

	edge->name = "edge";
	edge->relid = graph->node_types[0].relid;
	edge->source_column = graph->node_types[0].key_column;
	edge->target_column = target_column;
	graph->nedge_types = 1;
	graph->edge_types = edge;
}

static Datum
state_datum(const FeatureSet *set)
{
	StringInfoData json;

	initStringInfo(&json);
	feature_write(set, &json);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/*
 * test_fit(tab regclass, key text, features text[], exclude text[], target text, time_column text, edge text,
 *			visible text) -> state
 */
Datum
test_fit(PG_FUNCTION_ARGS)
{
	Graph	   *graph = make_graph(PG_GETARG_OID(0), text_or_null(fcinfo, 1));
	NodeType   *type = &graph->node_types[0];
	FeatureSet *set;
	int64		rows;

	type->features = text_list(fcinfo, 2);
	type->exclude = text_list(fcinfo, 3);
	type->time_column = text_or_null(fcinfo, 5);
	if (!PG_ARGISNULL(6))
		add_edge(graph, text_or_null(fcinfo, 6));
	set = feature_choose(graph, 0, text_or_null(fcinfo, 4));
	rows = feature_fit(set, text_or_null(fcinfo, 7), true);
	ereport(DEBUG1, (errmsg_internal("%lld rows", (long long) rows)));
	PG_RETURN_DATUM(state_datum(set));
}

static FeatureSet *
read_set(FunctionCallInfo fcinfo)
{
	return feature_read(make_graph(PG_GETARG_OID(0), text_or_null(fcinfo, 1)), 0, &PG_GETARG_JSONB_P(2)->root);
}

/* test_rewrite(tab regclass, key text, state jsonb) -> the state read and written again */
Datum
test_rewrite(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(state_datum(read_set(fcinfo)));
}

static void
encode_row(void *arg, Datum *values, bool *nulls)
{
	FeatureTable *table = arg;

	feature_table_row(table, (int32) feature_table_count(table), values + 1, nulls + 1);
}

static FeatureTable *
encode_all(Oid relid, const char *key, const FeatureSet *set)
{
	FeatureTable *table = feature_table_create(set, 1, CurrentMemoryContext);

	query_once(psprintf("SELECT %s%s FROM %s ORDER BY 1", quote_identifier(key), feature_select_list(set),
						graph_table_name(relid)), 0, NULL, NULL, NULL, encode_row, table);
	return table;
}

static void
append_rounded(StringInfo text, float x)
{
	double		rounded = rint(x * 1000.0) / 1000.0;

	appendStringInfo(text, "%g", rounded == 0 ? 0 : rounded);
}

/* "0.5 -1 | 3 5:0.707": the dense part, then the sparse one. */
static char *
row_text(const FeatureSet *set, const FeatureTable *table, int64 row)
{
	const float *dense = feature_table_dense(table) + row * feature_dense_width(set);
	SparseRows	sparse = feature_table_sparse(table);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < feature_dense_width(set); i++)
	{
		append_rounded(&text, dense[i]);
		appendStringInfoChar(&text, ' ');
	}
	appendStringInfoChar(&text, '|');
	for (int64 i = sparse.offsets[row]; i < sparse.offsets[row + 1]; i++)
	{
		appendStringInfo(&text, " %d", sparse.ids[i]);
		if (sparse.values != NULL && sparse.values[i] != 1)
		{
			appendStringInfoChar(&text, ':');
			append_rounded(&text, sparse.values[i]);
		}
	}
	return text.data;
}

/* test_encode(tab regclass, key text, state jsonb) -> text[], one element a row, by key */
Datum
test_encode(PG_FUNCTION_ARGS)
{
	FeatureSet *set = read_set(fcinfo);
	FeatureTable *table = encode_all(PG_GETARG_OID(0), text_or_null(fcinfo, 1), set);
	int64		count = feature_table_count(table);
	Datum	   *rows = palloc(Max(count, 1) * sizeof(Datum));

	for (int64 i = 0; i < count; i++)
		rows[i] = CStringGetTextDatum(row_text(set, table, i));
	feature_table_truncate(table, count / 2);
	if (feature_table_count(table) != count / 2 || feature_table_sparse(table).rows != count / 2)
		elog(ERROR, "the table was not truncated");
	PG_RETURN_ARRAYTYPE_P(construct_array(rows, (int) count, TEXTOID, -1, false, TYPALIGN_INT));
}
