/*
 * kernel_sparse.c
 *		Sparse rows times a dense matrix, and the way back.
 *
 * This is the first layer over sets and categories: an embedding bag with
 * values.  It is where training spends most of its time.
 */
#include "tensor/kernel_gather.h"
#include "tensor/kernel_sparse.h"

/*
 * y [rows x cols] = x [rows x x.cols] * w [x.cols x cols]; with add, +=.
 */
KERNEL void
kernel_sparse(const SparseRows *x, const float *w, int64_t cols, float *y, bool add)
{
	Gather		g = {x->rows, x->offsets, x->ids, x->values, cols, GATHER_SUM};

	gather_run(&g, w, y, add);
}

/*
 * y[r] is the sum over the entries e of row r of v[e] w[id[e]], so each entry
 * sends its share of the row's gradient to one row of w:
 *
 *		grad_w[id[e]] += v[e] grad_y[r].
 *
 * Nothing flows into x, which is data.
 */
KERNEL void
kernel_sparse_backward(const SparseRows *x, const float *grad_y, int64_t cols, float *grad_w)
{
	Gather		g = {x->rows, x->offsets, x->ids, x->values, cols, GATHER_SUM};

	scatter_run(&g, grad_y, grad_w);
}
