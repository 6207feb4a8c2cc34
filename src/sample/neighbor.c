/*
 * neighbor.c
 *		Seeds -> blocks, by asking a GraphStore hop after hop.
 *
 * A node of the sample is a pair of node and seed time: the same row seen
 * from two times has two neighbourhoods.  Within one sample each pair stands
 * once, so that what many seeds share is computed once.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "sample/neighbor.h"

/* Renumbered between two looks for a cancel. */
#define DESTINATIONS_AT_ONCE	1024

typedef struct PlaceKey
{
	int32		node;
	int32		unused;			/* no padding with unknown content */
	TimestampTz time;
} PlaceKey;

typedef struct PlaceEntry
{
	PlaceKey	key;
	int32		place;
	char		status;
} PlaceEntry;

#define SH_PREFIX places
#define SH_ELEMENT_TYPE PlaceEntry
#define SH_KEY_TYPE PlaceKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) \
	((uint32) random_mix((uint64) (key).node ^ ((uint64) (key).time << 20)))
#define SH_EQUAL(tb, a, b) ((a).node == (b).node && (a).time == (b).time)
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* The nodes of one type met so far, in order of meeting. */
typedef struct TypeNodes
{
	places_hash *places;
	int64		count;
	int64		capacity;
	int32	   *nodes;
	TimestampTz *times;
} TypeNodes;

/* The place of a node among its type's, given to it if it is new. */
static inline int32
type_nodes_place(TypeNodes *type, int32 node, TimestampTz time)
{
	PlaceKey	key = {node, 0, time};
	bool		found;
	PlaceEntry *entry = places_insert(type->places, key, &found);

	if (!found)
	{
		if (type->count == type->capacity)
		{
			type->capacity *= 2;
			type->nodes = memory_grow(type->nodes, type->capacity, sizeof(int32));
			type->times = memory_grow(type->times, type->capacity, sizeof(TimestampTz));
		}
		type->nodes[type->count] = node;
		type->times[type->count] = time;
		entry->place = (int32) type->count++;
	}
	return entry->place;
}

/*
 * One relation of one block: the neighbours of the destinations, renumbered
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
	for (int64 d = 0; d < ndst; d++)
	{
		TimestampTz time = dst->times[d];	/* one time for the whole tree */

		if (d % DESTINATIONS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		for (int64 e = list.offsets[d]; e < list.offsets[d + 1]; e++)
			block->src[e] = type_nodes_place(src, list.nodes[e], time);
	}
}

/*
 * Samples the neighbourhood of the seeds.  times may be NULL.  Equal seeds
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
	Sample	   *sample = palloc0(sizeof(Sample));

	for (int i = 0; i < ntypes; i++)
	{
		types[i].capacity = i == node_type ? Max(nseeds * 8, 64) : 64;
		types[i].places = places_create(CurrentMemoryContext, types[i].capacity, NULL);
		types[i].nodes = memory_alloc(types[i].capacity, sizeof(int32));
		types[i].times = memory_alloc(types[i].capacity, sizeof(TimestampTz));
	}
	for (int64 i = 0; i < nseeds; i++)
	{
		int32		place = type_nodes_place(&types[node_type], seeds[i], times != NULL ? times[i] : STORE_ALWAYS);

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
				.inclusive = options->inclusive
			};

			if (pick.count != 0 && ndst > 0)
				sample_relation(store, &graph->relations[r], r, types, ndst, &pick, times != NULL,
								&block->relations[r]);
		}
		for (int i = 0; i < ntypes; i++)
			block->nsrc[i] = types[i].count;
	}

	sample->nnodes = palloc(ntypes * sizeof(int64));
	sample->nodes = palloc(ntypes * sizeof(int32 *));
	sample->times = palloc(ntypes * sizeof(TimestampTz *));
	for (int i = 0; i < ntypes; i++)
	{
		sample->nnodes[i] = types[i].count;
		sample->nodes[i] = types[i].nodes;
		sample->times[i] = times != NULL ? types[i].times : NULL;
		places_destroy(types[i].places);
	}
	return sample;
}
