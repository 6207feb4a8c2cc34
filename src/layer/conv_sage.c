/*
 * conv_sage.c
 *		GraphSAGE with the mean aggregator (Hamilton, Ying and Leskovec 2017),
 *		one weight matrix a relation, and one for the features of its edges.
 *
 *		W_self h_v + sum_r (W_r mean_{u in N_r(v)} h_u + V_r mean_{e in E_r(v)} f_e) + b
 *
 * A node without neighbors in a relation gets nothing from it.  Mean and
 * product commute, so each part of a row is treated the cheaper way round:
 * dense columns are averaged first (few destinations, many sources), sparse
 * columns are projected first, which turns them into short dense rows and
 * never makes the wide ones.
 */
#include "postgres.h"

#include "layer/conv.h"

/* Places in the list below, among those of one owner. */
enum
{
	SELF_WEIGHT,
	SELF_BIAS
};

enum
{
	WEIGHT
};

static const ConvParam sage_params[] = {
	{"self", "weight", CONV_TYPE, CONV_IN, CONV_HIDDEN, PARAM_GLOROT},
	{"self", "bias", CONV_TYPE, CONV_ONE, CONV_HIDDEN, PARAM_ZERO},
	{"relation", "weight", CONV_RELATION, CONV_IN, CONV_HIDDEN, PARAM_GLOROT},
	{"edge", "weight", CONV_EDGE, CONV_IN, CONV_HIDDEN, PARAM_GLOROT},
	{NULL}
};

/* Adds the means of the rows along a relation's edges, times their weight. */
static void
sage_collect(Tape *tape, int64 ndst, const RelationBlock *block, const ConvRows *from, Tensor *into)
{
	Tensor	   *weight;

	if (from->params == NULL)
		return;
	weight = from->params[WEIGHT];
	if (from->averaged)
	{
		layer_project(tape, &from->rows, weight, into);
		return;
	}
	if (block->nedges == 0)
		return;
	if (from->rows.dense != NULL)
	{
		Tensor	   *mean = tape_segment_mean(tape, from->rows.dense, ndst, block->offsets, from->places,
											 block->weights, NULL);

		layer_project_dense(tape, mean, weight, into);
	}
	if (from->rows.sparse != NULL)
	{
		Tensor	   *projected = from->projected;

		if (projected == NULL)
			projected = layer_project_sparse(tape, &from->rows, weight);
		tape_segment_mean(tape, projected, ndst, block->offsets, from->places, block->weights, into);
	}
}

static Tensor *
sage_forward(Tape *tape, const ConvInput *input)
{
	Tensor	   *hidden = layer_project(tape, &input->self, input->params[SELF_WEIGHT], NULL);

	for (int r = 0; r < input->nrelations; r++)
	{
		const ConvRelation *relation = &input->relations[r];

		sage_collect(tape, input->ndst, relation->block, &relation->src, hidden);
		sage_collect(tape, input->ndst, relation->block, &relation->edge, hidden);
	}
	return tape_add_bias(tape, hidden, input->params[SELF_BIAS]);
}

const ConvKind conv_sage = {
	.name = "sage",
	.params = sage_params,
	.linear_mean = true,
	.forward = sage_forward
};
