/*
 * negative.h
 *		Pairs that are no edges.
 */
#ifndef SAGE_NEGATIVE_H
#define SAGE_NEGATIVE_H

#include "postgres.h"

#include "store/store.h"

typedef enum NegativeStrategy
{
	NEGATIVE_RANDOM,
	NEGATIVE_DEGREE,			/* by the number of edges that lead to a node */
	NEGATIVE_WEIGHT				/* by a column of the nodes */
} NegativeStrategy;

extern const char *const negative_strategy_names[]; /* ends with NULL */

/* A column whose value some of the negatives have in common with the positive. */
typedef struct NegativeShare
{
	char	   *column;
	double		share;			/* of the negatives */
	int32	   *values;			/* [candidates] as numbers; -1: null */
	int32		nvalues;
	int64	   *offsets;		/* [values + 1] made by negatives_create() */
	int32	   *nodes;			/* of each value, one after the other */
} NegativeShare;

typedef struct Negatives Negatives;

/* One that was drawn. */
typedef struct Negative
{
	int32		node;
	int			shared;			/* the NegativeShare it was drawn for; -1: none */
} Negative;

extern Negatives *negatives_create(const bool *visible, const double *weights, const uint64 *hashes, int32 n,
								   NegativeShare *shares, int nshares);
extern int	negatives_draw(Negatives *negatives, const int32 *excluded, int64 nexcluded, int32 positive, int count,
						   uint64 seed, Negative *drawn);

#endif							/* SAGE_NEGATIVE_H */
