/*
 * kernel_segment.h
 *		Means over segments of gathered rows, and the way back.
 */
#ifndef SAGE_KERNEL_SEGMENT_H
#define SAGE_KERNEL_SEGMENT_H

#include "tensor/kernel.h"

/*
 * Segment s has the entries [offsets[s], offsets[s + 1]): each a row number
 * of x and, if weights are given, a weight.
 */
typedef struct Segments
{
	int64_t		count;
	const int64_t *offsets;		/* [count + 1] */
	const int32_t *src;
	const float *weights;		/* NULL: all are 1 */
} Segments;

extern void kernel_segment_mean(const Segments *s, const float *x, int64_t cols, float *y, bool add);
extern void kernel_segment_mean_backward(const Segments *s, const float *grad_y, int64_t cols, float *grad_x);

extern void kernel_gather_rows(const float *x, const int32_t *rows, int64_t n, int64_t cols, float *y);
extern void kernel_gather_rows_backward(const float *grad_y, const int32_t *rows, int64_t n, int64_t cols,
										float *grad_x);

#endif							/* SAGE_KERNEL_SEGMENT_H */
