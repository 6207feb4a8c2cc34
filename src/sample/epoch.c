/*
 * epoch.c
 *		In which order things are taken: all of them once, or some at random.
 *
 * Whoever calls has put the things into an order that does not depend on where
 * their rows lie.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "sample/epoch.h"

const char *const epoch_strategy_names[] = {"shuffle", "order", "random", NULL};

typedef struct Turn
{
	uint64		hash;
	int64		index;
} Turn;

static inline int
turn_compare(const Turn *x, const Turn *y)
{
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

#define ST_SORT turns_sort
#define ST_ELEMENT_TYPE Turn
#define ST_COMPARE(a, b) turn_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Which of n things, in which order: draw.count of them, as many as are wanted
 * (-1: n), or as there are unless they are drawn with replacement.  hashes[n]
 * say what each is, for shuffling.  Only an order that is shuffled takes
 * memory.
 */
EpochDraw
epoch_draw(EpochStrategy strategy, const uint64 *hashes, int64 n, int64 wanted, uint64 seed)
{
	EpochDraw	draw = {.strategy = strategy, .n = n, .seed = random_mix(seed)};
	Turn	   *turns;

	draw.count = wanted < 0 || (strategy != EPOCH_RANDOM && wanted > n) ? n : wanted;
	if (n == 0)
		draw.count = 0;
	if (strategy != EPOCH_SHUFFLE)
		return draw;
	turns = memory_alloc(n, sizeof(Turn));
	for (int64 i = 0; i < n; i++)
	{
		turns[i].hash = random_hash(seed, hashes[i]);
		turns[i].index = i;
	}
	turns_sort(turns, n);
	draw.shuffled = memory_alloc(draw.count, sizeof(int64));
	for (int64 i = 0; i < draw.count; i++)
		draw.shuffled[i] = turns[i].index;
	pfree(turns);
	return draw;
}

/* The i'th that was drawn. */
int64
epoch_index(const EpochDraw *draw, int64 i)
{
	switch (draw->strategy)
	{
		case EPOCH_SHUFFLE:
			return draw->shuffled[i];
		case EPOCH_RANDOM:
			return (int64) random_below(random_hash(draw->seed, i), draw->n);
		default:
			return i;
	}
}

/* One edge, to be sorted. */
typedef struct SortedEdge
{
	int32		source;
	int32		target;
	TimestampTz time;
	float		weight;
} SortedEdge;

static inline int
sorted_edge_compare(const SortedEdge *x, const SortedEdge *y)
{
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->weight > y->weight) - (x->weight < y->weight);
}

#define ST_SORT sorted_edges_sort
#define ST_ELEMENT_TYPE SortedEdge
#define ST_COMPARE(a, b) sorted_edge_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Sorts edges by the numbers of their ends, time and weight; returns a hash of
 * each, in which copies differ by their place among each other.
 */
uint64 *
epoch_sort_edges(const GraphStore *store, int source_type, int target_type, EdgeList *edges)
{
	SortedEdge *sorted = memory_alloc(edges->count, sizeof(SortedEdge));
	uint64	   *hashes = memory_alloc(edges->count, sizeof(uint64));
	int64		copy = 0;

	for (int64 i = 0; i < edges->count; i++)
	{
		sorted[i].source = edges->source[i];
		sorted[i].target = edges->target[i];
		sorted[i].time = edges->times != NULL ? edges->times[i] : 0;
		sorted[i].weight = edges->weights != NULL ? edges->weights[i] : 0;
	}
	sorted_edges_sort(sorted, edges->count);
	for (int64 i = 0; i < edges->count; i++)
	{
		bool		same = i > 0 && sorted[i].source == sorted[i - 1].source && sorted[i].target == sorted[i - 1].target;

		copy = same ? copy + 1 : 0;
		hashes[i] = random_hash(random_hash(store_node_hash(store, source_type, sorted[i].source),
											store_node_hash(store, target_type, sorted[i].target)), copy);
		edges->source[i] = sorted[i].source;
		edges->target[i] = sorted[i].target;
		if (edges->times != NULL)
			edges->times[i] = sorted[i].time;
		if (edges->weights != NULL)
			edges->weights[i] = sorted[i].weight;
	}
	pfree(sorted);
	return hashes;
}
