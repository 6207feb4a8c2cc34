/*
 * memory_sample.c
 *		Samples from a resident store, drawn by plain C: what a thread can do.
 *
 * The same samples as neighbor_sample() gives without times, node for node;
 * test/modules/sample holds the two together.  Here nothing is allocated but
 * from an arena and nothing is raised; long lists of neighbors are put in
 * order only where the caller is no thread.  A node's place is found by its
 * number instead of by a hash.  Edges without features only.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/random.h"
#include "sample/memory_sample.h"
#include "tensor/parallel.h"

/* Picked for between two looks whether to stop. */
#define DESTINATIONS_AT_ONCE	1024

/* In a large graph everything is far away, so it is asked for so many destinations, or picks, ahead. */
#define DESTINATIONS_AHEAD	8
#define PICKS_AHEAD			16

/* A node's place in the sample of that number: nothing is cleared in between. */
typedef struct Place
{
	uint32		sample;
	int32		place;
} Place;

/* The nodes of one type. */
typedef struct SamplerType
{
	Place	   *places;			/* [nodes of the store] */
	int32	   *nodes;			/* the same: those met so far, in order of meeting */
	int64		count;			/* of them */
} SamplerType;

struct MemorySampler
{
	GraphStore *store;
	const Graph *graph;
	int			node_type;
	bool		in_thread;
	uint32		sample;			/* counts up */
	SamplerType *types;			/* [node types] */
};

/* In CurrentMemoryContext. */
MemorySampler *
memory_sampler_create(GraphStore *store, const Graph *graph, int node_type)
{
	MemorySampler *sampler = palloc0(sizeof(MemorySampler));

	sampler->store = store;
	sampler->graph = graph;
	sampler->node_type = node_type;
	sampler->types = palloc0(graph->nnode_types * sizeof(SamplerType));
	for (int i = 0; i < graph->nnode_types; i++)
	{
		sampler->types[i].places = memory_alloc_table_zero(store_node_count(store, i), sizeof(Place));
		sampler->types[i].nodes = memory_alloc_table(store_node_count(store, i), sizeof(int32));
	}
	return sampler;
}

/* The place of a node among its type's, given to it if it is new. */
static inline int32
sampler_place(const MemorySampler *sampler, SamplerType *type, int32 node)
{
	Place	   *place = &type->places[node];

	if (place->sample != sampler->sample)
	{
		place->sample = sampler->sample;
		place->place = (int32) type->count;
		type->nodes[type->count++] = node;
	}
	return place->place;
}

/* One relation of one block; see neighbor.c. */
static SampleStatus
sampler_relation(MemorySampler *sampler, Arena *arena, int relation, int64 ndst, const NeighborPick *pick,
				 RelationBlock *block)
{
	const GraphRelation *def = &sampler->graph->relations[relation];
	const int32 *dst = sampler->types[def->dst_type].nodes;
	SamplerType *src = &sampler->types[def->src_type];
	bool		weighted = store_has_weights(sampler->store, relation);
	int64		most = 0;
	int64		n = 0;

	for (int64 d = 0; d < ndst; d++)
	{
		int64		size;

		if (d + 2 * DESTINATIONS_AHEAD < ndst)
			store_prefetch_node(sampler->store, relation, dst[d + 2 * DESTINATIONS_AHEAD]);
		if (d + DESTINATIONS_AHEAD < ndst)
			store_prefetch_list(sampler->store, relation, dst[d + DESTINATIONS_AHEAD]);
		size = store_pick_size(sampler->store, relation, dst[d], pick, sampler->in_thread);
		if (size < 0)
			return SAMPLE_UNORDERED;
		most += size;
	}
	block->offsets = arena_alloc(arena, ndst + 1, sizeof(int64));
	block->src = arena_alloc(arena, most, sizeof(int32));
	block->weights = weighted ? arena_alloc(arena, most, sizeof(float)) : NULL;
	if (block->offsets == NULL || block->src == NULL || (weighted && block->weights == NULL))
		return SAMPLE_NO_ROOM;
	for (int64 d = 0; d < ndst; d++)
	{
		if (d % DESTINATIONS_AT_ONCE == 0 && parallel_stopping())
			return SAMPLE_STOPPED;
		block->offsets[d] = n;
		n += store_pick_take(sampler->store, relation, dst[d], pick, block->src + n,
							 weighted ? block->weights + n : NULL);
	}
	block->offsets[ndst] = n;
	block->nedges = n;
	for (int64 e = 0; e < n; e++)
	{
		if (e + PICKS_AHEAD < n)
			__builtin_prefetch(&src->places[block->src[e + PICKS_AHEAD]], 1);
		block->src[e] = sampler_place(sampler, src, block->src[e]);
	}
	return SAMPLE_DRAWN;
}

/* One hop: all relations of its block. */
static SampleStatus
sampler_hop(MemorySampler *sampler, Arena *arena, const SampleOptions *options, int hop, SampleBlock *block)
{
	const Graph *graph = sampler->graph;
	int			ntypes = graph->nnode_types;

	block->ndst = arena_alloc(arena, ntypes, sizeof(int64));
	block->nsrc = arena_alloc(arena, ntypes, sizeof(int64));
	block->relations = arena_alloc(arena, graph->nrelations, sizeof(RelationBlock));
	if (block->ndst == NULL || block->nsrc == NULL || block->relations == NULL)
		return SAMPLE_NO_ROOM;
	memset(block->relations, 0, graph->nrelations * sizeof(RelationBlock));
	for (int i = 0; i < ntypes; i++)
		block->ndst[i] = sampler->types[i].count;
	for (int r = 0; r < graph->nrelations; r++)
	{
		int64		ndst = block->ndst[graph->relations[r].dst_type];
		SampleStatus status = SAMPLE_DRAWN;
		NeighborPick pick = {
			.count = fanout_count(options->fanout, hop, r),
			.rotate = options->rotate,
			.salt = random_hash(random_hash(options->salt, hop), r),
			.inclusive = options->inclusive
		};

		if (pick.count != 0 && ndst > 0)
			status = sampler_relation(sampler, arena, r, ndst, &pick, &block->relations[r]);
		if (status != SAMPLE_DRAWN)
			return status;
	}
	for (int i = 0; i < ntypes; i++)
		block->nsrc[i] = sampler->types[i].count;
	return SAMPLE_DRAWN;
}

/* What was met, for the sample to keep. */
static SampleStatus
sampler_nodes(const MemorySampler *sampler, Arena *arena, Sample *sample)
{
	int			ntypes = sampler->graph->nnode_types;

	sample->nnodes = arena_alloc(arena, ntypes, sizeof(int64));
	sample->nodes = arena_alloc(arena, ntypes, sizeof(int32 *));
	sample->times = arena_alloc(arena, ntypes, sizeof(TimestampTz *));
	sample->row_times = arena_alloc(arena, ntypes, sizeof(TimestampTz *));
	if (sample->nnodes == NULL || sample->nodes == NULL || sample->times == NULL || sample->row_times == NULL)
		return SAMPLE_NO_ROOM;
	for (int i = 0; i < ntypes; i++)
	{
		const SamplerType *type = &sampler->types[i];

		sample->nnodes[i] = type->count;
		sample->times[i] = NULL;
		sample->row_times[i] = store_node_times(sampler->store, i);
		sample->nodes[i] = arena_alloc(arena, type->count, sizeof(int32));
		if (sample->nodes[i] == NULL)
			return SAMPLE_NO_ROOM;
		memcpy(sample->nodes[i], type->nodes, type->count * sizeof(int32));
	}
	return SAMPLE_DRAWN;
}

/*
 * Samples the neighborhood of the seeds, which are distinct, into the arena.
 * *result is set if the status says that it was drawn.
 */
SampleStatus
memory_sample(MemorySampler *sampler, Arena *arena, const int32 *seeds, int64 nseeds, const SampleOptions *options,
			  bool in_thread, Sample **result)
{
	Sample	   *sample = arena_alloc(arena, 1, sizeof(Sample));
	int			nhops = options->fanout->nhops;

	if (sample == NULL)
		return SAMPLE_NO_ROOM;
	sample->nhops = nhops;
	sample->blocks = arena_alloc(arena, nhops, sizeof(SampleBlock));
	if (sample->blocks == NULL)
		return SAMPLE_NO_ROOM;

	sampler->in_thread = in_thread;
	sampler->sample++;
	for (int i = 0; i < sampler->graph->nnode_types; i++)
		sampler->types[i].count = 0;
	for (int64 i = 0; i < nseeds; i++)
	{
		/* a repeated seed is for the other function to complain of */
		if (sampler_place(sampler, &sampler->types[sampler->node_type], seeds[i]) != i)
			return SAMPLE_UNORDERED;
	}
	for (int hop = 1; hop <= nhops; hop++)
	{
		SampleStatus status = sampler_hop(sampler, arena, options, hop, &sample->blocks[nhops - hop]);

		if (status != SAMPLE_DRAWN)
			return status;
	}
	*result = sample;
	return sampler_nodes(sampler, arena, sample);
}
