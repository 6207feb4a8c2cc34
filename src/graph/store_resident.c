/*
 * store_resident.c
 *		The store that has read everything: adjacency lists in memory.
 *
 * A list is put into the neighbours' order when it is first asked for, and
 * only as far as it is asked for: a pick of k costs O(length) once and O(k)
 * from then on, for hubs as for everybody.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/memory.h"
#include "graph/store_internal.h"

/* Lists up to here are sorted whole. */
#define SORT_WHOLE	64

/* Picked for between two looks for a cancel. */
#define DESTINATIONS_AT_ONCE	1024

/*
 * by_key: number the nodes in the order of their keys, not in that in which
 * the table happens to have them.  Training does, so that its sums are made
 * in the same order however the rows were moved.
 */
GraphStore *
store_open_resident(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed,
					const bool *relations_wanted, bool by_key, MemoryContext parent)
{
	GraphStore *store = store_create(graph, plans, readers, seed, parent, "resident");
	MemoryContext old = MemoryContextSwitchTo(store->cxt);

	store->resident = palloc0(Max(graph->nrelations, 1) * sizeof(ResidentRelation));
	for (int i = 0; i < graph->nnode_types; i++)
		store_read_nodes(store, i, by_key);
	resident_load_edges(store, relations_wanted);
	MemoryContextSwitchTo(old);
	return store;
}

/* For the short lists that most nodes have. */
static void
entries_insertion_sort(NeighborEntry *entries, int32 n)
{
	for (int32 i = 1; i < n; i++)
	{
		NeighborEntry entry = entries[i];
		int32		k = i;

		for (; k > 0 && neighbor_entry_compare(&entry, &entries[k - 1]) < 0; k--)
			entries[k] = entries[k - 1];
		entries[k] = entry;
	}
}

/* Writes entries back into the list, from place "at" on. */
static void
entries_store(ResidentRelation *rel, int64 at, const NeighborEntry *entries, int32 n)
{
	for (int32 i = 0; i < n; i++)
	{
		rel->neighbors[at + i] = entries[i].node;
		if (rel->times != NULL)
			rel->times[at + i] = entries[i].time;
		if (rel->weights != NULL)
			rel->weights[at + i] = entries[i].weight;
	}
}

/*
 * Takes out repeated pairs, of which the first stays.  With weights each row
 * counts.
 */
static int32
entries_unique(NeighborEntry *entries, int32 n)
{
	int32		kept = 0;

	for (int32 i = 0; i < n; i++)
	{
		if (kept == 0 || entries[i].priority != entries[kept - 1].priority)
			entries[kept++] = entries[i];
	}
	return kept;
}

/*
 * Makes sure that the first "wanted" neighbours of a node are in their place
 * (or all, if wanted is -1 or the list is short).
 *
 * Priorities are uniform 64-bit numbers, so the first k of n are, but for
 * chance, those below a threshold a little above k/n of the range: one pass
 * brings these to the front, and only they are sorted.
 */
static void
resident_order(GraphStore *store, ResidentRelation *rel, int relation, int32 node, int32 wanted)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const IdMap *src_map = store->nodes[def->src_type].map;
	int64		at = rel->offsets[node];
	int32		n = rel->lengths[node];
	uint64		salt = store_priority_salt(rel->seed, idmap_hash(store->nodes[def->dst_type].map, node));
	NeighborEntry small[SORT_WHOLE];
	NeighborEntry *entries = small;
	int32		front = n;

	if (rel->sorted[node] >= n || (wanted >= 0 && rel->sorted[node] >= wanted))
		return;
	if (n > SORT_WHOLE)
		entries = memory_alloc(n, sizeof(NeighborEntry));
	for (int32 i = 0; i < n; i++)
	{
		entries[i].node = rel->neighbors[at + i];
		entries[i].priority = store_priority(salt, idmap_hash(src_map, entries[i].node));
		entries[i].time = rel->times != NULL ? rel->times[at + i] : 0;
		entries[i].weight = rel->weights != NULL ? rel->weights[at + i] : 0;
	}
	CHECK_FOR_INTERRUPTS();
	if (n > SORT_WHOLE && wanted >= 0 && wanted < n / 4 && rel->weights == NULL)
	{
		uint64		threshold = (uint64) ((double) PG_UINT64_MAX * Min(1.0, (2.0 * wanted + 32) / n));

		front = 0;
		for (int32 i = 0; i < n; i++)
		{
			if (entries[i].priority <= threshold)
			{
				NeighborEntry entry = entries[i];

				entries[i] = entries[front];
				entries[front++] = entry;
			}
		}
	}
	if (front <= SORT_WHOLE)
		entries_insertion_sort(entries, front);
	else
		neighbor_entries_sort(entries, front);
	if (rel->weights == NULL)
	{
		int32		kept = entries_unique(entries, front);

		memmove(entries + kept, entries + front, (n - front) * sizeof(NeighborEntry));
		store->counts[relation].duplicates += front - kept;
		n -= front - kept;
		front = kept;
	}
	rel->lengths[node] = n;
	entries_store(rel, at, entries, n);
	rel->sorted[node] = front;
	if (entries != small)
		pfree(entries);

	/* chance, or many copies of one pair: too few below the threshold */
	if (front < n && front < wanted)
		resident_order(store, rel, relation, node, -1);
}

static inline bool
resident_visible(const ResidentRelation *rel, const StoreNodes *src, int64 at, TimestampTz time, bool inclusive)
{
	if (time == STORE_ALWAYS)
		return true;
	if (rel->times != NULL && !(rel->times[at] < time || (inclusive && rel->times[at] == time)))
		return false;
	return store_visible(src, rel->neighbors[at], time, inclusive);
}

/*
 * Appends one node's pick.  With a seed time only the visible neighbours
 * count, also for where a rotating pick starts: otherwise rows of the future
 * would decide which of the past are seen.
 */
static int64
resident_pick(GraphStore *store, ResidentRelation *rel, int relation, int32 node, TimestampTz time,
			  const NeighborPick *pick, NeighborList *result, int64 n)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const StoreNodes *src = &store->nodes[def->src_type];
	bool		timed = time != STORE_ALWAYS && (rel->times != NULL || src->times != NULL);
	int64		base = rel->offsets[node];
	int64		length,
				visible,
				skip = 0,
				taken = 0;

	if (pick->count == 0 || rel->lengths[node] == 0)
		return n;
	resident_order(store, rel, relation, node, pick->rotate || timed ? -1 : pick->count);
	length = visible = rel->lengths[node];
	if (timed && pick->rotate)
	{
		visible = 0;
		for (int64 i = 0; i < length; i++)
			visible += resident_visible(rel, src, base + i, time, pick->inclusive);
	}
	if (pick->rotate && pick->count >= 0 && visible > pick->count)
		skip = store_rotation(pick, idmap_hash(store->nodes[def->dst_type].map, node), visible);
	if (!timed && skip > 0)
	{
		/* the common case of training: a run of places, perhaps round the end */
		for (; taken < pick->count; taken++)
		{
			int64		place = base + (skip + taken < length ? skip + taken : skip + taken - length);

			result->nodes[n + taken] = rel->neighbors[place];
			if (result->weights != NULL)
				result->weights[n + taken] = rel->weights[place];
		}
		return n + taken;
	}
	/* first from the start to the end of the list, then what stands before the start */
	for (int pass = 0; pass < (skip > 0 ? 2 : 1); pass++)
	{
		int64		seen = 0;

		for (int64 i = 0; i < length && taken != pick->count; i++)
		{
			if (timed && !resident_visible(rel, src, base + i, time, pick->inclusive))
				continue;
			if ((seen++ >= skip) != (pass == 0))
				continue;
			result->nodes[n + taken] = rel->neighbors[base + i];
			if (result->weights != NULL)
				result->weights[n + taken] = rel->weights[base + i];
			taken++;
		}
	}
	return n + taken;
}

void
resident_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
				   const NeighborPick *pick, NeighborList *result)
{
	ResidentRelation *rel = &store->resident[relation];
	int64		most = 0;
	int64		n = 0;

	for (int64 i = 0; i < ndst; i++)
	{
		int32		length = rel->lengths[dst[i]];

		most += pick->count >= 0 && pick->count < length ? pick->count : length;
	}
	result->offsets = memory_alloc(ndst + 1, sizeof(int64));
	result->nodes = memory_alloc(most, sizeof(int32));
	result->weights = rel->weights != NULL ? memory_alloc(most, sizeof(float)) : NULL;
	for (int64 i = 0; i < ndst; i++)
	{
		if (i % DESTINATIONS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		result->offsets[i] = n;
		n = resident_pick(store, rel, relation, dst[i], times != NULL ? times[i] : STORE_ALWAYS, pick, result, n);
	}
	result->offsets[ndst] = n;
}

/* Mean number of neighbours of the relation's destinations, repeated pairs included. */
double
store_mean_degree(const GraphStore *store, int relation)
{
	const ResidentRelation *rel = &store->resident[relation];

	return rel->nnodes > 0 ? (double) rel->offsets[rel->nnodes] / rel->nnodes : 0;
}

/*
 * A hash of all edges, whatever order they were read in.  To be taken before
 * the first neighbours are asked for: repeated pairs are taken out then.
 */
uint64
store_edges_hash(const GraphStore *store)
{
	uint64		hash = 0;

	for (int r = 0; r < store->graph->nrelations; r++)
	{
		const ResidentRelation *rel = &store->resident[r];
		uint64		sum = 0;

		for (int64 node = 0; rel->neighbors != NULL && node < rel->nnodes; node++)
		{
			if (node % DESTINATIONS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			for (int64 i = rel->offsets[node]; i < rel->offsets[node + 1]; i++)
			{
				uint64		edge = random_hash(node, rel->neighbors[i]);

				if (rel->times != NULL)
					edge = random_hash(edge, rel->times[i]);
				if (rel->weights != NULL)
				{
					uint32		bits;

					memcpy(&bits, &rel->weights[i], sizeof(bits));
					edge = random_hash(edge, bits);
				}
				sum += edge;
			}
		}
		hash = random_hash(hash, sum);
	}
	return hash;
}
