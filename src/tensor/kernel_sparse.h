/*
 * kernel_sparse.h
 *		Sparse rows times a dense matrix, and the way back.
 */
#ifndef SAGE_KERNEL_SPARSE_H
#define SAGE_KERNEL_SPARSE_H

#include "tensor/kernel.h"
#include "tensor/tensor.h"

extern void kernel_sparse(const SparseRows *x, const float *w, int64_t cols, float *y, bool add);
extern void kernel_sparse_backward(const SparseRows *x, const float *grad_y, int64_t cols, float *grad_w);
extern void kernel_sparse_pick(const SparseRows *table, const int32_t *rows, int64_t n, float p, bool by_place, uint64_t seed,
							   int64_t *offsets, int32_t *ids, float *values);

#endif							/* SAGE_KERNEL_SPARSE_H */
