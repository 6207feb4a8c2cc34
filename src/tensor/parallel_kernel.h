/*
 * parallel_kernel.h
 *		Kernels on several threads: the same arguments, the same results to
 *		the last bit, whatever the number of threads.
 */
#ifndef SAGE_PARALLEL_KERNEL_H
#define SAGE_PARALLEL_KERNEL_H

#include "postgres.h"

#include "tensor/kernel_segment.h"
#include "tensor/tensor.h"

extern void parallel_matmul(const float *x, const float *w, int64 rows, int64 cols, int64 depth, float *y, bool add);
extern void parallel_sparse(const SparseRows *x, const float *w, int64 cols, float *y, bool add);
extern void parallel_segment_mean(const Segments *s, const float *x, int64 cols, float *y, bool add);

extern void parallel_clear(float *x, int64 n);
extern void parallel_add(float *y, const float *x, int64 n);
extern void parallel_relu(float *x, int64 n);
extern void parallel_relu_backward(const float *y, float *grad, int64 n);
extern void parallel_dropout(float *x, int64 n, float p, uint64 seed);
extern void parallel_add_bias(float *x, const float *bias, int64 rows, int64 cols);

extern void parallel_l2_normalize(const float *x, float *y, float *norms, int64 rows, int64 cols);
extern void parallel_l2_normalize_backward(const float *y, const float *norms, const float *grad_y, float *grad_x,
										   int64 rows, int64 cols);
extern void parallel_layer_norm(const float *x, const float *gain, const float *bias, float *normal, float *y,
								float *inverse, int64 rows, int64 cols);
extern void parallel_layer_norm_backward(const float *normal, const float *inverse, const float *gain,
										 const float *grad_y, float *grad_x, float *grad_gain, float *grad_bias,
										 int64 rows, int64 cols);

#endif							/* SAGE_PARALLEL_KERNEL_H */
