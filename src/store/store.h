/*
 * store.h
 *		Where the sampler gets nodes and neighbors from.
 *
 * There are two makers.  The live store asks the tables for each batch of
 * nodes; the resident store reads the tables once and then answers from
 * memory.  Both give the same answers, and one test suite holds them
 * together.
 *
 * A node is known by its number within its type: numbers are given in the
 * order in which rows are read, and the row's columns are handed to the
 * type's reader at that moment, so that row number i of whatever the reader
 * fills belongs to node i.  A key without a (visible) row has no number: an
 * edge to it does not exist.
 *
 * The neighbors of a node come in an order of their own, by
 * hash(seed, relation, node's key, neighbor's key): a prefix of the order is
 * a uniform sample that does not depend on scan order, batch or store.  A
 * store may be opened with another order (store_rank.c).
 */
#ifndef SAGE_STORE_H
#define SAGE_STORE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "graph/graph.h"

typedef struct GraphStore GraphStore;

/*
 * Who wants the rows of a table, that is, of a node type or of an edge type
 * with features: values and nulls are those of the columns named when the
 * plans were made.  Rows of edges are counted from 0, too, as they are read; a
 * live store may read one twice, for either end.
 */
typedef struct NodeReader
{
	void		(*row) (void *arg, int32 node, Datum *values, bool *nulls);
	uint64		(*hash) (void *arg, int32 row); /* edges only: of what was made of the row */
	void		(*end) (void *arg); /* all rows were read, once for all; may be NULL */
	void	   *arg;
} NodeReader;

/* No seed time: everything the snapshot sees counts. */
#define STORE_ALWAYS	DT_NOEND

/*
 * What puts the neighbors of a node in order.  A relation that lacks what an
 * order needs (times, weights) keeps the uniform one.
 */
typedef enum NeighborOrder
{
	ORDER_UNIFORM,				/* by hash */
	ORDER_RECENT,				/* the latest first; of one time by hash */
	ORDER_WEIGHT,				/* drawn by weight, without replacement; none of weight 0 */
	ORDER_TOP					/* the heaviest first; of one weight by hash */
} NeighborOrder;

extern const char *const neighbor_order_names[];	/* ends with NULL */
extern NeighborOrder relation_order(const Graph *graph, int relation, NeighborOrder wanted);

/* Which of a node's neighbors are wanted. */
typedef struct NeighborPick
{
	int			count;			/* at most so many; -1: all */
	const int32 *counts;		/* [ndst] the same, for each destination its own; NULL: count */
	bool		rotate;			/* start at hash(salt, node) and go round; uniform order only */
	uint64		salt;
	uint64		epoch;			/* by weight: drawn anew for each */
	bool		inclusive;		/* rows at the seed time itself count, too */
	bool		times;			/* the list is to have times */
	int64		window;			/* microseconds before the seed time within which rows count; 0: all */
} NeighborPick;

/* How many are wanted for the i'th destination. */
static inline int
pick_count(const NeighborPick *pick, int64 i)
{
	return pick->counts != NULL ? pick->counts[i] : pick->count;
}

typedef struct NeighborList
{
	int64	   *offsets;		/* [ndst + 1] */
	int32	   *nodes;			/* [offsets[ndst]] numbers of src_type */
	float	   *weights;		/* the same length; NULL: the relation has none */
	int32	   *rows;			/* the same: each edge's row, as the reader knows it; NULL: nobody reads them */
	TimestampTz *times;			/* the same: from when on each can be seen; NULL: not asked for */
} NeighborList;

/* The rows of an edge table whose ends are nodes, in the order of the table. */
typedef struct EdgeList
{
	int64		count;
	int32	   *source;
	int32	   *target;
	TimestampTz *times;			/* NULL: edges have no time */
	float	   *weights;		/* NULL: no weights */
} EdgeList;

/* What was met while reading, for the user to know. */
typedef struct StoreCounts
{
	int64		edges;			/* rows read */
	int64		dangling;		/* an end is no (visible) node */
	int64		loops;			/* both ends are the same node */
	int64		null_ends;		/* an end is NULL */
	int64		duplicates;		/* repeated pairs */
	int64		null_times;		/* the edge type has times, but not this row */
} StoreCounts;

/*
 * Prepared queries, kept by the caller for many stores.  columns[table], by
 * graph_table_count(), is SQL text to select beside the key, or beside an
 * edge's ends: ", a, b::real[]", or the empty string.  A store's readers have
 * the same numbers.
 */
typedef struct StorePlans StorePlans;

extern StorePlans *store_plans_create(const Graph *graph, const char *const *columns, MemoryContext parent);
extern void store_plans_free(StorePlans *plans);

extern GraphStore *store_open_live(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed,
								   NeighborOrder order, MemoryContext parent);
extern GraphStore *store_open_resident(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed,
									   NeighborOrder order, const bool *relations_wanted, bool by_key,
									   MemoryContext parent);
extern void store_close(GraphStore *store);
extern IdMap *store_take_nodes(GraphStore *store, int type, MemoryContext parent);	/* it outlives the store then */

/* A node that need not be in its table; its reader is not called. */
extern int32 store_add_node(GraphStore *store, int type, Datum key, TimestampTz time);
extern void store_add_own_edge(GraphStore *store, int relation, int32 dst, Datum *values, bool *nulls);
extern char *edge_select_list(const Graph *graph, const EdgeType *edge, bool forward);

extern void store_find(GraphStore *store, int type, const Datum *keys, int64 n, int32 *nodes);	/* -1: no such row */
extern void store_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
							const NeighborPick *pick, NeighborList *result);
extern void store_prefetch_node(const GraphStore *store, int relation, int32 node);
extern void store_prefetch_list(const GraphStore *store, int relation, int32 node);
extern int64 store_pick_size(GraphStore *store, int relation, int32 node, const NeighborPick *pick, bool in_thread);
extern int64 store_pick_take(const GraphStore *store, int relation, int32 node, const NeighborPick *pick, int32 *nodes,
							 float *weights);
extern bool store_has_weights(const GraphStore *store, int relation);
extern void store_read_nodes(GraphStore *store, int type, bool by_key);
extern EdgeList store_read_edges(GraphStore *store, int edge_type);
extern int64 *store_degrees(GraphStore *store, int relation, const int32 *nodes, int64 n, TimestampTz at, bool inclusive);
extern int32 store_node_count(const GraphStore *store, int type);
extern uint64 store_node_hash(const GraphStore *store, int type, int32 node);
extern TimestampTz store_node_time(const GraphStore *store, int type, int32 node);	/* DT_NOBEGIN: the type has no time */
extern Datum store_node_key(const GraphStore *store, int type, int32 node);
extern const TimestampTz *store_node_times(const GraphStore *store, int type);
extern int64 store_null_times(const GraphStore *store, int type);
extern double store_mean_degree(const GraphStore *store, int relation);
extern int64 store_edges_after(const GraphStore *store, int relation, TimestampTz at, int64 *known);
extern uint64 store_edges_hash(const GraphStore *store);
extern const StoreCounts *store_counts(const GraphStore *store, int relation);

#endif							/* SAGE_STORE_H */
