/*
 * kernel_dense.c
 *		Element-wise and row-wise kernels, and the Adam step.
 */
#include <math.h>

#include "base/random.h"
#include "tensor/kernel_dense.h"

#define L2_NORM_MIN		1e-12f
#define LAYER_NORM_EPS	1e-5f

/* y [n] += x [n] */
KERNEL void
kernel_add(float *restrict y, const float *restrict x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] += x[i];
}

/* y [n] += a * x [n] */
KERNEL void
kernel_axpy(float *restrict y, float a, const float *restrict x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] += a * x[i];
}

/* x [n] *= a */
KERNEL void
kernel_scale(float *x, float a, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		x[i] *= a;
}

/*
 * The sum of x[i]^2.  Eight partial sums, joined in a fixed order: the same
 * number on every processor.
 */
KERNEL double
kernel_sum_squares(const float *x, int64_t n)
{
	double		part[8] = {0};
	int64_t		i = 0;

	for (; i + 8 <= n; i += 8)
	{
		for (int j = 0; j < 8; j++)
			part[j] += (double) x[i + j] * x[i + j];
	}
	for (; i < n; i++)
		part[0] += (double) x[i] * x[i];
	return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

/* x [n] = max(x, 0); NaN stays NaN, so that it is noticed. */
KERNEL void
kernel_relu(float *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		x[i] = x[i] < 0 ? 0 : x[i];
}

/*
 * The derivative is 1 where x > 0, which is where y > 0, and 0 elsewhere; so
 * the result of the forward is enough, also after a dropout in place.
 */
KERNEL void
kernel_relu_backward(const float *restrict y, float *restrict grad, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		grad[i] = y[i] > 0 ? grad[i] : 0;
}

/* 32 well mixed bits (the constants are those of Wellons' lowbias32). */
KERNEL_INLINE uint32_t
dropout_mix(uint32_t x)
{
	x = (x ^ (x >> 16)) * UINT32_C(0x7feb352d);
	x = (x ^ (x >> 15)) * UINT32_C(0x846ca68b);
	return x ^ (x >> 16);
}

/*
 * Each x[i] is set to zero with probability p, else divided by 1 - p.
 *
 * The choice is a hash of (seed, first + i), so no mask is stored.  The
 * operation is linear with the mask as its factors, so the backward is the
 * same call on the gradient.  The hash has two rounds of 32 bits, which
 * processors do for many elements at once.
 */
KERNEL void
kernel_dropout(float *x, int64_t n, int64_t first, float p, uint64_t seed)
{
	const float keep = 1.0f / (1.0f - p);
	const int32_t threshold = (int32_t) (p * 16777216.0f);

	while (n > 0)
	{
		/* one key for each 2^32 elements */
		const uint64_t key = random_hash(seed, (uint64_t) first >> 32);
		const uint32_t begin = (uint32_t) first;
		const int64_t room = (INT64_C(1) << 32) - begin;
		const int64_t count = n < room ? n : room;
		const uint32_t low = (uint32_t) key;
		const uint32_t high = (uint32_t) (key >> 32);

		for (int64_t i = 0; i < count; i++)
		{
			uint32_t	bits = dropout_mix(dropout_mix((begin + (uint32_t) i) ^ low) + high);

			/* the product itself must not be conditional: it may trap, so that would be a branch */
			x[i] *= (int32_t) (bits >> 8) >= threshold ? keep : 0.0f;
		}
		x += count;
		first += count;
		n -= count;
	}
}

/* x [rows x cols] += bias [cols] in each row */
KERNEL void
kernel_add_bias(float *restrict x, const float *restrict bias, int64_t rows, int64_t cols)
{
	for (int64_t r = 0; r < rows; r++)
	{
		for (int64_t c = 0; c < cols; c++)
			x[r * cols + c] += bias[c];
	}
}

/* The bias enters every row with factor 1: its gradient is the column sums. */
KERNEL void
kernel_add_bias_backward(const float *restrict grad_x, float *restrict grad_bias, int64_t rows, int64_t cols)
{
	for (int64_t r = 0; r < rows; r++)
	{
		for (int64_t c = 0; c < cols; c++)
			grad_bias[c] += grad_x[r * cols + c];
	}
}

/* The sum of a[i] b[i]. */
KERNEL_INLINE float
row_dot(const float *a, const float *b, int64_t n)
{
	Lanes		sum = {0};
	float		total = 0;
	int64_t		i = 0;

	for (; i + KERNEL_LANES <= n; i += KERNEL_LANES)
		sum += *(const Lanes *) (a + i) * *(const Lanes *) (b + i);
	for (; i < n; i++)
		total += a[i] * b[i];
	return total + lanes_sum(&sum);
}

/* The sum of a[i] b[i] c[i]. */
KERNEL_INLINE float
row_dot3(const float *a, const float *b, const float *c, int64_t n)
{
	Lanes		sum = {0};
	float		total = 0;
	int64_t		i = 0;

	for (; i + KERNEL_LANES <= n; i += KERNEL_LANES)
		sum += *(const Lanes *) (a + i) * *(const Lanes *) (b + i) * *(const Lanes *) (c + i);
	for (; i < n; i++)
		total += a[i] * b[i] * c[i];
	return total + lanes_sum(&sum);
}

/* The sum of a[i]. */
KERNEL_INLINE float
row_sum(const float *a, int64_t n)
{
	Lanes		sum = {0};
	float		total = 0;
	int64_t		i = 0;

	for (; i + KERNEL_LANES <= n; i += KERNEL_LANES)
		sum += *(const Lanes *) (a + i);
	for (; i < n; i++)
		total += a[i];
	return total + lanes_sum(&sum);
}

/* y [rows x cols] = x / |x| by rows; norms [rows] is kept for the backward. */
KERNEL void
kernel_l2_normalize(const float *restrict x, float *restrict y, float *restrict norms,
					int64_t rows, int64_t cols)
{
	for (int64_t r = 0; r < rows; r++)
	{
		float		norm = sqrtf(row_dot(x + r * cols, x + r * cols, cols));
		float		inverse = 1.0f / (norm > L2_NORM_MIN ? norm : L2_NORM_MIN);

		norms[r] = norm;
		for (int64_t c = 0; c < cols; c++)
			y[r * cols + c] = x[r * cols + c] * inverse;
	}
}

/*
 * With y = x / |x|: dy_i/dx_j = (delta_ij - y_i y_j) / |x|, therefore
 * grad_x += (grad_y - y (y . grad_y)) / |x|.  Where the norm is below the
 * minimum, y = x / minimum is linear and grad_x += grad_y / minimum.
 */
KERNEL void
kernel_l2_normalize_backward(const float *restrict y, const float *restrict norms,
							 const float *restrict grad_y, float *restrict grad_x,
							 int64_t rows, int64_t cols)
{
	for (int64_t r = 0; r < rows; r++)
	{
		const float *yr = y + r * cols;
		const float *gr = grad_y + r * cols;
		bool		tiny = !(norms[r] > L2_NORM_MIN);
		float		inverse = 1.0f / (tiny ? L2_NORM_MIN : norms[r]);
		float		along = tiny ? 0 : row_dot(yr, gr, cols);

		for (int64_t c = 0; c < cols; c++)
			grad_x[r * cols + c] += (gr[c] - yr[c] * along) * inverse;
	}
}

/*
 * y [rows x cols] = normal * gain + bias, where normal = (x - mean) *
 * inverse and inverse = 1 / sqrt(variance + eps), by rows.  normal
 * [rows x cols] and inverse [rows] are kept for the backward.
 */
KERNEL void
kernel_layer_norm(const float *restrict x, const float *restrict gain, const float *restrict bias,
				  float *restrict normal, float *restrict y, float *restrict inverse,
				  int64_t rows, int64_t cols)
{
	for (int64_t r = 0; r < rows; r++)
	{
		const float *xr = x + r * cols;
		float	   *nr = normal + r * cols;
		const float mean = row_sum(xr, cols) / (float) cols;

		for (int64_t c = 0; c < cols; c++)
			nr[c] = xr[c] - mean;
		inverse[r] = 1.0f / sqrtf(row_dot(nr, nr, cols) / (float) cols + LAYER_NORM_EPS);
		for (int64_t c = 0; c < cols; c++)
		{
			nr[c] *= inverse[r];
			y[r * cols + c] = nr[c] * gain[c] + bias[c];
		}
	}
}

/*
 * Let h = grad_y * gain, the gradient of normal.  Mean and variance depend on
 * every x of the row; carrying both through gives
 *
 *		grad_x += inverse * (h - mean(h) - normal * mean(h * normal)),
 *
 * and gain and bias, which act on each row alike, get the column sums of
 * grad_y * normal and of grad_y.  Any of the three results may be NULL.
 */
KERNEL void
kernel_layer_norm_backward(const float *restrict normal, const float *restrict inverse,
						   const float *restrict gain, const float *restrict grad_y,
						   float *restrict grad_x, float *restrict grad_gain,
						   float *restrict grad_bias, int64_t rows, int64_t cols)
{
	for (int64_t r = 0; r < rows; r++)
	{
		const float *nr = normal + r * cols;
		const float *gr = grad_y + r * cols;

		if (grad_bias != NULL)
		{
			for (int64_t c = 0; c < cols; c++)
				grad_bias[c] += gr[c];
		}
		if (grad_gain != NULL)
		{
			for (int64_t c = 0; c < cols; c++)
				grad_gain[c] += gr[c] * nr[c];
		}
		if (grad_x != NULL)
		{
			const float mean = row_dot(gr, gain, cols) / (float) cols;
			const float along = row_dot3(gr, gain, nr, cols) / (float) cols;
			float	   *to = grad_x + r * cols;

			for (int64_t c = 0; c < cols; c++)
				to[c] += inverse[r] * (gr[c] * gain[c] - mean - nr[c] * along);
		}
	}
}

/*
 * What is tiny becomes zero.  The moments of a parameter that gets no gradient
 * any more shrink step by step, until they, or what is made of them, are
 * denormal numbers, which cost a hundred times as much to compute with.
 */
KERNEL_INLINE float
flush_tiny(float x, float limit)
{
	return fabsf(x) < limit ? 0.0f : x;
}

/*
 * One step of Adam (Kingma and Ba 2015) on all n parameters, as
 * torch.optim.Adam does it: weight decay is added to the gradient.  The
 * gradient is first multiplied by "scale" (clipping) and left as zeros, ready
 * for the next batch; "step" counts from 1.
 * A parameter whose gradient, m, v and value are zero stays zero.
 */
KERNEL void
kernel_adam(float *restrict params, float *restrict grads, float *restrict m, float *restrict v,
			int64_t n, float lr, float beta1, float beta2, float eps, float weight_decay,
			float scale, int64_t step)
{
	const float rate = (float) (lr / (1.0 - pow(beta1, (double) step)));
	const float unbias = (float) (1.0 / sqrt(1.0 - pow(beta2, (double) step)));

	for (int64_t i = 0; i < n; i++)
	{
		const float g = flush_tiny(grads[i] * scale + weight_decay * params[i], 1e-16f);

		m[i] = flush_tiny(beta1 * m[i] + (1.0f - beta1) * g, 1e-20f);
		v[i] = flush_tiny(beta2 * v[i] + (1.0f - beta2) * g * g, 1e-30f);
		grads[i] = 0;
		params[i] = flush_tiny(params[i] - rate * m[i] / (sqrtf(v[i]) * unbias + eps), 1e-20f);
	}
}
