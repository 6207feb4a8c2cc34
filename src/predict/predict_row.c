/*
 * predict_row.c
 *		The score of a row value that need not be in its table: what a BEFORE
 *		trigger has in hand.
 *
 * The row is put into a live store of its own as the node with its key, so
 * its own columns are those of the value.  Its neighborhood is that of the
 * edges that already name the key, and of the edges that the row itself is,
 * where a foreign key of the node table is an edge type.
 *
 * The row exists from its own time on, as if it were stored: to the nodes
 * that have it as a neighbor it has the place that this time gives it, and
 * none where it is not before the time as of which is scored.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/query.h"
#include "graph/graph_column.h"
#include "predict/scorer_internal.h"

typedef struct RowReading
{
	LiveState  *live;
	const Graph *graph;
	int			type;
	bool		timed;			/* rows of its type have times */
	int32		node;			/* -1: the row did not arrive */
} RowReading;

/*
 * True if each row of the node table is one edge of the relation, from the row
 * itself to what its foreign key names.
 */
static bool
relation_is_own(const Graph *graph, int relation, int node_type)
{
	const GraphRelation *def = &graph->relations[relation];
	const EdgeType *edge = &graph->edge_types[def->edge_type];

	return def->forward && edge->source_type == node_type && graph_edge_is_row(graph, edge);
}

/* Columns that edge_select_list() has for an edge type. */
static int
edge_width(const EdgeType *edge)
{
	return 2 + (edge->time_column != NULL) + (edge->weight_column != NULL);
}

/*
 * The row arrives: (key, its time if its type has one, own edges, columns).  It
 * comes once more for each further node that a foreign key of it finds, where
 * what that refers to is not unique; then it brings edges only.
 */
static void
row_row(void *arg, Datum *values, bool *nulls)
{
	RowReading *reading = arg;
	const Graph *graph = reading->graph;
	TimestampTz time = DT_NOBEGIN;
	bool		first = reading->node < 0;
	int			at = 1;

	CHECK_FOR_INTERRUPTS();
	if (nulls[0])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("row to be scored has no key"),
				 errdetail("Column \"%s\" is null.", reading->graph->node_types[reading->type].key_column)));
	if (reading->timed)
	{
		const NodeType *type = &graph->node_types[reading->type];

		time = nulls[at] ? DT_NOEND : DatumGetTimestampTz(values[at]);
		if (graph_time_is_beyond(time, type->time_typeid))
			graph_time_out_of_range(type->table, type->time_column, type->time_typeid,
									psprintf("\"%s\" = %s", type->key_column, key_text(type->key_kind, values[0])));
		at++;
	}
	if (first)
		reading->node = store_add_node(reading->live->store, reading->type, values[0], time);
	for (int r = 0; r < graph->nrelations; r++)
	{
		if (!relation_is_own(graph, r, reading->type))
			continue;
		store_add_own_edge(reading->live->store, r, reading->node, values + at, nulls + at);
		at += edge_width(&graph->edge_types[graph->relations[r].edge_type]);
	}
	if (first && reading->live->tables[reading->type] != NULL)
		feature_table_row(reading->live->tables[reading->type], reading->node, values + at, nulls + at);
}

/*
 * A row of any type will do that has what is read from it, in the types that
 * the table has: the encoders take values as they come.
 */
static void
check_row_column(const NodeType *type, Oid row_type, TupleDesc desc, const char *name)
{
	GraphColumn in_table;
	KeyKind		kind;
	Oid			found = InvalidOid;
	bool		same;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			found = getBaseType(att->atttypid);
	}
	if (!OidIsValid(found))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("row of type %s has no column \"%s\"", format_type_be(row_type), name),
				 errhint("Use a row such as those of table %s.", type->table)));
	if (type->key.count == 1 && strcmp(name, type->key_column) == 0)
		same = graph_type_is_key(found, &kind) && kind == type->key_kind;
	else
		same = graph_column_find(type->relid, name, &in_table) && in_table.typeid == found;
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of row type %s is of type %s, unlike that of table %s",
						name, format_type_be(row_type), format_type_be(found), type->table),
				 errhint("Use a row such as those of table %s.", type->table)));
}

/* The same for the columns of a key or an end. */
static void
check_row_columns(const NodeType *type, Oid row_type, TupleDesc desc, const char *names)
{
	ListCell   *lc;

	foreach(lc, key_columns_split(type->relid, names))
		check_row_column(type, row_type, desc, lfirst(lc));
}

static void
check_row_type(const CachedModel *cached, Oid row_type)
{
	const NodeType *type = &cached->graph->node_types[cached->spec->node_type];
	const FeatureSet *set = cached->spec->features[cached->spec->node_type];
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(row_type, -1);

	check_row_columns(type, row_type, desc, type->key_column);
	if (type->time_column != NULL)
		check_row_column(type, row_type, desc, type->time_column);
	for (int i = 0; set != NULL && i < feature_column_count(set); i++)
	{
		FeatureColumn column = feature_column(set, i);

		if (column.dense_width + column.sparse_width > 0)
			check_row_column(type, row_type, desc, column.name);
	}
	for (int r = 0; r < cached->graph->nrelations; r++)
	{
		if (relation_is_own(cached->graph, r, cached->spec->node_type))
			check_row_columns(type, row_type, desc,
							  cached->graph->edge_types[cached->graph->relations[r].edge_type].target_column);
	}
	FreeTupleDesc(desc);
}

/* What the row's foreign keys refer to, where that is not a key. */
static void
append_lookups(StringInfo sql, const CachedModel *cached)
{
	const Graph *graph = cached->graph;

	for (int r = 0; r < graph->nrelations; r++)
	{
		const char *lookup = graph->edge_types[graph->relations[r].edge_type].lookup;

		if (relation_is_own(graph, r, cached->spec->node_type) && lookup != NULL)
			appendStringInfo(sql, " LEFT JOIN %s", lookup);
	}
}

/* The query that takes a row value apart, kept with the model. */
static PreparedQuery *
row_query(CachedModel *cached, Oid row_type)
{
	const NodeType *type = &cached->graph->node_types[cached->spec->node_type];
	StringInfoData sql;
	MemoryContext old;

	if (row_type == RECORDOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("columns of an anonymous row have no names"),
				 errhint("Use a row of a table, or cast: ROW(...)::%s, or jsonb_populate_record(NULL::%s, ...).",
						 type->table, type->table)));
	if (cached->row_query != NULL && cached->row_type == row_type)
		return cached->row_query;
	if (cached->row_query != NULL)
		query_free(cached->row_query);
	cached->row_query = NULL;
	check_row_type(cached, row_type);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s", graph_node_key(type));
	if (type->time_column != NULL)
		appendStringInfo(&sql, ", %s", graph_time_expression(type->time_column, type->time_typeid));
	for (int r = 0; r < cached->graph->nrelations; r++)
	{
		if (relation_is_own(cached->graph, r, cached->spec->node_type))
			appendStringInfo(&sql, ", %s",
							 edge_select_list(cached->graph, &cached->graph->edge_types[cached->graph->relations[r].edge_type],
											  true));
	}
	appendStringInfo(&sql, "%s FROM (SELECT ($1).*) AS edge_row", cached->columns[cached->spec->node_type]);
	append_lookups(&sql, cached);
	old = MemoryContextSwitchTo(cached->cxt);
	cached->row_query = query_prepare(sql.data, 1, &row_type);
	cached->row_type = row_type;
	cached->row_relid = get_typ_typrelid(row_type);
	MemoryContextSwitchTo(old);
	return cached->row_query;
}

void
scorer_score_row(Scorer *scorer, HeapTupleHeader row, float *outputs, float *hidden)
{
	CachedModel *cached = scorer->cached;
	LiveState	live = {NULL};
	RowReading	reading = {
		.live = &live, .graph = cached->graph, .type = cached->spec->node_type,
		.timed = cached->graph->node_types[cached->spec->node_type].time_column != NULL, .node = -1
	};
	Datum		value = HeapTupleHeaderGetDatum(row);

	scorer_enter(scorer);
	live_state_open(&live, scorer, CurrentMemoryContext);
	query_run(row_query(cached, HeapTupleHeaderGetTypeId(row)), &value, NULL, row_row, &reading);
	if (reading.node < 0)
		elog(ERROR, "row to be scored did not arrive");
	live_state_score(&live, scorer, &reading.node, NULL, 1, outputs, hidden);
	live_state_close(&live);
	scorer_leave(scorer);
}
