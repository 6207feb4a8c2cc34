/*
 * kernel_matmul.h
 *		The product of rows and weights.
 */
#ifndef SAGE_KERNEL_MATMUL_H
#define SAGE_KERNEL_MATMUL_H

#include "tensor/kernel.h"

extern void kernel_matmul(const float *x, int64_t stride, const float *w, int64_t rows, int64_t cols, int64_t depth,
						  float *y, bool add);

#endif							/* SAGE_KERNEL_MATMUL_H */
