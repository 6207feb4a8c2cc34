/*
 * pick.h
 *		Which neighbors: the strategies of sampling on request.
 */
#ifndef SAGE_PICK_H
#define SAGE_PICK_H

#include "postgres.h"

#include "store/store.h"

/* The first ones are orders of the store. */
typedef enum PickStrategy
{
	PICK_UNIFORM = ORDER_UNIFORM,
	PICK_RECENT = ORDER_RECENT,
	PICK_WEIGHT = ORDER_WEIGHT,
	PICK_TOP = ORDER_TOP,
	PICK_REPLACE,				/* uniform, with replacement */
	PICK_DEGREE,				/* by the number of edges that lead to the neighbor, without replacement */
	PICK_FULL					/* all */
} PickStrategy;

extern const char *const pick_strategy_names[]; /* ends with NULL */

extern NeighborOrder pick_order(PickStrategy strategy);
extern void pick_neighbors(GraphStore *store, const Graph *graph, int relation, PickStrategy strategy, const int32 *dst, int64 ndst,
						   TimestampTz at, int count, uint64 seed, NeighborList *list);

/* A key of which the smallest k of some are a sample by weight, without replacement; u from hash. */
extern double pick_weighted_key(uint64 hash, double weight);

#endif							/* SAGE_PICK_H */
