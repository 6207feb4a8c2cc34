/*
 * block.h
 *		A sampled neighborhood, hop by hop: what the sampler hands to the
 *		layers.  Integers only.
 *
 * A sample of L hops has L blocks.  blocks[L - 1] leads to the seeds,
 * blocks[0] starts from the nodes whose features are read.  In each block and
 * node type the destinations are the first ndst of the nsrc sources, so a
 * node's own row is a prefix and every aggregation is over segments:
 * destination d of a relation collects from src[offsets[d] .. offsets[d+1]).
 */
#ifndef SAGE_BLOCK_H
#define SAGE_BLOCK_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef struct RelationBlock
{
	int64		nedges;			/* 0: nothing to collect, the arrays may be NULL */
	int64	   *offsets;		/* [ndst of the relation's dst_type + 1] */
	int32	   *src;			/* [nedges] places among the sources of src_type */
	float	   *weights;		/* [nedges]; NULL: a plain mean */
	int32	   *rows;			/* [nedges] rows of the edge table; NULL: edges have no features */
} RelationBlock;

typedef struct SampleBlock
{
	int64	   *ndst;			/* [node types] */
	int64	   *nsrc;			/* [node types] */
	RelationBlock *relations;	/* [relations] */
} SampleBlock;

typedef struct Sample
{
	int			nhops;
	SampleBlock *blocks;		/* [nhops], input side first */
	int64	   *nnodes;			/* [node types] sources of blocks[0] */
	int32	  **nodes;			/* [node types] their numbers in the store */
	TimestampTz **times;		/* [node types] their seed times; NULL: none */
	const TimestampTz **row_times;	/* [node types] by number in the store; NULL: the type has no time */
} Sample;

#endif							/* SAGE_BLOCK_H */
