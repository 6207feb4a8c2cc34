/*
 * neighbor_cases.c
 *		What one store says, as rows: neighbors, nodes, counts.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sample_test.h"

PG_FUNCTION_INFO_V1(test_neighbors);
PG_FUNCTION_INFO_V1(test_find_nodes);
PG_FUNCTION_INFO_V1(test_counts);

/* One destination's neighbors: (place, dst, at, neighbors, weights). */
static void
put_neighbors(ReturnSetInfo *result, const TestStore *test, int relation, int place, const char *dst,
			  const TimestampTz *at, const NeighborList *list, int64 i)
{
	int			type = test->graph->relations[relation].src_type;
	int64		from = list->offsets[i];
	int			n = (int) (list->offsets[i + 1] - from);
	Datum	   *names = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *weights = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[5];
	bool		nulls[5] = {false, false, at == NULL, false, list->weights == NULL};

	for (int k = 0; k < n; k++)
	{
		names[k] = CStringGetTextDatum(test_name(test, type, list->nodes[from + k]));
		if (list->weights != NULL)
			weights[k] = Float4GetDatum(list->weights[from + k]);
	}
	values[0] = Int32GetDatum(place);
	values[1] = CStringGetTextDatum(dst);
	values[2] = at != NULL ? TimestampTzGetDatum(*at) : 0;
	values[3] = PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
	values[4] = PointerGetDatum(construct_array(weights, n, FLOAT4OID, sizeof(float), true, TYPALIGN_INT));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Places 0 .. n - 1 in an order that a number stands for; 0: as they are. */
static int *
shuffled_places(int n, uint64 salt)
{
	int		   *places = palloc(Max(n, 1) * sizeof(int));

	for (int i = 0; i < n; i++)
		places[i] = i;
	for (int i = n - 1; i > 0 && salt != 0; i--)
	{
		int			k = (int) random_below(random_hash(salt, i), i + 1);
		int			place = places[i];

		places[i] = places[k];
		places[k] = place;
	}
	return places;
}

/*
 * test_neighbors(store text, graph text, relation text, count int, dst text[], at timestamptz[], rotate bool,
 *				  salt bigint, inclusive bool, seed bigint, batch int, added text[], neighbor_order text)
 *		-> (place int, dst text, at timestamptz, neighbors text[], weights real[])
 *
 * dst NULL: all nodes.  With batch > 0 the destinations are asked for in
 * batches of so many, in an order that depends on it.  Nodes of "added" are
 * added before, as nodes of the source type that are not in the table.
 */
Datum
test_neighbors(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Graph	   *graph = graph_load(test_text(fcinfo, 1));
	int			relation = test_relation(graph, test_text(fcinfo, 2));
	int			dst_type = graph->relations[relation].dst_type;
	NeighborPick pick = {
		.count = PG_GETARG_INT32(3), .rotate = PG_GETARG_BOOL(6), .salt = PG_GETARG_INT64(7),
		.inclusive = PG_GETARG_BOOL(8)
	};
	TestTexts	dst = test_texts(fcinfo, 4);
	TestTimes	at = test_times(fcinfo, 5);
	TestTexts	added = test_texts(fcinfo, 11);
	int			batch = PG_GETARG_INT32(10);
	TestStore  *test = test_open(graph, strcmp(test_text(fcinfo, 0), "live") == 0, PG_GETARG_INT64(9),
								  test_order(fcinfo, 12));
	int32	   *nodes;
	int		   *places;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < added.n; i++)
		store_add_node(test->store, graph->relations[relation].src_type,
					   test_key(graph, graph->relations[relation].src_type, added.values[i]), DT_NOBEGIN);
	if (dst.n < 0)
		dst = test_all_names(graph, dst_type);
	if (at.n >= 0 && at.n != dst.n)
		elog(ERROR, "dst and at are not of one length");
	nodes = test_find(test, dst_type, &dst);
	places = shuffled_places(dst.n, batch);

	for (int from = 0; from < dst.n; from += batch > 0 ? batch : dst.n)
	{
		int			n = Min(batch > 0 ? batch : dst.n, dst.n - from);
		int32	   *batch_nodes = palloc(n * sizeof(int32));
		TimestampTz *batch_times = palloc(n * sizeof(TimestampTz));
		NeighborList list;

		for (int i = 0; i < n; i++)
		{
			if (nodes[places[from + i]] < 0)
				elog(ERROR, "there is no node \"%s\"", dst.values[places[from + i]]);
			batch_nodes[i] = nodes[places[from + i]];
			if (at.n >= 0)
				batch_times[i] = at.values[places[from + i]];
		}
		store_neighbors(test->store, relation, batch_nodes, at.n >= 0 ? batch_times : NULL, n, &pick, &list);
		for (int i = 0; i < n; i++)
			put_neighbors(result, test, relation, places[from + i] + 1, test_name(test, dst_type, batch_nodes[i]),
						  at.n >= 0 ? &batch_times[i] : NULL, &list, i);
		CHECK_FOR_INTERRUPTS();
	}
	test_close(test);
	return (Datum) 0;
}

/*
 * test_find_nodes(store text, graph text, node_type text, keys text[]) -> text[]: the
 * names of the nodes that were found, NULL where there is none.  Asks twice,
 * which must give the same numbers.
 */
Datum
test_find_nodes(PG_FUNCTION_ARGS)
{
	Graph	   *graph = graph_load(test_text(fcinfo, 1));
	int			type = test_node_type(graph, test_text(fcinfo, 2));
	TestTexts	keys = test_texts(fcinfo, 3);
	TestStore  *test = test_open(graph, strcmp(test_text(fcinfo, 0), "live") == 0, 1, ORDER_UNIFORM);
	int32	   *nodes = test_find(test, type, &keys);
	int32	   *again = test_find(test, type, &keys);
	Datum	   *names = palloc(Max(keys.n, 1) * sizeof(Datum));
	bool	   *nulls = palloc(Max(keys.n, 1) * sizeof(bool));
	int			lower = 1;

	for (int i = 0; i < keys.n; i++)
	{
		if (nodes[i] != again[i])
			elog(ERROR, "node \"%s\" has two numbers", keys.values[i]);
		nulls[i] = nodes[i] < 0;
		names[i] = nulls[i] ? 0 : CStringGetTextDatum(test_name(test, type, nodes[i]));
	}
	test_close(test);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(names, nulls, 1, &keys.n, &lower, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * test_counts(graph text, relation text) -> (edges, dangling, loops, null_ends, duplicates)
 * of a resident store that has been asked for all neighbors.
 */
Datum
test_counts(PG_FUNCTION_ARGS)
{
	Graph	   *graph = graph_load(test_text(fcinfo, 0));
	int			relation = test_relation(graph, test_text(fcinfo, 1));
	int			dst_type = graph->relations[relation].dst_type;
	TestTexts	dst = test_all_names(graph, dst_type);
	TestStore  *test = test_open(graph, false, 1, ORDER_UNIFORM);
	NeighborPick pick = {.count = -1};
	const StoreCounts *counts = store_counts(test->store, relation);
	NeighborList list;
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	store_neighbors(test->store, relation, test_find(test, dst_type, &dst), NULL, dst.n, &pick, &list);
	values[0] = Int64GetDatum(counts->edges);
	values[1] = Int64GetDatum(counts->dangling);
	values[2] = Int64GetDatum(counts->loops);
	values[3] = Int64GetDatum(counts->null_ends);
	values[4] = Int64GetDatum(counts->duplicates);
	test_close(test);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
