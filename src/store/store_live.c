/*
 * store_live.c
 *		The store that asks the tables, one query for each batch of nodes,
 *		relation and hop.
 *
 * The query returns all neighbors of the batch: an exact uniform sample must
 * look at each of a hub's edges once.  They become candidates, by key, and are
 * put into the neighbors' order (store_candidates.h); only those that are picked
 * become nodes, that is, only their rows are read.  A candidate that turns out
 * to have no row (a dangling edge, or a row that the caller may not see) drops
 * out and the next in the order takes its place, which is just what the
 * resident store sees from the beginning.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "store/store_candidates.h"

/* Beyond twice as many candidates as are wanted so many are kept, for those that turn out to have no row. */
#define CANDIDATES_SPARE	12

typedef struct LiveRelation
{
	Candidates *candidates;		/* [capacity], by number of dst_type */
	int64		capacity;
	uint64		seed;
	uint64		epoch;			/* that the candidates are in order for, where it is by weight */
} LiveRelation;

/* What a row of the neighbor query needs to know. */
typedef struct LiveReading
{
	GraphStore *store;
	LiveRelation *live;
	const GraphRelation *def;
	const EdgeType *edge;
	const IdMap *dst_map;
	KeyKind		src_kind;
	bool		loops;			/* both ends are of one type */
	bool		rows_read;		/* by a reader */
	EdgeColumns columns;
	Datum		last_key;		/* integers only: rows of one node come together */
	int32		last_dst;		/* its number; -1: none yet */
} LiveReading;

static void live_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
						   const NeighborPick *pick, NeighborList *result);

static const GraphStoreOps live_ops = {"live", live_neighbors};

static inline LiveRelation *
live_relation(const GraphStore *store, int relation)
{
	return (LiveRelation *) store->relations + relation;
}

GraphStore *
store_open_live(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed,
				NeighborOrder order, MemoryContext parent)
{
	GraphStore *store = store_create(graph, plans, readers, seed, order, parent, &live_ops);

	store->relations = MemoryContextAllocZero(store->cxt, Max(graph->nrelations, 1) * sizeof(LiveRelation));
	for (int i = 0; i < graph->nrelations; i++)
		live_relation(store, i)->seed = store_relation_seed(seed, &graph->relations[i]);
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
	LiveRelation *live = live_relation(store, relation);
	int64		nodes = idmap_count(store->nodes[store->graph->relations[relation].dst_type].map);
	int64		capacity = Max(nodes, 2 * live->capacity);
	Candidates *larger;
	MemoryContext old;

	if (nodes <= live->capacity)
		return;
	old = MemoryContextSwitchTo(store->cxt);
	larger = memory_alloc_zero(capacity, sizeof(Candidates));
	MemoryContextSwitchTo(old);
	if (live->candidates != NULL)
	{
		memcpy(larger, live->candidates, live->capacity * sizeof(Candidates));
		pfree(live->candidates);
	}
	live->candidates = larger;
	live->capacity = capacity;
}

/* A row arrives: (node's key, neighbor's key), time and weight if any, the reader's columns. */
static void
candidate_row(void *arg, Datum *values, bool *nulls)
{
	LiveReading *reading = arg;
	uint64		row_hash = 0;
	int32		row = -1,
				dst;

	if (nulls[0] || nulls[1])
		return;
	dst = reading_dst(reading, values[0]);
	if (dst < 0)
		return;
	if (reading->rows_read)
		row = store_edge_row(reading->store, reading->def->edge_type, &reading->columns, values, nulls, &row_hash);
	candidates_add(&reading->live->candidates[dst], reading->loops, reading->src_kind,
				   edge_row_end(&reading->columns, values[1]),
				   edge_row_time(&reading->columns, reading->edge, values, nulls),
				   edge_row_weight(&reading->columns, reading->edge, values, nulls), row, row_hash);
}

/* Is the neighbor of that key on the list already? */
static bool
candidates_have(const Candidates *candidates, KeyKind kind, Datum key)
{
	uint64		priority = store_priority(candidates->salt, key_hash(kind, key));

	for (int32 i = 0; i < candidates->count; i++)
	{
		if (candidates->list[i].priority == priority)
			return true;
	}
	return false;
}

/*
 * An edge that a node's own row is, where the edge table is the node's table
 * (a foreign key): values and nulls are as edge_select_list() has them.  It
 * is taken from the value in hand and not from the table, where the row may
 * be missing, or old.  Such edges have no features.  One that leads to the
 * same node as an earlier one is the same edge.
 */
void
store_add_own_edge(GraphStore *store, int relation, int32 dst, Datum *values, bool *nulls)
{
	const GraphRelation *def = &store->graph->relations[relation];
	const EdgeType *edge = &store->graph->edge_types[def->edge_type];
	KeyKind		kind = store->graph->node_types[def->src_type].key_kind;
	EdgeColumns columns = edge_columns(store->graph, edge, true);
	Candidates *candidates;
	MemoryContext old;
	Datum		key;

	live_reserve(store, relation);
	candidates = &live_relation(store, relation)->candidates[dst];
	candidates_begin(candidates, live_relation(store, relation)->seed, idmap_hash(store->nodes[def->dst_type].map, dst), 0);
	if (!def->backward)
	{
		candidates->known = true;
		candidates->bounds = (StoreBounds) {DT_NOBEGIN, DT_NOEND};
	}
	if (nulls[1])
		return;
	key = edge_row_end(&columns, values[1]);
	if (candidates_have(candidates, kind, key))
		return;
	old = MemoryContextSwitchTo(store->cxt);
	candidates_add(candidates, def->dst_type == def->src_type, kind, key, edge_row_time(&columns, edge, values, nulls),
				   edge_row_weight(&columns, edge, values, nulls), -1, 0);
	MemoryContextSwitchTo(old);
}

/*
 * The bounds within which edges can be seen by one of the destinations.  A
 * time is seen before the seed's own, or at it, which is before the next
 * microsecond.
 */
static StoreBounds
live_bounds(const GraphStore *store, int relation, const TimestampTz *times, int64 ndst, const NeighborPick *pick)
{
	StoreBounds all = {DT_NOBEGIN, DT_NOEND};
	StoreBounds bounds = {DT_NOEND, DT_NOBEGIN};

	if (times == NULL || ndst == 0 || !store_relation_bounded(store, relation))
		return all;
	for (int64 i = 0; i < ndst; i++)
	{
		TimestampTz since = DT_NOBEGIN;

		if (TIMESTAMP_NOT_FINITE(times[i]) || !IS_VALID_TIMESTAMP(times[i] + 1))
			return all;
		if (pick->window > 0 && times[i] - MIN_TIMESTAMP > pick->window)
			since = times[i] - pick->window;
		bounds.since = Min(bounds.since, since);
		bounds.until = Max(bounds.until, times[i] + 1);
	}
	return bounds;
}

/* Were the node's edges within the bounds read? */
static inline bool
candidates_cover(const Candidates *candidates, StoreBounds bounds)
{
	return candidates->known && candidates->bounds.since <= bounds.since && candidates->bounds.until >= bounds.until;
}

/*
 * Runs the query for those destinations whose neighbors within the bounds
 * were not read yet.  keep: as for candidates_begin().
 */
static void
live_read(GraphStore *store, int relation, const int32 *dst, int64 ndst, StoreBounds bounds, int32 keep)
{
	const GraphRelation *def = &store->graph->relations[relation];
	LiveRelation *live = live_relation(store, relation);
	LiveReading reading = {
		.store = store, .live = live, .def = def,
		.edge = &store->graph->edge_types[def->edge_type],
		.dst_map = store->nodes[def->dst_type].map,
		.src_kind = store->graph->node_types[def->src_type].key_kind,
		.loops = def->dst_type == def->src_type,
		.rows_read = store->edges[def->edge_type].reader.row != NULL,
		.columns = edge_columns(store->graph, &store->graph->edge_types[def->edge_type], def->forward),
		.last_dst = -1
	};
	MemoryContext old;
	Datum	   *keys;
	int			nkeys = 0;

	live_reserve(store, relation);
	keys = memory_alloc(ndst, sizeof(Datum));
	for (int64 i = 0; i < ndst; i++)
	{
		Candidates *candidates = &live->candidates[dst[i]];

		if (candidates_cover(candidates, bounds))
			continue;
		if (candidates->known)
			candidates_forget(candidates);
		candidates->known = true;
		candidates->bounds = bounds;
		candidates_begin(candidates, live->seed, idmap_hash(reading.dst_map, dst[i]), keep);
		keys[nkeys++] = idmap_key(reading.dst_map, dst[i]);
	}
	if (nkeys > 0)
	{
		old = MemoryContextSwitchTo(store->cxt);
		store_query_neighbors(store, relation, bounds, keys, nkeys, candidate_row, &reading);
		MemoryContextSwitchTo(old);
	}
	pfree(keys);
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
	int			relation;
	LiveRelation *live;
	const GraphRelation *def;
	const EdgeType *edge;
	const NeighborPick *pick;
	StoreBounds bounds;			/* of what can be seen */
	NeighborOrder order;
	bool		ranks_rows;		/* the order needs the neighbors' own rows */
	bool		rotate;			/* the pick's, where the order lets it */
	StoreNodes *src;
	Candidate **asked;			/* whose rows must be read */
	int64		nasked;
	int64		capacity;
	int32	   *again;			/* [destinations] whose candidates were cut too short */
	int64		nagain;
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
picking_rank(LivePicking *picking, Candidates *candidates)
{
	int32		n = candidates->count;
	bool		unique = !edge_rows_count(picking->edge);
	bool		known = true;
	RankedNeighbor *ranked;
	Candidate  *list;
	MemoryContext old;

	if (candidates->sorted >= n)
		return true;
	for (int32 i = 0; i < n && picking->ranks_rows; i++)
	{
		(void) candidate_usable(picking, &candidates->list[i], STORE_ALWAYS);
		known = known && candidates->list[i].node != NODE_ASKED;
	}
	if (!known)
		return false;
	ranked = memory_alloc(n, sizeof(RankedNeighbor));
	for (int32 i = 0; i < n; i++)
	{
		Candidate  *candidate = &candidates->list[i];

		ranked[i].priority = candidate->priority;
		ranked[i].time = edge_has_time(picking->edge) ? candidate->time : DT_NOBEGIN;
		if (picking->ranks_rows && candidate->node >= 0)
			ranked[i].time = Max(ranked[i].time, picking->src->times[candidate->node]);
		ranked[i].weight = candidate->weight;
		ranked[i].place = i;
	}
	neighbors_rank(picking->order, picking->pick->epoch, unique, ranked, n);
	old = MemoryContextSwitchTo(picking->store->cxt);
	list = memory_alloc(n, sizeof(Candidate));
	if (unique)
		candidates->newer = memory_alloc(n, sizeof(int32));
	MemoryContextSwitchTo(old);
	for (int32 i = 0; i < n; i++)
	{
		list[i] = candidates->list[ranked[i].place];
		if (unique)
			candidates->newer[i] = ranked[i].newer;
	}
	pfree(candidates->list);
	candidates->list = list;
	candidates->sorted = candidates->capacity = n;
	pfree(ranked);
	return true;
}

/* The i'th candidate, unless a copy of it before it can be taken as well. */
static bool
picking_usable(LivePicking *picking, Candidates *candidates, int32 i, TimestampTz time)
{
	int32		newer = candidates->newer != NULL ? candidates->newer[i] : -1;

	if (picking->order == ORDER_WEIGHT && candidates->list[i].weight == 0)
		return false;
	if (newer >= 0 && candidate_visible(&candidates->list[newer], picking->edge, time, picking->pick))
		return false;
	return candidate_usable(picking, &candidates->list[i], time);
}

/*
 * Goes through the candidates that a pick from this node needs, so that each
 * of them is known to be there or not: the first usable ones, or all of them
 * if the pick rotates.  False: too few of those that were kept can be used,
 * and others were left out.
 */
static bool
picking_probe(LivePicking *picking, Candidates *candidates, TimestampTz time, int count)
{
	bool		each_row = edge_rows_count(picking->edge);
	int64		wanted = picking->rotate ? -1 : count;
	int64		usable = 0;

	if (picking->order == ORDER_UNIFORM)
		candidates_order(candidates, each_row, wanted);
	else if (!picking_rank(picking, candidates))
		return true;
	for (int32 i = 0; i < candidates->count && usable != wanted; i++)
	{
		if (i == candidates->sorted)
			candidates_order(candidates, each_row, -1);
		if (i < candidates->count)
			usable += picking_usable(picking, candidates, i, time);
	}
	return usable == wanted || !candidates->cut;
}

/*
 * How many of a node's candidates to keep: more than are wanted, as some may
 * have no row; 0: all, where it is not the first ones that are wanted.
 */
static int32
picking_keep(const LivePicking *picking, const TimestampTz *times)
{
	const NeighborPick *pick = picking->pick;

	if (picking->order != ORDER_UNIFORM || picking->rotate || pick->counts != NULL || pick->count < 0 ||
		pick->count > PG_INT32_MAX / 4 || times != NULL || edge_rows_count(picking->edge) ||
		store_keeps_all(picking->store, picking->relation))
		return 0;
	return 2 * pick->count + CANDIDATES_SPARE;
}

/*
 * Puts a node on the list of those to be read again, because too few of its
 * candidates can be used.  If enough were kept for this pick, so many have no
 * row that it will happen again, and nothing is cut from now on; else they
 * were kept for another pick, of fewer.
 */
static void
picking_again(LivePicking *picking, const TimestampTz *times, int32 dst)
{
	int32		keep = picking_keep(picking, times);

	if (keep > 0 && picking->live->candidates[dst].keep >= keep)
		store_set_keep_all(picking->store, picking->relation);
	picking->again[picking->nagain++] = dst;
}

/* Reads the neighbors of those nodes once more. */
static void
live_read_again(LivePicking *picking, const TimestampTz *times)
{
	for (int64 i = 0; i < picking->nagain; i++)
		candidates_forget(&picking->live->candidates[picking->again[i]]);
	live_read(picking->store, picking->relation, picking->again, picking->nagain, picking->bounds,
			  picking_keep(picking, times));
	picking->nagain = 0;
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
picking_take(LivePicking *picking, Candidates *candidates, uint64 dst_hash, TimestampTz time, int count,
			 NeighborList *result, int64 n)
{
	int64		usable = 0;
	int64		skip = 0;
	int64		taken = 0;

	if (picking->rotate)
	{
		for (int32 i = 0; i < candidates->count; i++)
			usable += candidate_usable(picking, &candidates->list[i], time);
		if (count >= 0 && usable > count)
			skip = store_rotation(picking->pick, dst_hash, usable);
	}
	for (int pass = 0; pass < (skip > 0 ? 2 : 1); pass++)
	{
		int64		seen = 0;

		for (int32 i = 0; i < candidates->count && taken != count; i++)
		{
			Candidate  *candidate = &candidates->list[i];

			if (!picking_usable(picking, candidates, i, time) || (seen++ >= skip) != (pass == 0))
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

static void
live_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
			   const NeighborPick *pick, NeighborList *result)
{
	const GraphRelation *def = &store->graph->relations[relation];
	LivePicking picking = {
		.store = store, .relation = relation, .live = live_relation(store, relation), .def = def,
		.edge = &store->graph->edge_types[def->edge_type],
		.pick = pick, .bounds = live_bounds(store, relation, times, ndst, pick), .order = store->orders[relation],
		.ranks_rows = relation_ranks_rows(store->graph, relation, store->orders[relation]),
		.rotate = pick->rotate && store->orders[relation] == ORDER_UNIFORM,
		.src = &store->nodes[def->src_type], .capacity = 256
	};
	bool		weighted = picking.edge->weight_column != NULL;
	int64		most = 0;
	int64		n = 0;

	picking.asked = palloc(picking.capacity * sizeof(Candidate *));
	picking.again = memory_alloc(ndst, sizeof(int32));
	if (pick->counts != NULL || pick->count != 0)
		live_read(store, relation, dst, ndst, picking.bounds, picking_keep(&picking, times));

	if (picking.order == ORDER_WEIGHT && picking.live->epoch != pick->epoch)
	{
		for (int64 i = 0; i < picking.live->capacity; i++)
			picking.live->candidates[i].sorted = 0;
		picking.live->epoch = pick->epoch;
	}

	/* until every candidate that will be taken is known to have a row */
	do
	{
		if (picking.nasked > 0)
			live_resolve(&picking);
		if (picking.nagain > 0)
			live_read_again(&picking, times);
		most = 0;
		for (int64 i = 0; i < ndst; i++)
		{
			int			count = pick_count(pick, i);
			Candidates *candidates;

			CHECK_FOR_INTERRUPTS();
			if (count == 0)
				continue;
			candidates = &picking.live->candidates[dst[i]];
			if (!picking_probe(&picking, candidates, times != NULL ? times[i] : STORE_ALWAYS, count))
				picking_again(&picking, times, dst[i]);
			most += count >= 0 ? Min(count, candidates->count) : candidates->count;
		}
	} while (picking.nasked > 0 || picking.nagain > 0);

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
			n = picking_take(&picking, &picking.live->candidates[dst[i]],
							 idmap_hash(store->nodes[def->dst_type].map, dst[i]),
							 times != NULL ? times[i] : STORE_ALWAYS, pick_count(pick, i), result, n);
	}
	result->offsets[ndst] = n;
	pfree(picking.asked);
	pfree(picking.again);
}
