/*
 * conv_sage.c
 *		GraphSAGE with the mean aggregator (Hamilton, Ying and Leskovec 2017),
 *		one weight matrix a relation.
 *
 *		h'_v = dropout(relu(norm(W_self h_v + sum_r W_r mean_{u in N_r(v)} h_u + b)))
 *
 * A node without neighbors in a relation gets nothing from it.  Mean and
 * product commute, so each part of a row is treated the cheaper way round:
 * dense columns are averaged first (few destinations, many sources), sparse
 * columns are projected first, which turns them into short dense rows and
 * never makes the wide ones.
 */
#include "postgres.h"

#include "layer/layer.h"

/* Rows [from, from + rows) of a weight matrix, gradient included. */
static Tensor *
weight_part(Tape *tape, const Tensor *weight, int64 from, int64 rows)
{
	Tensor	   *part = tape_alloc(tape, 1, sizeof(Tensor));

	Assert(from + rows <= weight->rows);
	part->rows = rows;
	part->cols = weight->cols;
	part->data = weight->data + from * weight->cols;
	part->grad = weight->grad != NULL ? weight->grad + from * weight->cols : NULL;
	return part;
}

static int64
dense_columns(const LayerRows *rows)
{
	return rows->dense != NULL ? rows->dense->cols : 0;
}

/* The sparse part of the rows times its part of the weight, to be averaged. */
Tensor *
layer_project_sparse(Tape *tape, const LayerRows *rows, Tensor *weight)
{
	return tape_sparse_project(tape, rows->sparse,
							   weight_part(tape, weight, dense_columns(rows), rows->sparse->cols));
}

/* Both parts of the rows times the weight, added to "into". */
Tensor *
layer_project(Tape *tape, const LayerRows *rows, Tensor *weight, Tensor *into)
{
	if (rows->dense != NULL)
		into = tape_matmul(tape, rows->dense, weight_part(tape, weight, 0, rows->dense->cols), into);
	if (rows->sparse != NULL)
		into = tape_sparse_matmul(tape, rows->sparse,
								  weight_part(tape, weight, dense_columns(rows), rows->sparse->cols), into);
	return into;
}

/* What one relation adds to its destinations. */
static void
conv_collect(Tape *tape, int64 ndst, const LayerRelation *relation, Tensor *into)
{
	const RelationBlock *block = relation->block;

	if (block == NULL)
	{
		layer_project(tape, &relation->src, relation->weight, into);
		return;
	}
	if (block->nedges == 0)
		return;
	if (relation->src.dense != NULL)
	{
		Tensor	   *mean = tape_segment_mean(tape, relation->src.dense, ndst, block->offsets, block->src,
											 block->weights, NULL);

		tape_matmul(tape, mean, weight_part(tape, relation->weight, 0, mean->cols), into);
	}
	if (relation->src.sparse != NULL)
	{
		Tensor	   *projected = relation->projected;

		if (projected == NULL)
			projected = layer_project_sparse(tape, &relation->src, relation->weight);
		tape_segment_mean(tape, projected, ndst, block->offsets, block->src, block->weights, into);
	}
}

/*
 * One convolution for one node type: [ndst x width].  "self" has the rows of
 * the destinations themselves.
 */
Tensor *
conv_sage(Tape *tape, int64 ndst, const LayerRows *self, const ConvWeights *weights,
		  const LayerRelation *relations, int nrelations, const ConvOptions *options)
{
	Tensor	   *hidden = layer_project(tape, self, weights->self, NULL);

	Assert(hidden->rows == ndst);
	for (int r = 0; r < nrelations; r++)
		conv_collect(tape, ndst, &relations[r], hidden);
	hidden = tape_add_bias(tape, hidden, weights->bias);
	if (weights->norm_gain != NULL)
		hidden = tape_layer_norm(tape, hidden, weights->norm_gain, weights->norm_bias);
	hidden = tape_relu(tape, hidden);
	if (options->normalize)
		hidden = tape_l2_normalize(tape, hidden);
	if (options->dropout > 0)
		hidden = tape_dropout(tape, hidden, options->dropout, options->seed);
	return hidden;
}
