/*
 * neighbor.c
 *		Seeds -> blocks, by asking a GraphStore hop after hop.
 *
 * Within one sample each pair of node and seed time stands once, so that what
 * many seeds share is computed once.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/random.h"
#include "sample/adaptive.h"
#include "sample/neighbor.h"

/* Renumbered between two looks for a cancel. */
#define DESTINATIONS_AT_ONCE	1024

/* Edges planned for a batch of adaptive trees, which share nothing. */
#define BATCH_EDGES	1000000

/*
 * One relation of one block: the neighbors of the destinations, renumbered
 * to places.
 */
static void
sample_relation(GraphStore *store, const GraphRelation *def, int relation, TypeNodes *types, int64 ndst,
				const NeighborPick *pick, bool timed, RelationBlock *block)
{
	TypeNodes  *dst = &types[def->dst_type];
	TypeNodes  *src = &types[def->src_type];
	NeighborList list;

	store_neighbors(store, relation, dst->nodes, timed ? dst->times : NULL, ndst, pick, &list);
	block->nedges = list.offsets[ndst];
	block->offsets = list.offsets;
	block->src = list.nodes;
	block->weights = list.weights;
	block->rows = list.rows;
	for (int64 d = 0; d < ndst; d++)
	{
		TimestampTz time = dst->times[d];	/* one time for the whole tree */

		if (d % DESTINATIONS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		for (int64 e = list.offsets[d]; e < list.offsets[d + 1]; e++)
			block->src[e] = type_nodes_place(src, list.nodes[e], OWNER_NONE, time);
	}
}

/* The nodes that were met, as the sample's. */
void
sample_set_nodes(Sample *sample, const GraphStore *store, TypeNodes *types, int ntypes, bool timed)
{
	sample->nnodes = palloc(ntypes * sizeof(int64));
	sample->nodes = palloc(ntypes * sizeof(int32 *));
	sample->times = palloc(ntypes * sizeof(TimestampTz *));
	sample->row_times = palloc(ntypes * sizeof(TimestampTz *));
	for (int i = 0; i < ntypes; i++)
	{
		sample->nnodes[i] = types[i].count;
		sample->nodes[i] = types[i].nodes;
		sample->times[i] = timed ? types[i].times : NULL;
		sample->row_times[i] = store_node_times(store, i);
		places_destroy(types[i].places);
	}
}

/* How many seeds to sample for at a time, at the most; it makes no difference to any of them. */
int64
neighbor_batch(const Graph *graph, int node_type, const SampleOptions *options, int64 most)
{
	SamplePlan *plan;

	if (!options->adaptive)
		return most;
	plan = plan_create(graph, options->fanout, node_type);
	return Max(Min(most, BATCH_EDGES / Max(plan->edges, 1)), 1);
}

/*
 * Samples the neighborhood of the seeds.  times may be NULL.  Equal seeds
 * are allowed only as distinct (node, time) pairs, because seed i must be
 * destination i.  The result is in CurrentMemoryContext.
 */
Sample *
neighbor_sample(GraphStore *store, const Graph *graph, int node_type, const int32 *seeds, const TimestampTz *times,
				int64 nseeds, const SampleOptions *options)
{
	const Fanout *fanout = options->fanout;
	int			ntypes = graph->nnode_types;
	TypeNodes  *types = palloc0(ntypes * sizeof(TypeNodes));
	Sample	   *sample;

	if (options->adaptive)
		return adaptive_sample(store, graph, node_type, seeds, times, nseeds, options);
	sample = palloc0(sizeof(Sample));
	for (int i = 0; i < ntypes; i++)
		type_nodes_create(&types[i], i == node_type ? Max(nseeds * 8, 64) : 64);
	for (int64 i = 0; i < nseeds; i++)
	{
		int32		place = type_nodes_place(&types[node_type], seeds[i], OWNER_NONE,
											 times != NULL ? times[i] : STORE_ALWAYS);

		if (place != i)
			elog(ERROR, "seed " INT64_FORMAT " stands twice in a batch", i);
	}

	sample->nhops = fanout->nhops;
	sample->blocks = palloc0(sample->nhops * sizeof(SampleBlock));
	for (int hop = 1; hop <= sample->nhops; hop++)
	{
		SampleBlock *block = &sample->blocks[sample->nhops - hop];

		block->ndst = palloc(ntypes * sizeof(int64));
		block->nsrc = palloc(ntypes * sizeof(int64));
		block->relations = palloc0(Max(graph->nrelations, 1) * sizeof(RelationBlock));
		for (int i = 0; i < ntypes; i++)
			block->ndst[i] = types[i].count;
		for (int r = 0; r < graph->nrelations; r++)
		{
			int64		ndst = block->ndst[graph->relations[r].dst_type];
			NeighborPick pick = {
				.count = fanout_count(fanout, hop, r),
				.rotate = options->rotate,
				.salt = random_hash(random_hash(options->salt, hop), r),
				.epoch = options->salt,
				.inclusive = options->inclusive,
				.window = options->window
			};

			if (pick.count != 0 && ndst > 0)
				sample_relation(store, &graph->relations[r], r, types, ndst, &pick, times != NULL,
								&block->relations[r]);
		}
		for (int i = 0; i < ntypes; i++)
			block->nsrc[i] = types[i].count;
	}

	sample_set_nodes(sample, store, types, ntypes, times != NULL);
	return sample;
}
