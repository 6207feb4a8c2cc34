/*
 * neighbor.h
 *		Seeds -> blocks.
 */
#ifndef SAGE_NEIGHBOR_H
#define SAGE_NEIGHBOR_H

#include "postgres.h"

#include "sample/block.h"
#include "sample/fanout.h"
#include "store/store.h"

typedef struct SampleOptions
{
	const Fanout *fanout;
	bool		rotate;			/* training: another part of the order each epoch */
	uint64		salt;			/* of the epoch */
	bool		inclusive;
	bool		adaptive;		/* fan-outs are shared out by path (adaptive.c) */
	int64		window;
} SampleOptions;

extern int64 neighbor_batch(const Graph *graph, int node_type, const SampleOptions *options, int64 most);
extern Sample *neighbor_sample(GraphStore *store, const Graph *graph, int node_type, const int32 *seeds,
							   const TimestampTz *times, int64 nseeds, const SampleOptions *options);

#endif							/* SAGE_NEIGHBOR_H */
