/*
 * store_resident.h
 *		The lists of a resident store: made by store_load.c, put into order and
 *		asked by store_resident.c.
 */
#ifndef SAGE_STORE_RESIDENT_H
#define SAGE_STORE_RESIDENT_H

#include "store/store_internal.h"

typedef struct ResidentRelation
{
	int64		nnodes;			/* of dst_type */
	int64	   *offsets;		/* [nnodes + 1] */
	int32	   *lengths;		/* [nnodes], repeated pairs taken out once sorted */
	int32	   *sorted;			/* [nnodes], so many are in their final place */
	int32	   *neighbors;		/* [offsets[nnodes]] */
	TimestampTz *times;			/* the same; NULL: edges have no time */
	float	   *weights;		/* the same; NULL: no weights */
	int32	   *rows;			/* the same: of the edge's table, as the reader knows them; NULL: nobody reads them */
	const uint64 *row_hashes;	/* by that; NULL likewise */
	bool		each_row;		/* rows of one pair are neighbors of their own */
	int32	   *newer;			/* the same; as in RankedNeighbor; NULL: repeated pairs were taken out, or all count */
	uint64		seed;
	uint64		epoch;			/* that "sorted" is about, where order is by weight */
} ResidentRelation;

extern void resident_load_edges(GraphStore *store, const bool *relations_wanted);

static inline ResidentRelation *
resident_relation(const GraphStore *store, int relation)
{
	return (ResidentRelation *) store->relations + relation;
}

#endif							/* SAGE_STORE_RESIDENT_H */
