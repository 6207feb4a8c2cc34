/*
 * model_layer.h
 *		One layer of a network, wherever its rows and neighbors come from.
 */
#ifndef SAGE_MODEL_LAYER_H
#define SAGE_MODEL_LAYER_H

#include "postgres.h"

#include "model/model_build.h"

/* The rows of a relation's edges, or their means; see ConvRows. */
typedef struct LayerEdges
{
	LayerRows	rows;
	bool		averaged;
	const int32 *places;		/* [edges] */
	Tensor	   *projected;
} LayerEdges;

/* What one layer makes the states of one node type of. */
typedef struct LayerInput
{
	int64		ndst;
	LayerRows	self;			/* [ndst] */
	const RelationBlock *blocks;	/* [relations] */
	const LayerRows *rows;		/* [node types] where the blocks' sources are */
	Tensor	  **projected;		/* [relations] their sparse part, projected; NULL: not done */
	const LayerEdges *edges;		/* [relations]; NULL: edges have no say in this layer */
} LayerInput;

extern Tensor *model_layer(const Model *model, Tape *tape, int layer, int type, const LayerInput *input,
						   float dropout, uint64 seed);

#endif							/* SAGE_MODEL_LAYER_H */
