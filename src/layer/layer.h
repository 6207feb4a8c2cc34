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

/* The parameters of a layer normalization. */
typedef struct LayerNorm
{
	Tensor	   *gain;			/* [1 x width]; NULL: none is done */
	Tensor	   *bias;			/* [1 x width] */
} LayerNorm;

/* What is done with the result of a convolution. */
typedef struct LayerOptions
{
	bool		normalize;		/* L2, after the activation */
	float		dropout;		/* 0 when the tape does not record */
	uint64		seed;			/* of the dropout */
} LayerOptions;

/* layer.c */
extern Tensor *layer_project(Tape *tape, const LayerRows *rows, Tensor *weight, Tensor *into);
extern Tensor *layer_project_dense(Tape *tape, Tensor *dense, Tensor *weight, Tensor *into);
extern Tensor *layer_project_sparse(Tape *tape, const LayerRows *rows, Tensor *weight);
extern Tensor *layer_finish(Tape *tape, Tensor *hidden, const LayerNorm *norm, const LayerOptions *options);

/* head.c */
extern Tensor *head_linear(Tape *tape, Tensor *hidden, Tensor *weight, Tensor *bias);

#endif							/* SAGE_LAYER_H */
