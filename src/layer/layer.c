/*
 * layer.c
 *		What all convolutions need: rows times a weight, and what is done with
 *		their results.
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

static Tensor *
sparse_weight(Tape *tape, const LayerRows *rows, const Tensor *weight)
{
	return weight_part(tape, weight, rows->dense != NULL ? rows->dense->cols : 0, rows->sparse->cols);
}

/* The dense part of some rows times its part of the weight, added to "into"; NULL: a new tensor. */
Tensor *
layer_project_dense(Tape *tape, Tensor *dense, Tensor *weight, Tensor *into)
{
	return tape_matmul(tape, dense, weight_part(tape, weight, 0, dense->cols), into);
}

/* The sparse part of the rows times its part of the weight, to be averaged. */
Tensor *
layer_project_sparse(Tape *tape, const LayerRows *rows, Tensor *weight)
{
	return tape_sparse_project(tape, rows->sparse, sparse_weight(tape, rows, weight));
}

/* Both parts of the rows times the weight, added to "into"; NULL: a new tensor. */
Tensor *
layer_project(Tape *tape, const LayerRows *rows, Tensor *weight, Tensor *into)
{
	if (rows->dense != NULL)
		into = layer_project_dense(tape, rows->dense, weight, into);
	if (rows->sparse != NULL)
		into = tape_sparse_matmul(tape, rows->sparse, sparse_weight(tape, rows, weight), into);
	return into;
}

/* dropout(l2(relu(norm(hidden)))), in place where that can be. */
Tensor *
layer_finish(Tape *tape, Tensor *hidden, const LayerNorm *norm, const LayerOptions *options)
{
	if (norm->gain != NULL)
		hidden = tape_layer_norm(tape, hidden, norm->gain, norm->bias);
	hidden = tape_relu(tape, hidden);
	if (options->normalize)
		hidden = tape_l2_normalize(tape, hidden);
	if (options->dropout > 0)
		hidden = tape_dropout(tape, hidden, options->dropout, options->seed);
	return hidden;
}
