/*
 * store_rank.c
 *		Orders of a node's neighbors other than the uniform one.
 *
 * An order is a rank for each neighbor that does not depend on who asks, nor
 * when: a seed of time t takes the first ones of those that t can see.  Ties
 * are broken by the uniform order, so these orders are as independent of scan
 * order, batch and store as that one is.
 *
 * Without weights a repeated pair is one neighbor, and the copy that counts
 * is the first one that t can see.  Which one this is differs from t to t, so
 * all copies stay in the list, each with a link to the one before it.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/memory.h"
#include "store/store_internal.h"

const char *const neighbor_order_names[] = {"uniform", "recent", "weight", "top", NULL};

static inline int
ranked_compare(const RankedNeighbor *x, const RankedNeighbor *y)
{
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return neighbor_order(x->priority, y->priority, x->time, y->time, x->weight, y->weight);
}

#define ST_SORT ranked_sort
#define ST_ELEMENT_TYPE RankedNeighbor
#define ST_COMPARE(a, b) ranked_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* A place in the order, by the pair that stands there. */
typedef struct PairPlace
{
	uint64		priority;
	int32		place;
} PairPlace;

static inline int
pair_place_compare(const PairPlace *x, const PairPlace *y)
{
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

#define ST_SORT pair_places_sort
#define ST_ELEMENT_TYPE PairPlace
#define ST_COMPARE(a, b) pair_place_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* The order that a relation's neighbors can have. */
NeighborOrder
relation_order(const Graph *graph, int relation, NeighborOrder wanted)
{
	const GraphRelation *def = &graph->relations[relation];
	const EdgeType *edge = &graph->edge_types[def->edge_type];
	bool		timed = edge->time_column != NULL || graph->node_types[def->src_type].time_column != NULL;
	bool		possible = wanted == ORDER_UNIFORM || (wanted == ORDER_RECENT ? timed : edge->weight_column != NULL);

	return possible ? wanted : ORDER_UNIFORM;
}

/*
 * True if a neighbor's rank cannot be told without its own row, because that
 * may be later than the edge.  Where the row is the edge, as from a parent to
 * its children, one time says both.
 */
bool
relation_ranks_rows(const Graph *graph, int relation, NeighborOrder order)
{
	const GraphRelation *def = &graph->relations[relation];
	const EdgeType *edge = &graph->edge_types[def->edge_type];
	const NodeType *src = &graph->node_types[def->src_type];

	if (order != ORDER_RECENT || src->time_column == NULL)
		return false;
	return !(edge->relid == src->relid && !def->forward && edge->time_column != NULL &&
			 strcmp(edge->time_column, src->time_column) == 0 && strcmp(edge->source_column, src->key_column) == 0);
}

/* The later, the smaller; what is of unknown time comes last. */
static uint64
rank_recent(TimestampTz time)
{
	return time == DT_NOEND ? PG_UINT64_MAX : (uint64) PG_INT64_MAX - (uint64) time;
}

/* The heavier, the smaller; weights are not negative, so their bits are in order. */
static uint64
rank_top(float weight)
{
	uint32		bits;

	memcpy(&bits, &weight, sizeof(bits));
	return PG_UINT32_MAX - bits;
}

/*
 * Keys -ln(u)/w with u uniform in (0, 1]: the k smallest are a sample of k
 * without replacement by weight (Efraimidis and Spirakis 2006).  Rows of one
 * pair are told apart by their place among each other, those of a later time
 * behind, so that they change nothing for those before.
 */
static void
ranks_weight(RankedNeighbor *neighbors, int32 n, uint64 epoch)
{
	int32		copy = 0;

	for (int32 i = 0; i < n; i++)
		neighbors[i].rank = 0;
	ranked_sort(neighbors, n);
	for (int32 i = 0; i < n; i++)
	{
		double		key;

		copy = i > 0 && neighbors[i].priority == neighbors[i - 1].priority ? copy + 1 : 0;
		key = (0 - log(1 - random_unit(random_hash(random_hash(neighbors[i].priority, epoch), copy)))) / neighbors[i].weight;
		neighbors[i].rank = PG_UINT64_MAX;
		if (neighbors[i].weight > 0)
			memcpy(&neighbors[i].rank, &key, sizeof(key));
	}
}

/* Links each copy of a pair with the one before it. */
static void
link_copies(RankedNeighbor *neighbors, int32 n)
{
	PairPlace  *pairs = memory_alloc(n, sizeof(PairPlace));

	for (int32 i = 0; i < n; i++)
	{
		pairs[i].priority = neighbors[i].priority;
		pairs[i].place = i;
	}
	pair_places_sort(pairs, n);
	for (int32 i = 0; i < n; i++)
		neighbors[pairs[i].place].newer = i > 0 && pairs[i].priority == pairs[i - 1].priority ? pairs[i - 1].place : -1;
	pfree(pairs);
}

/*
 * Puts the neighbors of one node in order.  unique: a pair counts once, so
 * that its copies are linked.  epoch: of draws by weight.
 */
void
neighbors_rank(NeighborOrder order, uint64 epoch, bool unique, RankedNeighbor *neighbors, int32 n)
{
	if (order == ORDER_WEIGHT)
		ranks_weight(neighbors, n, epoch);
	for (int32 i = 0; i < n; i++)
	{
		neighbors[i].newer = -1;
		if (order == ORDER_RECENT)
			neighbors[i].rank = rank_recent(neighbors[i].time);
		else if (order == ORDER_TOP)
			neighbors[i].rank = rank_top(neighbors[i].weight);
	}
	ranked_sort(neighbors, n);
	if (unique)
		link_copies(neighbors, n);
}
