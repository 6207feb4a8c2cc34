/*
 * kernel_loss.h
 *		Losses with their gradients, and what turns logits into probabilities.
 *
 * Each loss is the mean over rows and columns, rows weighted by weights
 * [rows] (NULL: 1): sum of weight * loss / sum of weight.  Where the weights
 * sum to zero it is zero.  grad, if not NULL, is overwritten.
 */
#ifndef SAGE_KERNEL_LOSS_H
#define SAGE_KERNEL_LOSS_H

#include "tensor/kernel.h"

extern double kernel_loss_bce(const float *logits, const float *targets, const float *weights,
							  float *grad, int64_t rows, int64_t cols);
extern double kernel_loss_ce(const float *logits, const int32_t *classes, const float *weights,
							 float *grad, int64_t rows, int64_t cols);
extern double kernel_loss_mse(const float *values, const float *targets, const float *weights,
							  float *grad, int64_t rows, int64_t cols);
extern double kernel_loss_mae(const float *values, const float *targets, const float *weights,
							  float *grad, int64_t rows, int64_t cols);
extern double kernel_loss_huber(const float *values, const float *targets, const float *weights,
								float delta, float *grad, int64_t rows, int64_t cols);

/* in place */
extern void kernel_sigmoid(float *x, int64_t n);
extern void kernel_softmax_rows(float *x, int64_t rows, int64_t cols);

#endif							/* SAGE_KERNEL_LOSS_H */
