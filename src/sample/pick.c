/*
 * pick.c
 *		Which neighbors: the strategies of sampling on request.
 *
 * What is a prefix of an order is left to the store.  The others, a draw with
 * replacement and one by in-degree, which changes from seed time to seed time,
 * choose from all that the store gives.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "sample/pick.h"

const char *const pick_strategy_names[] = {"uniform", "recent", "weight", "top", "replace", "degree", "full", NULL};

/* What the store has to be opened with. */
NeighborOrder
pick_order(PickStrategy strategy)
{
	return strategy <= PICK_TOP ? (NeighborOrder) strategy : ORDER_UNIFORM;
}

double
pick_weighted_key(uint64 hash, double weight)
{
	return (0 - log(1 - random_unit(hash))) / weight;	/* of u = 0 it is 0, not -0 */
}

/* One neighbor of a node. */
typedef struct Drawn
{
	double		key;
	int64		from;			/* in the list of all */
} Drawn;

static int
drawn_compare(const void *a, const void *b)
{
	const Drawn *x = a;
	const Drawn *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* A list with room for n neighbors, of the columns that another has. */
static NeighborList
list_create(const NeighborList *like, int64 ndst, int64 n)
{
	NeighborList list = {.offsets = memory_alloc(ndst + 1, sizeof(int64)), .nodes = memory_alloc(n, sizeof(int32))};

	if (like->weights != NULL)
		list.weights = memory_alloc(n, sizeof(float));
	if (like->times != NULL)
		list.times = memory_alloc(n, sizeof(TimestampTz));
	list.offsets[0] = 0;
	return list;
}

static void
list_put(NeighborList *list, int64 at, const NeighborList *all, int64 from)
{
	list->nodes[at] = all->nodes[from];
	if (list->weights != NULL)
		list->weights[at] = all->weights[from];
	if (list->times != NULL)
		list->times[at] = all->times[from];
}

/* count independent draws for each node that has a neighbor. */
static NeighborList
choose_replace(GraphStore *store, int type, const NeighborList *all, const int32 *dst, int64 ndst, int count, uint64 seed)
{
	NeighborList list;
	int64		n = 0;

	for (int64 i = 0; i < ndst; i++)
		n += all->offsets[i + 1] > all->offsets[i] ? count : 0;
	list = list_create(all, ndst, n);
	n = 0;
	for (int64 i = 0; i < ndst; i++)
	{
		uint64		salt = random_hash(seed, store_node_hash(store, type, dst[i]));
		int64		has = all->offsets[i + 1] - all->offsets[i];

		CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < count && has > 0; k++)
			list_put(&list, n++, all, all->offsets[i] + (int64) random_below(random_hash(salt, k), has));
		list.offsets[i + 1] = n;
	}
	return list;
}

/* count neighbors of each node, drawn by the edges that lead to them. */
static NeighborList
choose_degree(GraphStore *store, int relation, const GraphRelation *def, const NeighborList *all, const int32 *dst,
			  int64 ndst, TimestampTz at, int count, uint64 seed)
{
	int64	   *degrees = store_degrees(store, relation, all->nodes, all->offsets[ndst], at, false);
	NeighborList list = list_create(all, ndst, all->offsets[ndst]);
	int64		n = 0;

	for (int64 i = 0; i < ndst; i++)
	{
		uint64		salt = random_hash(seed, store_node_hash(store, def->dst_type, dst[i]));
		int64		from = all->offsets[i];
		int64		has = all->offsets[i + 1] - from;
		Drawn	   *drawn = memory_alloc(has, sizeof(Drawn));
		int			copy = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 k = 0; k < has; k++)
		{
			uint64		hash = random_hash(salt, store_node_hash(store, def->src_type, all->nodes[from + k]));

			/* rows of one pair stand together, and are told apart */
			copy = k > 0 && all->nodes[from + k] == all->nodes[from + k - 1] ? copy + 1 : 0;
			drawn[k].key = pick_weighted_key(random_hash(hash, copy), (double) Max(degrees[from + k], 1));
			drawn[k].from = from + k;
		}
		qsort(drawn, has, sizeof(Drawn), drawn_compare);
		for (int64 k = 0; k < has && (count < 0 || k < count); k++)
			list_put(&list, n++, all, drawn[k].from);
		list.offsets[i + 1] = n;
		pfree(drawn);
	}
	pfree(degrees);
	return list;
}

/*
 * Up to count (-1: all) neighbors of each destination by a strategy, as of
 * one time, with the times of edges.  The store was opened with pick_order()
 * and the seed.
 */
void
pick_neighbors(GraphStore *store, const Graph *graph, int relation, PickStrategy strategy, const int32 *dst, int64 ndst,
			   TimestampTz at, int count, uint64 seed, NeighborList *list)
{
	const GraphRelation *def = &graph->relations[relation];
	NeighborPick pick = {.count = strategy > PICK_TOP ? -1 : count, .times = true};
	TimestampTz *times = NULL;
	NeighborList all;

	if (at != STORE_ALWAYS)
	{
		times = memory_alloc(ndst, sizeof(TimestampTz));
		for (int64 i = 0; i < ndst; i++)
			times[i] = at;
	}
	store_neighbors(store, relation, dst, times, ndst, &pick, &all);
	if (strategy == PICK_REPLACE && count >= 0)
		*list = choose_replace(store, def->dst_type, &all, dst, ndst, count, random_hash(seed, relation));
	else if (strategy == PICK_DEGREE)
		*list = choose_degree(store, relation, def, &all, dst, ndst, at, count, random_hash(seed, relation));
	else
		*list = all;
}
