/*
 * layer.h
 *		Blocks and tensors -> tensors.
 *
 * Layers do not know where rows and neighbors come from: a sampled block
 * and a stretch of a whole table look the same to them.
 */
#ifndef SAGE_LAYER_H
#define SAGE_LAYER_H

#include "postgres.h"

#include "sample/block.h"
#include "tensor/tape.h"

/*
 * Rows of one node type as they enter a layer: hidden states or the dense
 * part of encoded rows, and the sparse part of encoded rows.  Either may be
 * missing.  A weight matrix for such rows has the dense columns first.
 */
typedef struct LayerRows
{
	Tensor	   *dense;			/* [rows x d]; NULL: d = 0 */
	const SparseRows *sparse;	/* [rows x s]; NULL: s = 0 */
} LayerRows;

/* One relation that feeds the destinations. */
typedef struct LayerRelation
{
	const RelationBlock *block; /* NULL: src are the destinations' own rows, means already */
	LayerRows	src;
	Tensor	   *projected;		/* src.sparse times its part of the weight, if that was done before */
	Tensor	   *weight;			/* [(d + s) x width] */
} LayerRelation;

/* The parameters of one node type in one convolution. */
typedef struct ConvWeights
{
	Tensor	   *self;			/* [(d + s) x width] */
	Tensor	   *bias;			/* [1 x width] */
	Tensor	   *norm_gain;		/* [1 x width]; NULL: no layer normalization */
	Tensor	   *norm_bias;
} ConvWeights;

typedef struct ConvOptions
{
	bool		normalize;		/* L2, after the activation */
	float		dropout;		/* of the result; 0 when the tape does not record */
	uint64		seed;
} ConvOptions;

/* conv_sage.c */
extern Tensor *conv_sage(Tape *tape, int64 ndst, const LayerRows *self, const ConvWeights *weights,
						 const LayerRelation *relations, int nrelations, const ConvOptions *options);
extern Tensor *layer_project(Tape *tape, const LayerRows *rows, Tensor *weight, Tensor *into);
extern Tensor *layer_project_sparse(Tape *tape, const LayerRows *rows, Tensor *weight);

/* head.c */
extern Tensor *head_linear(Tape *tape, Tensor *hidden, Tensor *weight, Tensor *bias);

#endif							/* SAGE_LAYER_H */
