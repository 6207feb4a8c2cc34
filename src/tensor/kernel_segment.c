/*
 * kernel_segment.c
 *		Means over segments of gathered rows, and the way back.
 *
 * A segment is the neighborhood of one destination: the aggregation of a
 * graph convolution is one call.  An empty neighborhood contributes zero.
 */
#include <string.h>

#include "tensor/kernel_gather.h"
#include "tensor/kernel_segment.h"

/*
 * y [count x cols]: y[s] = sum w[e] x[src[e]] / sum w[e] over the entries e
 * of segment s; zero for an empty segment, and for one whose weights sum to
 * zero.  With add, y += .
 */
KERNEL void
kernel_segment_mean(const Segments *s, const float *x, int64_t cols, float *y, bool add)
{
	Gather		g = {s->count, s->offsets, s->src, s->weights, cols, GATHER_MEAN, 1};

	gather_run(&g, x, y, add);
}

/*
 * y[s] is linear in x with the factor w[e] / sum w of the segment, so each
 * entry sends that share of grad_y[s] to its source row:
 *
 *		grad_x[src[e]] += w[e] / sum w * grad_y[s].
 *
 * Weights are data and get no gradient.
 */
KERNEL void
kernel_segment_mean_backward(const Segments *s, const float *grad_y, int64_t cols, float *grad_x)
{
	Gather		g = {s->count, s->offsets, s->src, s->weights, cols, GATHER_MEAN, 1};

	scatter_run(&g, grad_y, grad_x);
}

/* y [n x cols]: y[i] = x[rows[i]]. */
void
kernel_gather_rows(const float *x, const int32_t *rows, int64_t n, int64_t cols, float *y)
{
	for (int64_t i = 0; i < n; i++)
		memcpy(y + i * cols, x + rows[i] * cols, cols * sizeof(float));
}

/* Each row of y is a copy, so grad_x[rows[i]] += grad_y[i]. */
KERNEL void
kernel_gather_rows_backward(const float *grad_y, const int32_t *rows, int64_t n, int64_t cols, float *grad_x)
{
	for (int64_t i = 0; i < n; i++)
	{
		const float *restrict from = grad_y + i * cols;
		float	   *restrict to = grad_x + rows[i] * cols;

		for (int64_t c = 0; c < cols; c++)
			to[c] += from[c];
	}
}
