/*
 * model_build.h
 *		A description -> a network with room for its weights.
 */
#ifndef SAGE_MODEL_BUILD_H
#define SAGE_MODEL_BUILD_H

#include "postgres.h"

#include "layer/conv.h"
#include "model/model_spec.h"
#include "tensor/param.h"

/*
 * Layers are counted from 1, on the input side; "level 0" are the encoded
 * rows.  Arrays are by layer and then by the graph's node type or relation.
 */
typedef struct Model
{
	const Graph *graph;
	const ModelSpec *spec;
	ParamBlock *params;
	bool	   *needed;			/* [(layers + 1) x types] somebody uses this type's state at that level */
	Tensor	 ***types;			/* [layers x types] parameters of the convolution, in its order; NULL: not needed */
	Tensor	 ***relations;		/* [layers x relations] the same; NULL: off */
	Tensor	 ***edges;			/* [relations] of the first layer; NULL: edges have no features, or off */
	LayerNorm  *norms;			/* [layers x types] */
	Tensor	   *head_weight;	/* [hidden x outputs] */
	Tensor	   *head_bias;
} Model;

extern Model *model_declare(const ModelSpec *spec, const Graph *graph, const Fanout *fanout);
extern Model *model_build(const ModelSpec *spec, const Graph *graph, const Fanout *fanout, bool with_gradients);
extern bool model_needs(const Model *model, int level, int type);
extern bool model_is_constant(const ModelSpec *spec, const Graph *graph, int type);
extern int64 model_dense_width(const ModelSpec *spec, const Graph *graph, int type);
extern int64 model_input_width(const ModelSpec *spec, const Graph *graph, int type);
extern Tensor **model_conv(const Model *model, int layer, int type);
extern Tensor **model_relation(const Model *model, int layer, int relation);
extern const LayerNorm *model_norm(const Model *model, int layer, int type);

#endif							/* SAGE_MODEL_BUILD_H */
