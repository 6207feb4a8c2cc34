/*
 * store_degree.c
 *		How many edges lead to a node.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/timestamp.h"

#include "base/memory.h"
#include "store/store_internal.h"

typedef struct Degrees
{
	const IdMap *map;
	int64	   *counts;			/* by node */
} Degrees;

/* A row arrives: (key, number of edges). */
static void
degree_row(void *arg, Datum *values, bool *nulls)
{
	Degrees    *degrees = arg;
	int32		node = nulls[0] ? -1 : idmap_find(degrees->map, values[0]);

	if (node >= 0)
		degrees->counts[node] += DatumGetInt64(values[1]);
}

/* The edges at one of their ends, counted by key; some: of a list of keys only. */
static void
append_degree_select(StringInfo sql, const EdgeType *edge, const KeyColumns *end, const KeyColumns *key, bool some,
					 const char *before)
{
	appendStringInfo(sql, "SELECT %s, pg_catalog.count(*) FROM %s WHERE %s", key_columns_expression(end, key), edge->from,
					 some ? key_columns_match(end, key) : "true");
	if (before != NULL)
		appendStringInfo(sql, " AND %s OPERATOR(pg_catalog.%s) $2",
						 graph_time_expression(edge->time_column, edge->time_typeid), before);
	appendStringInfoString(sql, " GROUP BY 1");
}

/*
 * The number of edges, rows of the edge table, by which a relation leads to
 * each of its source nodes; those before "at" if edges have times.  nodes[n],
 * or NULL for all that the store knows, by number; whether the other end of
 * an edge is there is not looked at.
 */
int64 *
store_degrees(GraphStore *store, int relation, const int32 *nodes, int64 n, TimestampTz at, bool inclusive)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const EdgeType *edge = &store->graph->edge_types[def->edge_type];
	const KeyColumns *key = &store->graph->node_types[def->src_type].key;
	KeyKind		kind = store->graph->node_types[def->src_type].key_kind;
	Degrees		degrees = {store->nodes[def->src_type].map, NULL};
	const char *before = at == STORE_ALWAYS || !edge_has_time(edge) ? NULL : inclusive ? "<=" : "<";
	Oid			types[2] = {key_array_type(kind), TIMESTAMPTZOID};
	Datum		args[2] = {PointerGetDatum(NULL), TimestampTzGetDatum(at)};
	int64	   *result;
	StringInfoData sql;

	degrees.counts = memory_alloc_zero(idmap_count(degrees.map), sizeof(int64));
	if (nodes == NULL)
		args[0] = key_array(kind, NULL, 0);
	else
	{
		Datum	   *keys = memory_alloc(n, sizeof(Datum));

		for (int64 i = 0; i < n; i++)
			keys[i] = idmap_key(degrees.map, nodes[i]);
		args[0] = key_array(kind, keys, (int) n);
		pfree(keys);
	}
	initStringInfo(&sql);
	if (def->forward)
		append_degree_select(&sql, edge, &edge->target, key, nodes != NULL, before);
	if (def->forward && def->backward)
		appendStringInfoString(&sql, " UNION ALL ");
	if (def->backward)
		append_degree_select(&sql, edge, &edge->source, key, nodes != NULL, before);
	query_once(sql.data, 2, types, args, NULL, degree_row, &degrees);
	if (nodes == NULL)
		return degrees.counts;
	result = memory_alloc(n, sizeof(int64));
	for (int64 i = 0; i < n; i++)
		result[i] = degrees.counts[nodes[i]];
	pfree(degrees.counts);
	return result;
}
