/*
 * store_internal.h
 *		What the two makers of a GraphStore share: the nodes met so far, the
 *		plans, and the order of neighbors.  For the store files only.
 */
#ifndef SAGE_STORE_INTERNAL_H
#define SAGE_STORE_INTERNAL_H

#include <float.h>

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "base/query.h"
#include "base/random.h"
#include "store/store.h"

/* Room for more rows than this is not made on the word of an estimate. */
#define ROWS_EXPECTED	(1 << 24)

/* The nodes of one type that have a number. */
typedef struct StoreNodes
{
	GraphStore *store;
	int			type;
	IdMap	   *map;
	bool		appending;		/* while all rows are read: keys are found when it is over */
	const IdMap *asked;			/* while rows are fetched: whose; NULL: all */
	TimestampTz *times;			/* [capacity]; NULL: the type has no time */
	int64		times_capacity;
	int64		null_times;		/* rows without, of a type that has times */
	NodeReader	reader;
} StoreNodes;

/* The rows of one edge type that were given to their reader. */
typedef struct StoreEdges
{
	NodeReader	reader;			/* row is NULL: nobody wants them */
	int32		count;
} StoreEdges;

/* What the makers do each in their way. */
typedef struct GraphStoreOps
{
	const char *name;			/* of the memory context */
	void		(*neighbors) (GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
							  const NeighborPick *pick, NeighborList *result);
} GraphStoreOps;

struct GraphStore
{
	const GraphStoreOps *ops;
	const Graph *graph;
	StorePlans *plans;
	MemoryContext cxt;
	uint64		seed;
	NeighborOrder *orders;		/* [nrelations] */
	StoreNodes *nodes;			/* [nnode_types] */
	StoreEdges *edges;			/* [nedge_types] */
	StoreCounts *counts;		/* [nrelations] */
	void	   *relations;		/* [nrelations] the maker's own */
};

/* store.c */
extern GraphStore *store_create(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed,
								NeighborOrder order, MemoryContext parent, const GraphStoreOps *ops);

/* store_plan.c */

/* Rows of edges from since to before until are enough; DT_NOBEGIN, DT_NOEND: all are wanted, those without a time, too. */
typedef struct StoreBounds
{
	TimestampTz since;
	TimestampTz until;
} StoreBounds;

extern bool store_relation_bounded(const GraphStore *store, int relation);
extern void store_query_neighbors(GraphStore *store, int relation, StoreBounds bounds, const Datum *keys, int nkeys,
								  QueryRow row, void *arg);
extern void store_query_nodes(GraphStore *store, int type, const Datum *keys, int nkeys, QueryRow row, void *arg);
extern const char *store_node_sql(const GraphStore *store, int type);
extern bool store_keeps_all(const GraphStore *store, int relation);
extern void store_set_keep_all(GraphStore *store, int relation);
/* What a query about edges returns: both ends, then time and weight if there are any, then the reader's columns. */
typedef struct EdgeColumns
{
	Oid			end_type;		/* of both ends; InvalidOid: they are keys already */
	KeyKind		kinds[2];		/* as keys */
	int			time;			/* place in the row; -1: none */
	int			weight;			/* the same */
	int			features;		/* of the first of the reader's columns */
} EdgeColumns;

extern EdgeColumns edge_columns(const Graph *graph, const EdgeType *edge, bool forward);
extern char *edge_row_text(const EdgeColumns *columns, Datum *values);
extern const char *store_edge_columns(const GraphStore *store, int edge_type);
extern int32 store_edge_row(GraphStore *store, int edge_type, const EdgeColumns *columns, Datum *values, bool *nulls,
							uint64 *hash);
extern bool edge_has_time(const EdgeType *edge);
extern bool edge_rows_count(const EdgeType *edge);
extern float edge_weight_other(const EdgeColumns *columns, const EdgeType *edge, Datum *values, double weight);

/*
 * The parts of a row that edge_select_list() made; inline, because thousands
 * of rows come for one score.
 */
static inline Datum
edge_row_end(const EdgeColumns *columns, Datum value)
{
	return columns->end_type == INT4OID ? Int64GetDatum((int64) DatumGetInt32(value)) :
		key_of_type(value, columns->end_type);
}

static inline TimestampTz
edge_row_time(const EdgeColumns *columns, const EdgeType *edge, Datum *values, bool *nulls)
{
	TimestampTz time;

	if (columns->time < 0)
		return 0;
	time = nulls[columns->time] ? DT_NOEND : DatumGetTimestampTz(values[columns->time]);
	if (graph_time_is_beyond(time, edge->time_typeid))
		graph_time_out_of_range(edge->table, edge->time_column, edge->time_typeid, edge_row_text(columns, values));
	return time;
}

/*
 * The weight must be one on every row that has both ends, whether or not it
 * will count: the live store does not know yet if there is a neighbor.
 */
static inline float
edge_row_weight(const EdgeColumns *columns, const EdgeType *edge, Datum *values, bool *nulls)
{
	double		weight;

	if (columns->weight < 0)
		return 0;
	weight = nulls[columns->weight] ? 0 : DatumGetFloat8(values[columns->weight]);
	if (likely(weight == 0 || (weight >= FLT_MIN && weight <= FLT_MAX)))
		return (float) weight;
	return edge_weight_other(columns, edge, values, weight);
}

/*
 * A seed of time "at" may see what has this time.  Differences are unsigned,
 * because those of the first and the last times there are exceed an int64.
 */
static inline bool
store_time_visible(TimestampTz time, TimestampTz at, const NeighborPick *pick)
{
	if (!(time < at || (pick->inclusive && time == at)))
		return false;
	return pick->window == 0 || (time != DT_NOBEGIN && (uint64) at - (uint64) time <= (uint64) pick->window);
}

/* One type's node may be met by a seed of that time. */
static inline bool
store_visible(const StoreNodes *nodes, int32 node, TimestampTz at, const NeighborPick *pick)
{
	if (nodes->times == NULL || at == STORE_ALWAYS)
		return true;
	return store_time_visible(nodes->times[node], at, pick);
}

/*
 * The place of a neighbor in its destination's order.  The destination is
 * mixed in, or the samples of different nodes would be coupled.
 */
static inline uint64
store_relation_seed(uint64 seed, const GraphRelation *relation)
{
	uint64		hash = random_mix(seed);

	for (const char *c = relation->name; *c; c++)
		hash = random_hash(hash, (unsigned char) *c);
	return hash;
}

static inline uint64
store_priority_salt(uint64 relation_seed, uint64 dst_hash)
{
	return random_mix(random_hash(relation_seed, dst_hash));
}

/* salt: store_priority_salt() of the destination. */
static inline uint64
store_priority(uint64 salt, uint64 src_hash)
{
	return random_hash_with(salt, src_hash);
}

/*
 * The same for a neighbor by an edge of which the row matters: rows of one
 * pair have places of their own, which do not depend on where they lie.
 * row_hash is 0 where nobody reads the rows.
 */
static inline uint64
store_row_priority(uint64 salt, uint64 src_hash, uint64 row_hash)
{
	return store_priority(salt, src_hash ^ row_hash);
}

/* Where a rotating pick begins among n neighbors, more than are wanted. */
static inline int64
store_rotation(const NeighborPick *pick, uint64 dst_hash, int64 n)
{
	return (int64) random_below(random_hash(pick->salt, dst_hash), n);
}

/*
 * The neighbors' order: by priority; copies of one pair have the same
 * priority and stand by their time, so that the one seen earliest is first.
 */
static inline int
neighbor_order(uint64 priority_a, uint64 priority_b, TimestampTz time_a, TimestampTz time_b, float weight_a, float weight_b)
{
	if (priority_a != priority_b)
		return priority_a < priority_b ? -1 : 1;
	if (time_a != time_b)
		return time_a < time_b ? -1 : 1;
	if (weight_a != weight_b)
		return weight_a < weight_b ? -1 : 1;
	return 0;
}

/* store_rank.c: orders other than the uniform one */

/* One neighbor of one node, to be put in such an order. */
typedef struct RankedNeighbor
{
	uint64		rank;			/* the smallest is first */
	uint64		priority;
	TimestampTz time;			/* the edge's; for the recent order the row's, if that is later */
	float		weight;
	int32		place;			/* where it stood */
	int32		newer;			/* place in the order of the last copy of this pair before it; -1: none */
} RankedNeighbor;

extern bool relation_ranks_rows(const Graph *graph, int relation, NeighborOrder order);
extern void neighbors_rank(NeighborOrder order, uint64 epoch, bool unique, RankedNeighbor *neighbors, int32 n);

#endif							/* SAGE_STORE_INTERNAL_H */
