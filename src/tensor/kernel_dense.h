/*
 * kernel_dense.h
 *		Element-wise and row-wise kernels, and the Adam step.
 */
#ifndef SAGE_KERNEL_DENSE_H
#define SAGE_KERNEL_DENSE_H

#include "tensor/kernel.h"

/* y += x; y += a x; x *= a */
extern void kernel_add(float *y, const float *x, int64_t n);
extern void kernel_axpy(float *y, float a, const float *x, int64_t n);
extern void kernel_scale(float *x, float a, int64_t n);
extern double kernel_sum_squares(const float *x, int64_t n);

extern void kernel_relu(float *x, int64_t n);
extern void kernel_relu_backward(const float *y, float *grad, int64_t n);

/* Forward and backward are the same; "first" is the index of x[0]. */
extern void kernel_dropout(float *x, int64_t n, int64_t first, float p, uint64_t seed);

extern void kernel_add_bias(float *x, const float *bias, int64_t rows, int64_t cols);
extern void kernel_add_bias_backward(const float *grad_x, float *grad_bias, int64_t rows, int64_t cols);

extern void kernel_l2_normalize(const float *x, float *y, float *norms, int64_t rows, int64_t cols);
extern void kernel_l2_normalize_backward(const float *y, const float *norms, const float *grad_y,
										 float *grad_x, int64_t rows, int64_t cols);

extern void kernel_layer_norm(const float *x, const float *gain, const float *bias, float *normal,
							  float *y, float *inverse, int64_t rows, int64_t cols);
extern void kernel_layer_norm_backward(const float *normal, const float *inverse, const float *gain,
									   const float *grad_y, float *grad_x, float *grad_gain,
									   float *grad_bias, int64_t rows, int64_t cols);

extern void kernel_adam(float *params, float *grads, float *m, float *v, int64_t n,
						float lr, float beta1, float beta2, float eps, float weight_decay,
						float scale, int64_t step);

#endif							/* SAGE_KERNEL_DENSE_H */
