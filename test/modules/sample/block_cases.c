/*
 * block_cases.c
 *		Samples of several hops: what must hold for their blocks, and what is in
 *		them, as rows.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "sample/memory_sample.h"
#include "sample_test.h"

PG_FUNCTION_INFO_V1(test_sample);
PG_FUNCTION_INFO_V1(test_blocks);

/* What is sampled: the arguments of both functions. */
typedef struct Sampling
{
	const Graph *graph;
	int			node_type;
	TestTexts	seeds;
	TestTimes	at;
	SampleOptions options;
	uint64		seed;
} Sampling;

/* Arguments from "arg" on: graph, node_type, fanout, hops, seeds, at, rotate, salt, inclusive, seed. */
static Sampling
read_sampling(FunctionCallInfo fcinfo, int arg)
{
	Sampling	sampling = {.graph = graph_load(test_text(fcinfo, arg))};

	sampling.node_type = test_node_type(sampling.graph, test_text(fcinfo, arg + 1));
	sampling.options.fanout = test_fanout(sampling.graph, PG_GETARG_JSONB_P(arg + 2), PG_GETARG_INT32(arg + 3));
	sampling.seeds = test_texts(fcinfo, arg + 4);
	if (sampling.seeds.n < 0)
		sampling.seeds = test_all_names(sampling.graph, sampling.node_type);
	sampling.at = test_times(fcinfo, arg + 5);
	if (sampling.at.n >= 0 && sampling.at.n != sampling.seeds.n)
		elog(ERROR, "seeds and at are not of one length");
	sampling.options.rotate = PG_GETARG_BOOL(arg + 6);
	sampling.options.salt = PG_GETARG_INT64(arg + 7);
	sampling.options.inclusive = PG_GETARG_BOOL(arg + 8);
	sampling.seed = PG_GETARG_INT64(arg + 9);
	return sampling;
}

static Sample *
take_sample(const Sampling *sampling, TestStore *test)
{
	int32	   *nodes = test_find(test, sampling->node_type, &sampling->seeds);

	return neighbor_sample(test->store, sampling->graph, sampling->node_type, nodes,
						   sampling->at.n >= 0 ? sampling->at.values : NULL, sampling->seeds.n, &sampling->options);
}

/*
 * The same by the sampler in memory; with more and more room, until it is
 * enough.  A long list that a thread cannot put in order is put in order by the
 * other way.
 */
static Sample *
take_memory_sample(const Sampling *sampling, TestStore *test, bool in_thread)
{
	int32	   *nodes = test_find(test, sampling->node_type, &sampling->seeds);
	MemorySampler *sampler = memory_sampler_create(test->store, sampling->graph, sampling->node_type);
	SampleStatus status = SAMPLE_NO_ROOM;
	Sample	   *sample = NULL;

	for (Size size = ARENA_ALIGN; status != SAMPLE_DRAWN; size += size / 2)
	{
		Arena		arena = arena_create(palloc(size + ARENA_ALIGN), size);

		status = memory_sample(sampler, &arena, nodes, sampling->seeds.n, &sampling->options, in_thread, &sample);
		if (status == SAMPLE_UNORDERED && !in_thread)
			elog(ERROR, "lists were not put in order");
		if (status == SAMPLE_UNORDERED)
			(void) take_sample(sampling, test);
	}
	return sample;
}

/* ------------------------------------------------------------------------
 * As rows
 * ------------------------------------------------------------------------
 */

/* One destination of one relation and hop: (hop, relation, dst, at, neighbors, weights). */
static void
put_destination(ReturnSetInfo *result, const TestStore *test, const Sample *sample, int hop, int r, int64 d)
{
	const GraphRelation *def = &test->graph->relations[r];
	const RelationBlock *block = &sample->blocks[sample->nhops - hop].relations[r];
	const TimestampTz *times = sample->times[def->dst_type];
	int64		from = block->offsets[d];
	int			n = (int) (block->offsets[d + 1] - from);
	Datum	   *names = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *weights = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[6];
	bool		nulls[6] = {false, false, false, times == NULL, false, block->weights == NULL};

	for (int k = 0; k < n; k++)
	{
		names[k] = CStringGetTextDatum(test_name(test, def->src_type,
												 sample->nodes[def->src_type][block->src[from + k]]));
		if (block->weights != NULL)
			weights[k] = Float4GetDatum(block->weights[from + k]);
	}
	values[0] = Int32GetDatum(hop);
	values[1] = CStringGetTextDatum(def->name);
	values[2] = CStringGetTextDatum(test_name(test, def->dst_type, sample->nodes[def->dst_type][d]));
	values[3] = times != NULL ? TimestampTzGetDatum(times[d]) : 0;
	values[4] = PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
	values[5] = PointerGetDatum(construct_array(weights, n, FLOAT4OID, sizeof(float), true, TYPALIGN_INT));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * test_sample(store text, graph text, node_type text, fanout jsonb, hops int, seeds text[], at timestamptz[],
 *			   rotate bool, salt bigint, inclusive bool, seed bigint)
 *		-> (hop int, relation text, dst text, at timestamptz, neighbors text[], weights real[])
 */
Datum
test_sample(PG_FUNCTION_ARGS)
{
	Sampling	sampling = read_sampling(fcinfo, 1);
	TestStore  *test = test_open(sampling.graph, strcmp(test_text(fcinfo, 0), "live") == 0, sampling.seed, ORDER_UNIFORM);
	Sample	   *sample = take_sample(&sampling, test);

	InitMaterializedSRF(fcinfo, 0);
	for (int hop = 1; hop <= sample->nhops; hop++)
	{
		const SampleBlock *block = &sample->blocks[sample->nhops - hop];

		for (int r = 0; r < sampling.graph->nrelations; r++)
		{
			int64		ndst = block->ndst[sampling.graph->relations[r].dst_type];

			for (int64 d = 0; d < ndst && block->relations[r].nedges > 0; d++)
				put_destination((ReturnSetInfo *) fcinfo->resultinfo, test, sample, hop, r, d);
		}
	}
	test_close(test);
	return (Datum) 0;
}

/* ------------------------------------------------------------------------
 * What must hold
 * ------------------------------------------------------------------------
 */

static bool
must(bool holds, const char *what)
{
	if (!holds)
		elog(NOTICE, "does not hold: %s", what);
	return holds;
}

typedef struct Place
{
	int32		node;
	TimestampTz time;
} Place;

static int
place_compare(const void *a, const void *b)
{
	const Place *x = a;
	const Place *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return (x->time > y->time) - (x->time < y->time);
}

static TimestampTz
time_of(const Sample *sample, int type, int64 place)
{
	return sample->times[type] != NULL ? sample->times[type][place] : STORE_ALWAYS;
}

/* Each (node, time) stands once. */
static bool
check_places(const Sample *sample, int type)
{
	int64		n = sample->nnodes[type];
	Place	   *places = palloc(Max(n, 1) * sizeof(Place));
	bool		ok = true;

	for (int64 i = 0; i < n; i++)
	{
		places[i].node = sample->nodes[type][i];
		places[i].time = time_of(sample, type, i);
	}
	qsort(places, n, sizeof(Place), place_compare);
	for (int64 i = 1; i < n; i++)
		ok = ok && place_compare(&places[i - 1], &places[i]) != 0;
	return must(ok, "each node and time stands once");
}

/* The seeds stand first, and nobody else is there at the beginning. */
static bool
check_seeds(const Sampling *sampling, const TestStore *test, const Sample *sample)
{
	const SampleBlock *last = &sample->blocks[sample->nhops - 1];
	bool		ok = true;

	for (int t = 0; t < sampling->graph->nnode_types; t++)
		ok = ok && last->ndst[t] == (t == sampling->node_type ? sampling->seeds.n : 0);
	for (int i = 0; i < sampling->seeds.n && ok; i++)
	{
		int32		node = sample->nodes[sampling->node_type][i];

		ok = strcmp(test_name(test, sampling->node_type, node), sampling->seeds.values[i]) == 0 &&
			time_of(sample, sampling->node_type, i) == (sampling->at.n < 0 ? STORE_ALWAYS : sampling->at.values[i]);
	}
	return must(ok, "the destinations of the last block are the seeds");
}

/* Each block begins where the one nearer to the seeds ends. */
static bool
check_chain(const Sampling *sampling, const Sample *sample)
{
	bool		ok = true;

	for (int t = 0; t < sampling->graph->nnode_types; t++)
	{
		for (int b = sample->nhops - 1; b >= 0; b--)
		{
			ok = ok && sample->blocks[b].nsrc[t] >= sample->blocks[b].ndst[t];
			ok = ok && sample->blocks[b].nsrc[t] == (b > 0 ? sample->blocks[b - 1].ndst[t] : sample->nnodes[t]);
		}
	}
	return must(ok, "destinations are a prefix of the sources, block after block");
}

/* Offsets and places of one relation; marks the places that are collected from. */
static bool
check_relation(const Sampling *sampling, const Sample *sample, int hop, int r, bool *met)
{
	const GraphRelation *def = &sampling->graph->relations[r];
	const SampleBlock *block = &sample->blocks[sample->nhops - hop];
	const RelationBlock *rel = &block->relations[r];
	int64		ndst = block->ndst[def->dst_type];
	int			count = fanout_count(sampling->options.fanout, hop, r);
	bool		ok;

	if (rel->offsets == NULL)
		return must(rel->nedges == 0 && (count == 0 || ndst == 0), "a relation without offsets is off");
	ok = must(rel->offsets[0] == 0 && rel->offsets[ndst] == rel->nedges, "offsets go from 0 to the number of edges");
	for (int64 d = 0; d < ndst && ok; d++)
	{
		int64		n = rel->offsets[d + 1] - rel->offsets[d];

		ok = must(n >= 0, "offsets grow") && must(count < 0 || n <= count, "no more neighbors than the fanout says");
		for (int64 e = rel->offsets[d]; e < rel->offsets[d + 1] && ok; e++)
		{
			int32		src = rel->src[e];

			ok = must(src >= 0 && src < block->nsrc[def->src_type], "places are in range") &&
				must(def->src_type != def->dst_type || src != d, "nobody is their own neighbor") &&
				must(time_of(sample, def->src_type, src) == time_of(sample, def->dst_type, d),
					 "one time for the whole tree");
			for (int64 k = rel->offsets[d]; k < e && ok && rel->weights == NULL; k++)
				ok = must(rel->src[k] != src, "each neighbor stands once");
			if (ok)
				met[src] = true;
		}
	}
	return ok;
}

static bool
check_sample(const Sampling *sampling, const TestStore *test, const Sample *sample)
{
	const Graph *graph = sampling->graph;
	bool		ok = must(sample->nhops == sampling->options.fanout->nhops, "a block for each hop") &&
		check_seeds(sampling, test, sample) && check_chain(sampling, sample);

	for (int t = 0; t < graph->nnode_types && ok; t++)
		ok = check_places(sample, t);
	for (int hop = 1; hop <= sample->nhops && ok; hop++)
	{
		const SampleBlock *block = &sample->blocks[sample->nhops - hop];
		bool	  **met = palloc(graph->nnode_types * sizeof(bool *));

		for (int t = 0; t < graph->nnode_types; t++)
			met[t] = palloc0(Max(block->nsrc[t], 1) * sizeof(bool));
		for (int r = 0; r < graph->nrelations && ok; r++)
			ok = check_relation(sampling, sample, hop, r, met[graph->relations[r].src_type]);
		for (int t = 0; t < graph->nnode_types; t++)
		{
			for (int64 i = block->ndst[t]; i < block->nsrc[t] && ok; i++)
				ok = must(met[t][i], "every new source is somebody's neighbor");
		}
	}
	return ok;
}

/* A hop's picks are what the store says, where they do not rotate. */
static bool
check_picks(const Sampling *sampling, TestStore *test, const Sample *sample, int hop, int r)
{
	const GraphRelation *def = &sampling->graph->relations[r];
	const SampleBlock *block = &sample->blocks[sample->nhops - hop];
	const RelationBlock *rel = &block->relations[r];
	NeighborPick pick = {
		.count = fanout_count(sampling->options.fanout, hop, r), .inclusive = sampling->options.inclusive
	};
	NeighborList list;

	if (rel->nedges == 0)
		return true;
	store_neighbors(test->store, r, sample->nodes[def->dst_type], sample->times[def->dst_type],
					block->ndst[def->dst_type], &pick, &list);
	if (memcmp(list.offsets, rel->offsets, (block->ndst[def->dst_type] + 1) * sizeof(int64)) != 0)
		return must(false, "as many neighbors as the store gives");
	for (int64 e = 0; e < rel->nedges; e++)
	{
		if (sample->nodes[def->src_type][rel->src[e]] != list.nodes[e])
			return must(false, "the neighbors that the store gives");
	}
	return true;
}

/* Two samples, by two stores, are the same but for the numbers of nodes. */
static bool
check_same(const Sampling *sampling, const TestStore *x, const Sample *a, const TestStore *y, const Sample *b)
{
	const Graph *graph = sampling->graph;
	bool		ok = true;

	for (int t = 0; t < graph->nnode_types; t++)
	{
		ok = ok && a->nnodes[t] == b->nnodes[t];
		for (int64 i = 0; i < a->nnodes[t] && ok; i++)
			ok = strcmp(test_name(x, t, a->nodes[t][i]), test_name(y, t, b->nodes[t][i])) == 0 &&
				time_of(a, t, i) == time_of(b, t, i);
	}
	for (int i = 0; i < a->nhops * graph->nrelations && ok; i++)
	{
		const SampleBlock *block = &a->blocks[i / graph->nrelations];
		const RelationBlock *p = &block->relations[i % graph->nrelations];
		const RelationBlock *q = &b->blocks[i / graph->nrelations].relations[i % graph->nrelations];
		int64		ndst = block->ndst[graph->relations[i % graph->nrelations].dst_type];

		ok = p->nedges == q->nedges && (p->offsets == NULL) == (q->offsets == NULL) &&
			(p->weights == NULL) == (q->weights == NULL);
		if (ok && p->nedges > 0)
			ok = memcmp(p->offsets, q->offsets, (ndst + 1) * sizeof(int64)) == 0 &&
				memcmp(p->src, q->src, p->nedges * sizeof(int32)) == 0 &&
				(p->weights == NULL || memcmp(p->weights, q->weights, p->nedges * sizeof(float)) == 0);
	}
	return must(ok, "both stores give the same sample");
}

/*
 * test_blocks(graph text, node_type text, fanout jsonb, hops int, seeds text[], at timestamptz[], rotate bool,
 *			   salt bigint, inclusive bool, seed bigint) -> bool
 */
Datum
test_blocks(PG_FUNCTION_ARGS)
{
	Sampling	sampling = read_sampling(fcinfo, 0);
	TestStore  *live = test_open(sampling.graph, true, sampling.seed, ORDER_UNIFORM);
	TestStore  *resident = test_open(sampling.graph, false, sampling.seed, ORDER_UNIFORM);
	Sample	   *a = take_sample(&sampling, live);
	Sample	   *b = take_sample(&sampling, resident);
	bool		ok = check_sample(&sampling, live, a) && check_sample(&sampling, resident, b) &&
		check_same(&sampling, live, a, resident, b);

	for (int hop = 1; hop <= a->nhops && ok && !sampling.options.rotate; hop++)
	{
		for (int r = 0; r < sampling.graph->nrelations && ok; r++)
			ok = check_picks(&sampling, live, a, hop, r) && check_picks(&sampling, resident, b, hop, r);
	}
	for (int in_thread = 0; in_thread <= 1 && sampling.at.n < 0 && ok; in_thread++)
	{
		TestStore  *memory = test_open(sampling.graph, false, sampling.seed, ORDER_UNIFORM);

		ok = check_same(&sampling, resident, b, memory, take_memory_sample(&sampling, memory, in_thread == 1));
		test_close(memory);
	}
	test_close(live);
	test_close(resident);
	PG_RETURN_BOOL(ok);
}
