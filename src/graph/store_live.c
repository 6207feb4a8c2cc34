/*
 * store_live.c
 *		The store that asks the tables, one query for each batch of nodes,
 *		relation and hop.
 *
 * The query returns all neighbours of the batch: an exact uniform sample must
 * look at each of a hub's edges once.  They are kept as candidates, by key,
 * and put into the neighbours' order; only those that are picked become
 * nodes, that is, only their rows are read.  A candidate that turns out to
 * have no row (a dangling edge, or a row that the caller may not see) drops
 * out and the next in the order takes its place, which is just what the
 * resident store sees from the beginning.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/memory.h"
#include "graph/store_internal.h"

#define NODE_UNKNOWN	(-1)	/* its row was not asked for yet */
#define NODE_ASKED		(-2)	/* on the list of those to ask for */
#define NODE_ABSENT		(-3)	/* it has no row */

/* Lists up to here are sorted whole. */
#define SORT_WHOLE	64

typedef struct Candidate
{
	uint64		priority;
	TimestampTz time;
	Datum		key;
	int32		node;			/* or NODE_UNKNOWN and so on */
	float		weight;
	int32		row;			/* the edge's, as the reader knows it */
} Candidate;

/* All candidates of one node. */
typedef struct Adjacency
{
	bool		known;			/* the query was run */
	uint64		hash;			/* of the node's key; set before the first candidate */
	uint64		salt;			/* for the candidates' priorities; the same */
	int32		sorted;			/* so many are in their final place */
	int32		count;
	int32		capacity;
	Candidate  *candidates;
	int32	   *newer;			/* [count] as in RankedNeighbor; NULL: repeated pairs were taken out, or all count */
} Adjacency;

typedef struct LiveRelation
{
	Adjacency  *adjacency;		/* [capacity], by number of dst_type */
	int64		capacity;
	uint64		seed;
	uint64		epoch;			/* that the candidates are in order for, where it is by weight */
} LiveRelation;

/* What a row of the neighbour query needs to know. */
typedef struct LiveReading
{
	GraphStore *store;
	LiveRelation *live;
	const GraphRelation *def;
	const EdgeType *edge;
	const IdMap *dst_map;
	KeyKind		src_kind;
	EdgeColumns columns;
	Datum		last_key;		/* integers only: rows of one node come together */
	int32		last_dst;		/* its number; -1: none yet */
} LiveReading;

GraphStore *
store_open_live(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed,
				NeighborOrder order, MemoryContext parent)
{
	GraphStore *store = store_create(graph, plans, readers, seed, order, parent, "live");

	store->live = MemoryContextAllocZero(store->cxt, Max(graph->nrelations, 1) * sizeof(LiveRelation));
	for (int i = 0; i < graph->nrelations; i++)
		store->live[i].seed = store_relation_seed(seed, &graph->relations[i]);
	return store;
}

/* ------------------------------------------------------------------------
 * Reading candidates
 * ------------------------------------------------------------------------
 */

/* The number of the node that a row is about; -1: none of the batch. */
static inline int32
reading_dst(LiveReading *reading, Datum value)
{
	if (!OidIsValid(reading->columns.end_type))
		return idmap_find(reading->dst_map, value);
	if (reading->last_dst < 0 || reading->last_key != value)
	{
		reading->last_key = value;
		reading->last_dst = idmap_find(reading->dst_map, edge_row_end(&reading->columns, value));
	}
	return reading->last_dst;
}

/* Room for the lists of all nodes met so far. */
static void
live_reserve(GraphStore *store, int relation)
{
	LiveRelation *live = &store->live[relation];
	int64		nodes = idmap_count(store->nodes[store->graph->relations[relation].dst_type].map);
	int64		capacity = Max(nodes, 2 * live->capacity);
	Adjacency  *larger;
	MemoryContext old;

	if (nodes <= live->capacity)
		return;
	old = MemoryContextSwitchTo(store->cxt);
	larger = memory_alloc_zero(capacity, sizeof(Adjacency));
	MemoryContextSwitchTo(old);
	if (live->adjacency != NULL)
	{
		memcpy(larger, live->adjacency, live->capacity * sizeof(Adjacency));
		pfree(live->adjacency);
	}
	live->adjacency = larger;
	live->capacity = capacity;
}

/* What the priorities of a node's candidates are made of. */
static void
adjacency_begin(Adjacency *adjacency, const LiveRelation *live, const IdMap *dst_map, int32 dst)
{
	adjacency->hash = idmap_hash(dst_map, dst);
	adjacency->salt = store_priority_salt(live->seed, adjacency->hash);
}

/*
 * One more candidate of a node, of which the edge's own number and hash are
 * as of store_edge_row(); in CurrentMemoryContext, the store's.
 */
static inline void
adjacency_add(Adjacency *adjacency, const GraphRelation *def, KeyKind src_kind, Datum key, TimestampTz time,
			  float weight, int32 row, uint64 row_hash)
{
	uint64		src_hash = src_kind == KEY_INT ? (uint64) DatumGetInt64(key) : key_hash(src_kind, key);
	Candidate  *candidate;

	if (src_hash == adjacency->hash && def->dst_type == def->src_type)
		return;					/* a loop */
	if (adjacency->count == adjacency->capacity)
	{
		adjacency->capacity = Max(2 * adjacency->capacity, 16);
		if (adjacency->candidates == NULL)
			adjacency->candidates = memory_alloc(adjacency->capacity, sizeof(Candidate));
		else
			adjacency->candidates = memory_grow(adjacency->candidates, adjacency->capacity, sizeof(Candidate));
	}
	candidate = &adjacency->candidates[adjacency->count++];
	candidate->priority = store_row_priority(adjacency->salt, src_hash, row_hash);
	candidate->time = time;
	candidate->key = src_kind == KEY_INT ? key : key_copy(src_kind, key);
	candidate->node = NODE_UNKNOWN;
	candidate->weight = weight;
	candidate->row = row;
}

/* A row arrives: (node's key, neighbour's key), time and weight if any, the reader's columns. */
static void
candidate_row(void *arg, Datum *values, bool *nulls)
{
	LiveReading *reading = arg;
	uint64		row_hash;
	int32		row,
				dst;

	if (nulls[0] || nulls[1])
		return;
	dst = reading_dst(reading, values[0]);
	if (dst < 0)
		return;
	row = store_edge_row(reading->store, reading->def->edge_type, &reading->columns, values, nulls, &row_hash);
	adjacency_add(&reading->live->adjacency[dst], reading->def, reading->src_kind,
				  edge_row_end(&reading->columns, values[1]),
				  edge_row_time(&reading->columns, values, nulls),
				  edge_row_weight(&reading->columns, reading->edge, values, nulls), row, row_hash);
}

/*
 * The edge that a node's own row is, where the edge table is the node's table
 * (a foreign key): values and nulls are as edge_select_list() has them.  It
 * is taken from the value in hand and not from the table, where the row may
 * be missing, or old.  Such edges have no features.
 */
void
store_add_own_edge(GraphStore *store, int relation, int32 dst, Datum *values, bool *nulls)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const EdgeType *edge = &store->graph->edge_types[def->edge_type];
	EdgeColumns columns = edge_columns(edge);
	Adjacency  *adjacency;
	MemoryContext old;

	Assert(store->live != NULL && def->forward && edge->features == NIL);
	live_reserve(store, relation);
	adjacency = &store->live[relation].adjacency[dst];
	adjacency_begin(adjacency, &store->live[relation], store->nodes[def->dst_type].map, dst);
	if (!def->backward)
		adjacency->known = true;
	if (nulls[1])
		return;
	old = MemoryContextSwitchTo(store->cxt);
	adjacency_add(adjacency, def, store->graph->node_types[def->src_type].key_kind, edge_row_end(&columns, values[1]),
				  edge_row_time(&columns, values, nulls), edge_row_weight(&columns, edge, values, nulls), -1, 0);
	MemoryContextSwitchTo(old);
}

/*
 * Runs the query for those destinations whose neighbours were not read yet.
 */
static void
live_read(GraphStore *store, int relation, const int32 *dst, int64 ndst)
{
	const GraphRelation *def = &store->graph->relations[relation];
	LiveRelation *live = &store->live[relation];
	LiveReading reading = {
		.store = store, .live = live, .def = def,
		.edge = &store->graph->edge_types[def->edge_type],
		.dst_map = store->nodes[def->dst_type].map,
		.src_kind = store->graph->node_types[def->src_type].key_kind,
		.columns = edge_columns(&store->graph->edge_types[def->edge_type]),
		.last_dst = -1
	};
	MemoryContext old;
	Datum	   *keys;
	Datum		array;
	int			nkeys = 0;

	live_reserve(store, relation);
	keys = memory_alloc(ndst, sizeof(Datum));
	for (int64 i = 0; i < ndst; i++)
	{
		if (live->adjacency[dst[i]].known)
			continue;
		live->adjacency[dst[i]].known = true;
		adjacency_begin(&live->adjacency[dst[i]], live, reading.dst_map, dst[i]);
		keys[nkeys++] = idmap_key(reading.dst_map, dst[i]);
	}
	if (nkeys > 0)
	{
		array = key_array(store->graph->node_types[def->dst_type].key_kind, keys, nkeys);
		old = MemoryContextSwitchTo(store->cxt);
		query_run(store_neighbor_query(store, relation), &array, NULL, candidate_row, &reading);
		MemoryContextSwitchTo(old);
		pfree(DatumGetPointer(array));
	}
	pfree(keys);
}

/* ------------------------------------------------------------------------
 * The order
 * ------------------------------------------------------------------------
 */

static inline int
candidate_compare(const Candidate *x, const Candidate *y)
{
	return neighbor_order(x->priority, y->priority, x->time, y->time, x->weight, y->weight);
}

#define ST_SORT candidates_sort
#define ST_ELEMENT_TYPE Candidate
#define ST_COMPARE(a, b) candidate_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Brings the candidates below the threshold to the front; how many they are. */
static int32
candidates_partition(Candidate *candidates, int32 n, uint64 threshold)
{
	int32		front = 0;

	for (int32 i = 0; i < n; i++)
	{
		if (candidates[i].priority <= threshold)
		{
			Candidate	candidate = candidates[i];

			candidates[i] = candidates[front];
			candidates[front++] = candidate;
		}
	}
	return front;
}

/* Takes out repeated pairs among the first "front" candidates. */
static void
adjacency_unique(Adjacency *adjacency, int32 front)
{
	Candidate  *candidates = adjacency->candidates;
	int32		kept = 0;

	for (int32 i = 0; i < front; i++)
	{
		if (kept == 0 || candidates[i].priority != candidates[kept - 1].priority)
			candidates[kept++] = candidates[i];
	}
	if (kept < front)
		memmove(candidates + kept, candidates + front, (adjacency->count - front) * sizeof(Candidate));
	adjacency->count -= front - kept;
	adjacency->sorted = kept;
}

/*
 * Makes sure that the first "wanted" candidates (-1: all) are in their place
 * and that no pair stands there twice, unless each row counts.
 * See resident_order() for the threshold.
 */
static void
adjacency_order(Adjacency *adjacency, bool each_row, int64 wanted)
{
	int32		front = adjacency->count;

	if (adjacency->sorted >= adjacency->count || (wanted >= 0 && adjacency->sorted >= wanted))
		return;
	if (front > SORT_WHOLE && wanted >= 0 && wanted < front / 4 && !each_row)
		front = candidates_partition(adjacency->candidates, adjacency->count,
									 (uint64) ((double) PG_UINT64_MAX * ((2.0 * wanted + 32) / adjacency->count)));
	candidates_sort(adjacency->candidates, front);
	adjacency->sorted = front;
	if (!each_row)
		adjacency_unique(adjacency, front);
	if (adjacency->sorted < wanted)
		adjacency_order(adjacency, each_row, -1);
}

static inline bool
candidate_visible(const Candidate *candidate, const EdgeType *edge, TimestampTz time,
				  const NeighborPick *pick)
{
	if (time == STORE_ALWAYS || !edge_has_time(edge))
		return true;
	return store_time_visible(candidate->time, time, pick);
}

/* ------------------------------------------------------------------------
 * Picking
 * ------------------------------------------------------------------------
 */

/* One call's worth of picking. */
typedef struct LivePicking
{
	GraphStore *store;
	LiveRelation *live;
	const GraphRelation *def;
	const EdgeType *edge;
	const NeighborPick *pick;
	NeighborOrder order;
	bool		ranks_rows;		/* the order needs the neighbours' own rows */
	bool		rotate;			/* the pick's, where the order lets it */
	StoreNodes *src;
	Candidate **asked;			/* whose rows must be read */
	int64		nasked;
	int64		capacity;
} LivePicking;

/*
 * True if the candidate can be taken, as far as is known: one whose row was
 * not read yet is put on the list of those to ask for and counts as there.
 */
static bool
candidate_usable(LivePicking *picking, Candidate *candidate, TimestampTz time)
{
	if (candidate->node == NODE_ABSENT || !candidate_visible(candidate, picking->edge, time, picking->pick))
		return false;
	if (candidate->node == NODE_UNKNOWN)
	{
		candidate->node = idmap_find(picking->src->map, candidate->key);
		if (candidate->node < 0)
		{
			memory_reserve(picking->asked, picking->capacity, picking->nasked + 1);
			picking->asked[picking->nasked++] = candidate;
			candidate->node = NODE_ASKED;
		}
	}
	if (candidate->node == NODE_ASKED)
		return true;
	return store_visible(picking->src, candidate->node, time, picking->pick);
}

/*
 * Puts all candidates of a node in another order than the uniform one, once.
 * False: the rows that this takes were asked for, and it is to be done again.
 */
static bool
adjacency_rank(LivePicking *picking, Adjacency *adjacency)
{
	int32		n = adjacency->count;
	bool		unique = !edge_rows_count(picking->edge);
	bool		known = true;
	RankedNeighbor *ranked;
	Candidate  *candidates;
	MemoryContext old;

	if (adjacency->sorted >= n)
		return true;
	for (int32 i = 0; i < n && picking->ranks_rows; i++)
	{
		(void) candidate_usable(picking, &adjacency->candidates[i], STORE_ALWAYS);
		known = known && adjacency->candidates[i].node != NODE_ASKED;
	}
	if (!known)
		return false;
	ranked = memory_alloc(n, sizeof(RankedNeighbor));
	for (int32 i = 0; i < n; i++)
	{
		Candidate  *candidate = &adjacency->candidates[i];

		ranked[i].priority = candidate->priority;
		ranked[i].time = edge_has_time(picking->edge) ? candidate->time : DT_NOBEGIN;
		if (picking->ranks_rows && candidate->node >= 0)
			ranked[i].time = Max(ranked[i].time, picking->src->times[candidate->node]);
		ranked[i].weight = candidate->weight;
		ranked[i].place = i;
	}
	neighbors_rank(picking->order, picking->pick->epoch, unique, ranked, n);
	old = MemoryContextSwitchTo(picking->store->cxt);
	candidates = memory_alloc(n, sizeof(Candidate));
	if (unique)
		adjacency->newer = memory_alloc(n, sizeof(int32));
	MemoryContextSwitchTo(old);
	for (int32 i = 0; i < n; i++)
	{
		candidates[i] = adjacency->candidates[ranked[i].place];
		if (unique)
			adjacency->newer[i] = ranked[i].newer;
	}
	pfree(adjacency->candidates);
	adjacency->candidates = candidates;
	adjacency->sorted = adjacency->capacity = n;
	pfree(ranked);
	return true;
}

/* The i'th candidate, unless a copy of it before it can be taken as well. */
static bool
adjacency_usable(LivePicking *picking, Adjacency *adjacency, int32 i, TimestampTz time)
{
	int32		newer = adjacency->newer != NULL ? adjacency->newer[i] : -1;

	if (picking->order == ORDER_WEIGHT && adjacency->candidates[i].weight == 0)
		return false;
	if (newer >= 0 && candidate_visible(&adjacency->candidates[newer], picking->edge, time, picking->pick))
		return false;
	return candidate_usable(picking, &adjacency->candidates[i], time);
}

/*
 * Goes through the candidates that a pick from this node needs, so that each
 * of them is known to be there or not: the first usable ones, or all of them
 * if the pick rotates.
 */
static void
adjacency_probe(LivePicking *picking, Adjacency *adjacency, TimestampTz time, int count)
{
	bool		each_row = edge_rows_count(picking->edge);
	int64		wanted = picking->rotate ? -1 : count;
	int64		usable = 0;

	if (picking->order == ORDER_UNIFORM)
		adjacency_order(adjacency, each_row, wanted);
	else if (!adjacency_rank(picking, adjacency))
		return;
	for (int32 i = 0; i < adjacency->count && usable != wanted; i++)
	{
		if (i == adjacency->sorted)
			adjacency_order(adjacency, each_row, -1);
		if (i < adjacency->count)
			usable += adjacency_usable(picking, adjacency, i, time);
	}
}

/*
 * Reads the rows that were asked for.  A candidate that has none drops out,
 * so that the next round goes on to the one behind it.
 */
static void
live_resolve(LivePicking *picking)
{
	Datum	   *keys = memory_alloc(picking->nasked, sizeof(Datum));
	int32	   *nodes = memory_alloc(picking->nasked, sizeof(int32));

	for (int64 i = 0; i < picking->nasked; i++)
		keys[i] = picking->asked[i]->key;
	store_find(picking->store, picking->def->src_type, keys, picking->nasked, nodes);
	for (int64 i = 0; i < picking->nasked; i++)
		picking->asked[i]->node = nodes[i] >= 0 ? nodes[i] : NODE_ABSENT;
	picking->nasked = 0;
	pfree(keys);
	pfree(nodes);
}

/* Appends one node's pick; all candidates it may take are known by now. */
static int64
adjacency_pick(LivePicking *picking, Adjacency *adjacency, uint64 dst_hash, TimestampTz time, int count,
			   NeighborList *result, int64 n)
{
	int64		usable = 0;
	int64		skip = 0;
	int64		taken = 0;

	if (picking->rotate)
	{
		for (int32 i = 0; i < adjacency->count; i++)
			usable += candidate_usable(picking, &adjacency->candidates[i], time);
		if (count >= 0 && usable > count)
			skip = store_rotation(picking->pick, dst_hash, usable);
	}
	for (int pass = 0; pass < (skip > 0 ? 2 : 1); pass++)
	{
		int64		seen = 0;

		for (int32 i = 0; i < adjacency->count && taken != count; i++)
		{
			Candidate  *candidate = &adjacency->candidates[i];

			if (!adjacency_usable(picking, adjacency, i, time) || (seen++ >= skip) != (pass == 0))
				continue;
			result->nodes[n + taken] = candidate->node;
			if (result->weights != NULL)
				result->weights[n + taken] = candidate->weight;
			if (result->rows != NULL)
				result->rows[n + taken] = candidate->row;
			if (result->times != NULL)
				result->times[n + taken] = Max(edge_has_time(picking->edge) ? candidate->time : DT_NOBEGIN,
											   store_node_time(picking->store, picking->def->src_type, candidate->node));
			taken++;
		}
	}
	return n + taken;
}

void
live_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
			   const NeighborPick *pick, NeighborList *result)
{
	const GraphRelation *def = &store->graph->relations[relation];
	LivePicking picking = {
		.store = store, .live = &store->live[relation], .def = def,
		.edge = &store->graph->edge_types[def->edge_type],
		.pick = pick, .order = store->orders[relation],
		.ranks_rows = relation_ranks_rows(store->graph, relation, store->orders[relation]),
		.rotate = pick->rotate && store->orders[relation] == ORDER_UNIFORM,
		.src = &store->nodes[def->src_type], .capacity = 256
	};
	bool		weighted = picking.edge->weight_column != NULL;
	int64		most = 0;
	int64		n = 0;

	picking.asked = palloc(picking.capacity * sizeof(Candidate *));
	if (pick->counts != NULL || pick->count != 0)
		live_read(store, relation, dst, ndst);

	if (picking.order == ORDER_WEIGHT && picking.live->epoch != pick->epoch)
	{
		for (int64 i = 0; i < picking.live->capacity; i++)
			picking.live->adjacency[i].sorted = 0;
		picking.live->epoch = pick->epoch;
	}

	/* until every candidate that will be taken is known to have a row */
	do
	{
		if (picking.nasked > 0)
			live_resolve(&picking);
		most = 0;
		for (int64 i = 0; i < ndst; i++)
		{
			int			count = pick_count(pick, i);
			Adjacency  *adjacency;

			CHECK_FOR_INTERRUPTS();
			if (count == 0)
				continue;
			adjacency = &picking.live->adjacency[dst[i]];
			adjacency_probe(&picking, adjacency, times != NULL ? times[i] : STORE_ALWAYS, count);
			most += count >= 0 ? Min(count, adjacency->count) : adjacency->count;
		}
	} while (picking.nasked > 0);

	result->offsets = memory_alloc(ndst + 1, sizeof(int64));
	result->nodes = memory_alloc(most, sizeof(int32));
	result->weights = weighted ? memory_alloc(most, sizeof(float)) : NULL;
	result->rows = store->edges[def->edge_type].reader.row != NULL ? memory_alloc(most, sizeof(int32)) : NULL;
	result->times = pick->times ? memory_alloc(most, sizeof(TimestampTz)) : NULL;
	for (int64 i = 0; i < ndst; i++)
	{
		CHECK_FOR_INTERRUPTS();
		result->offsets[i] = n;
		if (pick_count(pick, i) != 0)
			n = adjacency_pick(&picking, &picking.live->adjacency[dst[i]],
							   idmap_hash(store->nodes[def->dst_type].map, dst[i]),
							   times != NULL ? times[i] : STORE_ALWAYS, pick_count(pick, i), result, n);
	}
	result->offsets[ndst] = n;
	pfree(picking.asked);
}
