/*
 * store_resident.c
 *		The store that has read everything: adjacency lists in memory.
 *
 * A list is put into the neighbors' order when it is first asked for, and
 * only as far as it is asked for: a pick of k costs O(length) once and O(k)
 * from then on, for hubs as for everybody.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/memory.h"
#include "store/store_resident.h"

/* Lists up to here are sorted in place; a power of two. */
#define SORT_WHOLE	64

/* Destinations ahead that the hashes of neighbors are asked for. */
#define LISTS_AHEAD		6

/* Picked for between two looks for a cancel. */
#define DESTINATIONS_AT_ONCE	1024

/* One neighbor of one node, while its order is made. */
typedef struct NeighborEntry
{
	uint64		priority;
	TimestampTz time;
	int32		node;
	float		weight;
	int32		row;
} NeighborEntry;

static inline int
neighbor_entry_compare(const NeighborEntry *x, const NeighborEntry *y)
{
	return neighbor_order(x->priority, y->priority, x->time, y->time, x->weight, y->weight);
}

#define ST_SORT neighbor_entries_sort
#define ST_ELEMENT_TYPE NeighborEntry
#define ST_COMPARE(a, b) neighbor_entry_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static void resident_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
							   const NeighborPick *pick, NeighborList *result);

static const GraphStoreOps resident_ops = {"resident", resident_neighbors};

/*
 * by_key: number the nodes in the order of their keys, not in that in which
 * the table happens to have them.  Training does, so that its sums are made
 * in the same order however the rows were moved.
 */
GraphStore *
store_open_resident(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed,
					NeighborOrder order, const bool *relations_wanted, bool by_key, MemoryContext parent)
{
	GraphStore *store = store_create(graph, plans, readers, seed, order, parent, &resident_ops);
	MemoryContext old = MemoryContextSwitchTo(store->cxt);

	store->relations = palloc0(Max(graph->nrelations, 1) * sizeof(ResidentRelation));
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
		if (rel->rows != NULL)
			rel->rows[at + i] = entries[i].row;
	}
}

/* What tells the edge at a place of the lists from others of its pair; see store_row_priority(). */
static inline uint64
resident_row_hash(const ResidentRelation *rel, int64 at)
{
	return rel->rows != NULL ? rel->row_hashes[rel->rows[at]] : 0;
}

/*
 * Takes out repeated pairs, of which the first stays.  Not for relations of
 * which each row counts.
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

static void
entries_sort(NeighborEntry *entries, int32 n)
{
	if (n <= SORT_WHOLE)
		entries_insertion_sort(entries, n);
	else
		neighbor_entries_sort(entries, n);
}

/* All neighbors of a node into their place.  Plain C for a list up to SORT_WHOLE. */
static void
resident_order_all(GraphStore *store, ResidentRelation *rel, int relation, int32 node)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const uint64 *src_hashes = idmap_hashes(store->nodes[def->src_type].map);
	uint64		salt = store_priority_salt(rel->seed, idmap_hash(store->nodes[def->dst_type].map, node));
	int64		at = rel->offsets[node];
	int32		n = rel->lengths[node];
	NeighborEntry small[SORT_WHOLE];
	NeighborEntry *entries = n > SORT_WHOLE ? memory_alloc(n, sizeof(NeighborEntry)) : small;

	for (int32 i = 0; i < n; i++)
	{
		entries[i].node = rel->neighbors[at + i];
		entries[i].priority = store_row_priority(salt, src_hashes[entries[i].node], resident_row_hash(rel, at + i));
		entries[i].time = rel->times != NULL ? rel->times[at + i] : 0;
		entries[i].weight = rel->weights != NULL ? rel->weights[at + i] : 0;
		entries[i].row = rel->rows != NULL ? rel->rows[at + i] : -1;
	}
	if (n > SORT_WHOLE)
		CHECK_FOR_INTERRUPTS();
	entries_sort(entries, n);
	if (!rel->each_row)
	{
		int32		kept = entries_unique(entries, n);

		store->counts[relation].duplicates += n - kept;
		n = kept;
	}
	rel->lengths[node] = rel->sorted[node] = n;
	entries_store(rel, at, entries, n);
	if (entries != small)
		pfree(entries);
}

/* Ascending. */
static void
places_sort(uint64 *places, int32 n)
{
	for (int32 i = 1; i < n; i++)
	{
		uint64		place = places[i];
		int32		k = i;

		for (; k > 0 && place < places[k - 1]; k--)
			places[k] = places[k - 1];
		places[k] = place;
	}
}

/*
 * Brings the neighbors with a priority up to the threshold to the front of
 * the list and puts them in order.  Such a front has at most SORT_WHOLE
 * places, so a priority is sorted as one number with its place in the last
 * bits; the bits that this costs are of no use but for chance.  False if the
 * front is longer, or the lost bits would have been needed: then nothing has
 * happened but that the list has been mixed.
 */
static bool
resident_order_front(GraphStore *store, ResidentRelation *rel, int relation, int32 node, uint64 threshold)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const uint64 *src_hashes = idmap_hashes(store->nodes[def->src_type].map);
	uint64		salt = store_priority_salt(rel->seed, idmap_hash(store->nodes[def->dst_type].map, node));
	int32	   *list = rel->neighbors + rel->offsets[node];
	int32		n = rel->lengths[node];
	uint64		places[SORT_WHOLE + 1];
	int32		nodes[SORT_WHOLE + 1];
	int32		front = 0;
	int32		kept = 0;
	bool		exact = true;

	/*
	 * From the end, so that the others come to stand behind the front.  Who
	 * goes where is a toss of a coin, so each neighbor is written to both
	 * sides, where there is room, and only the counter tells: no branch.
	 */
	for (int32 i = n - 1; i >= 0; i--)
	{
		int32		neighbor = list[i];
		uint64		priority = store_priority(salt, src_hashes[neighbor]);

		list[i + front] = neighbor;
		nodes[front] = neighbor;
		places[front] = (priority & ~(uint64) (SORT_WHOLE - 1)) | front;
		front += priority <= threshold;
		if (front > SORT_WHOLE)
		{
			memcpy(list + i, nodes, front * sizeof(int32));
			return false;
		}
	}
	places_sort(places, front);
	for (int32 i = 0; i < front; i++)
	{
		int32		neighbor = nodes[places[i] % SORT_WHOLE];
		bool		tie = i > 0 && places[i] / SORT_WHOLE == places[i - 1] / SORT_WHOLE;

		if (!tie)
			list[kept++] = neighbor;
		else
			exact &= neighbor == list[kept - 1];
	}
	if (!exact)
	{
		memcpy(list, nodes, front * sizeof(int32));
		return false;
	}
	if (kept < front)
		memmove(list + kept, list + front, (n - front) * sizeof(int32));
	store->counts[relation].duplicates += front - kept;
	rel->lengths[node] = n - (front - kept);
	rel->sorted[node] = kept;
	return true;
}

/*
 * Makes sure that the first "wanted" neighbors of a node are in their place
 * (or all, if wanted is -1 or the list is short).
 *
 * Priorities are uniform 64-bit numbers, so the first k of n are, but for
 * chance, those below a threshold a little above k/n of the range: one pass
 * brings these to the front, and only they are sorted.
 */
static void
resident_order(GraphStore *store, ResidentRelation *rel, int relation, int32 node, int32 wanted)
{
	int32		n = rel->lengths[node];
	double		expected = wanted + 3 * sqrt(Max(wanted, 0)) + 3;
	uint64		threshold = PG_UINT64_MAX;

	if (rel->sorted[node] >= n || (wanted >= 0 && rel->sorted[node] >= wanted))
		return;
	if (wanted >= 0 && expected < 0.75 * n)
		threshold = (uint64) ((double) PG_UINT64_MAX * (expected / n));
	else if (n > SORT_WHOLE)
		threshold = 0;
	CHECK_FOR_INTERRUPTS();
	if (threshold == 0 || rel->times != NULL || rel->each_row ||
		!resident_order_front(store, rel, relation, node, threshold) ||
		rel->sorted[node] < Min(wanted, rel->lengths[node]))
		resident_order_all(store, rel, relation, node);
}

/*
 * Puts all neighbors of a node in another order than the uniform one, once.
 * Copies of a pair stay: which of them counts depends on the seed time.
 */
static void
resident_rank(GraphStore *store, ResidentRelation *rel, int relation, int32 node)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const StoreNodes *src = &store->nodes[def->src_type];
	uint64		salt = store_priority_salt(rel->seed, idmap_hash(store->nodes[def->dst_type].map, node));
	int64		at = rel->offsets[node];
	int32		n = rel->lengths[node];
	RankedNeighbor *ranked;
	NeighborEntry *entries;

	if (rel->sorted[node] >= n)
		return;
	ranked = memory_alloc(n, sizeof(RankedNeighbor));
	entries = memory_alloc(n, sizeof(NeighborEntry));
	for (int32 i = 0; i < n; i++)
	{
		NeighborEntry *entry = &entries[i];

		entry->node = rel->neighbors[at + i];
		entry->priority = store_row_priority(salt, idmap_hash(src->map, entry->node), resident_row_hash(rel, at + i));
		entry->time = rel->times != NULL ? rel->times[at + i] : DT_NOBEGIN;
		entry->weight = rel->weights != NULL ? rel->weights[at + i] : 0;
		entry->row = rel->rows != NULL ? rel->rows[at + i] : -1;
		ranked[i].priority = entry->priority;
		ranked[i].time = entry->time;
		if (store->orders[relation] == ORDER_RECENT && src->times != NULL)
			ranked[i].time = Max(entry->time, src->times[entry->node]);
		ranked[i].weight = entry->weight;
		ranked[i].place = i;
	}
	CHECK_FOR_INTERRUPTS();
	neighbors_rank(store->orders[relation], rel->epoch, rel->newer != NULL, ranked, n);
	for (int32 i = 0; i < n; i++)
	{
		entries_store(rel, at + i, &entries[ranked[i].place], 1);
		if (rel->newer != NULL)
			rel->newer[at + i] = ranked[i].newer;
	}
	rel->sorted[node] = n;
	pfree(ranked);
	pfree(entries);
}

static inline bool
resident_visible(const ResidentRelation *rel, const StoreNodes *src, int64 at, TimestampTz time,
				 const NeighborPick *pick)
{
	if (time == STORE_ALWAYS)
		return true;
	if (rel->times != NULL && !store_time_visible(rel->times[at], time, pick))
		return false;
	return store_visible(src, rel->neighbors[at], time, pick);
}

/* The places from the n'th on. */
static inline NeighborList
list_from(const NeighborList *list, int64 n)
{
	return (NeighborList) {
		.nodes = list->nodes + n,
		.weights = list->weights != NULL ? list->weights + n : NULL,
		.rows = list->rows != NULL ? list->rows + n : NULL,
		.times = list->times != NULL ? list->times + n : NULL
	};
}

/* One neighbor, from its place in the lists to the n'th place of what is wanted of it (NULL: is not). */
static inline void
resident_put(const ResidentRelation *rel, const StoreNodes *src, int64 at, const NeighborList *list, int64 n)
{
	list->nodes[n] = rel->neighbors[at];
	if (list->weights != NULL)
		list->weights[n] = rel->weights[at];
	if (list->rows != NULL)
		list->rows[n] = rel->rows[at];
	if (list->times != NULL)
	{
		TimestampTz row = src->times != NULL ? src->times[rel->neighbors[at]] : DT_NOBEGIN;

		list->times[n] = Max(rel->times != NULL ? rel->times[at] : DT_NOBEGIN, row);
	}
}

/*
 * Writes one node's pick, of a list that is in order as far as needed; returns
 * how many there are.  With a seed time only the visible neighbors count,
 * also for where a rotating pick starts: otherwise rows of the future would
 * decide which of the past are seen.  All of the list but the nodes may be NULL.
 * Plain C.
 */
static int64
resident_take(const GraphStore *store, const ResidentRelation *rel, int relation, int32 node, TimestampTz time,
			  int count, const NeighborPick *pick, const NeighborList *list)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const StoreNodes *src = &store->nodes[def->src_type];
	bool		timed = time != STORE_ALWAYS && (rel->times != NULL || src->times != NULL);
	int64		base = rel->offsets[node];
	int64		length = rel->lengths[node];
	int64		visible = length,
				skip = 0,
				taken = 0;

	if (timed && pick->rotate)
	{
		visible = 0;
		for (int64 i = 0; i < length; i++)
			visible += resident_visible(rel, src, base + i, time, pick);
	}
	if (pick->rotate && count >= 0 && visible > count)
		skip = store_rotation(pick, idmap_hash(store->nodes[def->dst_type].map, node), visible);
	if (!timed && skip > 0)
	{
		/* the common case of training: a run of places, perhaps round the end */
		for (; taken < count; taken++)
		{
			int64		place = base + (skip + taken < length ? skip + taken : skip + taken - length);

			resident_put(rel, src, place, list, taken);
		}
		return taken;
	}
	if (!timed && skip == 0 && list->times == NULL)
	{
		taken = count < 0 ? length : Min(length, count);
		memcpy(list->nodes, rel->neighbors + base, taken * sizeof(int32));
		if (list->weights != NULL)
			memcpy(list->weights, rel->weights + base, taken * sizeof(float));
		if (list->rows != NULL)
			memcpy(list->rows, rel->rows + base, taken * sizeof(int32));
		return taken;
	}
	/* first from the start to the end of the list, then what stands before the start */
	for (int pass = 0; pass < (skip > 0 ? 2 : 1); pass++)
	{
		int64		seen = 0;

		for (int64 i = 0; i < length && taken != count; i++)
		{
			if (timed && !resident_visible(rel, src, base + i, time, pick))
				continue;
			if ((seen++ >= skip) != (pass == 0))
				continue;
			resident_put(rel, src, base + i, list, taken);
			taken++;
		}
	}
	return taken;
}

/* Appends one node's pick. */
static int64
resident_pick(GraphStore *store, ResidentRelation *rel, int relation, int32 node, TimestampTz time, int count,
			  const NeighborPick *pick, NeighborList *result, int64 n)
{
	const StoreNodes *src = &store->nodes[store->graph->relations[relation].src_type];
	bool		timed = time != STORE_ALWAYS && (rel->times != NULL || src->times != NULL);
	NeighborList rest = list_from(result, n);

	if (count == 0 || rel->lengths[node] == 0)
		return n;
	resident_order(store, rel, relation, node, pick->rotate || timed ? -1 : count);
	return n + resident_take(store, rel, relation, node, time, count, pick, &rest);
}

/*
 * What store_pick_size() and store_pick_take() will read is asked for from
 * memory: of the node, and some time later, when that has come, the beginning
 * of its list.
 */
void
store_prefetch_node(const GraphStore *store, int relation, int32 node)
{
	const ResidentRelation *rel = resident_relation(store, relation);

	__builtin_prefetch(&rel->lengths[node]);
	__builtin_prefetch(&rel->sorted[node]);
	__builtin_prefetch(&rel->offsets[node]);
	__builtin_prefetch(&idmap_hashes(store->nodes[store->graph->relations[relation].dst_type].map)[node]);
}

void
store_prefetch_list(const GraphStore *store, int relation, int32 node)
{
	const ResidentRelation *rel = resident_relation(store, relation);

	__builtin_prefetch(&rel->neighbors[rel->offsets[node]]);
}

/*
 * The most that a pick without times may give.  Puts the list in order; that
 * of a long one needs memory, so that a thread gets -1 for it.  While a thread
 * may do this nobody else reads these lists.
 */
int64
store_pick_size(GraphStore *store, int relation, int32 node, const NeighborPick *pick, bool in_thread)
{
	ResidentRelation *rel = resident_relation(store, relation);
	int32		length = rel->lengths[node];
	int32		wanted = pick->rotate || pick->count < 0 ? length : Min(pick->count, length);

	if (rel->sorted[node] < wanted)
	{
		if (length <= SORT_WHOLE)
			resident_order_all(store, rel, relation, node);
		else if (in_thread)
			return -1;
		else
			resident_order(store, rel, relation, node, pick->rotate ? -1 : pick->count);
		length = rel->lengths[node];
	}
	return pick->count >= 0 ? Min(pick->count, length) : length;
}

/* That pick itself, without rows of edges, after its size was asked for; weights may be NULL. */
int64
store_pick_take(const GraphStore *store, int relation, int32 node, const NeighborPick *pick, int32 *nodes,
				float *weights)
{
	NeighborList list = {.nodes = nodes, .weights = weights};

	return resident_take(store, resident_relation(store, relation), relation, node, STORE_ALWAYS, pick->count, pick, &list);
}

/* A resident relation's edges have weights. */
bool
store_has_weights(const GraphStore *store, int relation)
{
	return resident_relation(store, relation)->weights != NULL;
}

/*
 * Where in a list of the recent order the seed time is: all before it were
 * too late, or are of unknown time, which stand last.
 */
static int64
recent_begin(const ResidentRelation *rel, const StoreNodes *src, int64 base, int64 length, TimestampTz time,
			 const NeighborPick *pick)
{
	NeighborPick all_past = {.inclusive = pick->inclusive};
	int64		low = 0,
				high = length;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;
		TimestampTz edge = rel->times != NULL ? rel->times[base + middle] : DT_NOBEGIN;
		TimestampTz row = src->times != NULL ? src->times[rel->neighbors[base + middle]] : DT_NOBEGIN;
		bool		late = edge != DT_NOEND && row != DT_NOEND &&
			!resident_visible(rel, src, base + middle, time, &all_past);

		if (late)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Appends the first visible neighbors in another order than the uniform one. */
static int64
resident_pick_ranked(GraphStore *store, ResidentRelation *rel, int relation, int32 node, TimestampTz time, int count,
					 const NeighborPick *pick, NeighborList *result, int64 n)
{
	const StoreNodes *src = &store->nodes[store->graph->relations[relation].src_type];
	int64		base = rel->offsets[node];
	int64		length = rel->lengths[node];
	int64		taken = 0;
	int64		i = 0;

	if (count == 0 || length == 0)
		return n;
	resident_rank(store, rel, relation, node);
	if (store->orders[relation] == ORDER_RECENT && time != STORE_ALWAYS)
		i = recent_begin(rel, src, base, length, time, pick);
	for (; i < length && taken != count; i++)
	{
		int32		newer = rel->newer != NULL ? rel->newer[base + i] : -1;

		if (store->orders[relation] == ORDER_WEIGHT && rel->weights[base + i] == 0)
			break;				/* nor are those behind ever drawn */
		if (!resident_visible(rel, src, base + i, time, pick) ||
			(newer >= 0 && resident_visible(rel, src, base + newer, time, pick)))
			continue;
		resident_put(rel, src, base + i, result, n + taken);
		taken++;
	}
	return n + taken;
}

/*
 * Asks for the hashes of a node's neighbors, if its list will have to be put
 * in order for the pick: they come from all over the memory.
 */
static inline void
resident_prefetch(const GraphStore *store, const ResidentRelation *rel, int relation, int32 node, int count)
{
	const uint64 *src_hashes = idmap_hashes(store->nodes[store->graph->relations[relation].src_type].map);
	const int32 *list = rel->neighbors + rel->offsets[node];
	int32		n = Min(rel->lengths[node], SORT_WHOLE);

	if (count == 0 || rel->sorted[node] >= (count < 0 ? n : Min(n, count)))
		return;
	for (int32 i = 0; i < n; i++)
		__builtin_prefetch(&src_hashes[list[i]], 0, 2);
}

static void
resident_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
				   const NeighborPick *pick, NeighborList *result)
{
	ResidentRelation *rel = resident_relation(store, relation);
	int64		most = 0;
	int64		n = 0;

	for (int64 i = 0; i < ndst; i++)
	{
		int32		length = rel->lengths[dst[i]];
		int			count = pick_count(pick, i);

		most += count >= 0 && count < length ? count : length;
	}
	result->offsets = memory_alloc(ndst + 1, sizeof(int64));
	result->nodes = memory_alloc(most, sizeof(int32));
	result->weights = rel->weights != NULL ? memory_alloc(most, sizeof(float)) : NULL;
	result->rows = rel->rows != NULL ? memory_alloc(most, sizeof(int32)) : NULL;
	result->times = pick->times ? memory_alloc(most, sizeof(TimestampTz)) : NULL;
	if (store->orders[relation] == ORDER_WEIGHT && rel->epoch != pick->epoch)
	{
		memset(rel->sorted, 0, rel->nnodes * sizeof(int32));
		rel->epoch = pick->epoch;
	}
	for (int64 i = 0; i < ndst; i++)
	{
		if (i % DESTINATIONS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (i + LISTS_AHEAD < ndst)
			resident_prefetch(store, rel, relation, dst[i + LISTS_AHEAD], pick_count(pick, i + LISTS_AHEAD));
		result->offsets[i] = n;
		n = (store->orders[relation] == ORDER_UNIFORM ? resident_pick : resident_pick_ranked)
			(store, rel, relation, dst[i], times != NULL ? times[i] : STORE_ALWAYS, pick_count(pick, i), pick,
			 result, n);
	}
	result->offsets[ndst] = n;
}

/* Mean number of neighbors of the relation's destinations, repeated pairs included. */
double
store_mean_degree(const GraphStore *store, int relation)
{
	const ResidentRelation *rel = resident_relation(store, relation);

	return rel->nnodes > 0 ? (double) rel->offsets[rel->nnodes] / rel->nnodes : 0;
}

/*
 * A hash of all edges, whatever order they were read in.  To be taken before
 * the first neighbors are asked for: repeated pairs are taken out then.
 */
uint64
store_edges_hash(const GraphStore *store)
{
	uint64		hash = 0;

	for (int r = 0; r < store->graph->nrelations; r++)
	{
		const ResidentRelation *rel = resident_relation(store, r);
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
				if (rel->rows != NULL)
					edge = random_hash(edge, resident_row_hash(rel, i));
				sum += edge;
			}
		}
		hash = random_hash(hash, sum);
	}
	return hash;
}
