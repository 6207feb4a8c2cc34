/*
 * epoch.h
 *		In which order things are taken: all of them once, or some at random.
 */
#ifndef SAGE_EPOCH_H
#define SAGE_EPOCH_H

#include "postgres.h"

#include "store/store.h"

typedef enum EpochStrategy
{
	EPOCH_SHUFFLE,				/* each once, by hash */
	EPOCH_ORDER,				/* each once, as they stand */
	EPOCH_RANDOM				/* with replacement */
} EpochStrategy;

extern const char *const epoch_strategy_names[];	/* ends with NULL */

typedef struct EpochDraw
{
	EpochStrategy strategy;
	int64		n;				/* that is drawn from */
	int64		count;			/* that is drawn */
	uint64		seed;
	int64	   *shuffled;		/* [count]; NULL: not needed */
} EpochDraw;

extern EpochDraw epoch_draw(EpochStrategy strategy, const uint64 *hashes, int64 n, int64 wanted, uint64 seed);
extern int64 epoch_index(const EpochDraw *draw, int64 i);
extern uint64 *epoch_sort_edges(const GraphStore *store, int source_type, int target_type, EdgeList *edges);

#endif							/* SAGE_EPOCH_H */
