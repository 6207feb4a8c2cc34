/*
 * kernel_gather.h
 *		The two loops that sparse rows and segments come down to.
 *
 * Entries are grouped by rows of y; each names a row of x and has a value.
 * Gather makes each row of y the weighted sum of its rows of x.  Scatter is
 * the way back: each row of y is added, weighted, to its rows of x.
 *
 * A block of columns at a time is kept in registers, so in a gather y is
 * written once and in a scatter read once, however many entries there are.
 * Scattering in the order of the entries was measured against sorting them by
 * rows of x first, to write each of those once: sorting alone costs more than
 * it saves.
 */
#ifndef SAGE_KERNEL_GATHER_H
#define SAGE_KERNEL_GATHER_H

#include "tensor/kernel.h"

/*
 * How many entries ahead the rows to come are asked for.  Sums are over rows
 * of weights, which are in the second-level cache or near it.  Means are over
 * states of nodes, which in a large graph are nowhere near: they are asked for
 * earlier and into that cache only, because few requests into the first one
 * can wait at a time.  From memory that is 31 ns a row of 64 instead of 44.
 */
#define GATHER_AHEAD		8
#define GATHER_AHEAD_FAR	32

/* Registers of the widest block. */
#define GATHER_WIDEST	8

typedef enum GatherMode
{
	GATHER_SUM,					/* y = scale sum v x */
	GATHER_MEAN					/* y = sum v x / sum v, zero if nothing */
} GatherMode;

typedef struct Gather
{
	int64_t		rows;			/* rows of y */
	const int64_t *offsets;		/* [rows + 1], into ids and values */
	const int32_t *ids;			/* rows of x */
	const float *values;		/* NULL: all are 1 */
	int64_t		cols;			/* of x and of y */
	GatherMode	mode;
	float		scale;			/* of a sum */
} Gather;

/* The factor that turns the sum over [begin, end) into the result. */
KERNEL_INLINE float
gather_scale(const Gather *g, int64_t begin, int64_t end)
{
	float		sum = 0;

	if (g->mode == GATHER_SUM)
		return g->scale;
	if (g->values == NULL)
		return end > begin ? 1.0f / (float) (end - begin) : 0;
	for (int64_t e = begin; e < end; e++)
		sum += g->values[e];
	return sum != 0 ? 1.0f / sum : 0;
}

/* Asks for the part of a row that a later entry will need. */
KERNEL_INLINE void
gather_prefetch(const float *row, const int lanes, const bool far)
{
	KERNEL_UNROLL
	for (int i = 0; i < lanes; i += 64 / (int) sizeof(Lanes))
	{
		if (far)
			__builtin_prefetch((const char *) row + i * sizeof(Lanes), 0, 2);
		else
			__builtin_prefetch((const char *) row + i * sizeof(Lanes));
	}
}

/* y = or += the sums, for columns [col, col + lanes * KERNEL_LANES). */
KERNEL_INLINE void
gather_block(const Gather *g, const float *x, float *y, bool add, int64_t col,
			 const int lanes, const bool weighted)
{
	const int32_t *ids = g->ids;
	const float *values = g->values;
	const int64_t cols = g->cols;
	const int64_t stop = g->offsets[g->rows];
	const bool	far = g->mode == GATHER_MEAN;
	const int	ahead = far ? GATHER_AHEAD_FAR : GATHER_AHEAD;

	x += col;
	y += col;
	for (int64_t row = 0; row < g->rows; row++, y += cols)
	{
		const int64_t begin = g->offsets[row];
		const int64_t end = g->offsets[row + 1];
		const float scale = gather_scale(g, begin, end);
		Lanes	   *to = (Lanes *) y;
		Lanes		sum[GATHER_WIDEST];

		KERNEL_UNROLL
		for (int i = 0; i < lanes; i++)
			sum[i] = (Lanes) {0};
		for (int64_t e = begin; e < end; e++)
		{
			const Lanes *from = (const Lanes *) (x + ids[e] * cols);

			if (e + ahead < stop)
				gather_prefetch(x + ids[e + ahead] * cols, lanes, far);
			KERNEL_UNROLL
			for (int i = 0; i < lanes; i++)
			{
				if (weighted)
					sum[i] += from[i] * values[e];
				else
					sum[i] += from[i];
			}
		}
		KERNEL_UNROLL
		for (int i = 0; i < lanes; i++)
		{
			if (add)
				to[i] += sum[i] * scale;
			else
				to[i] = sum[i] * scale;
		}
	}
}

/*
 * The transpose of the above.  In y = scale sum v x, a row of x enters with
 * the factor scale v, so it receives that much of the gradient of y:
 * grad_x[id] += scale v grad_y[row].
 */
KERNEL_INLINE void
scatter_block(const Gather *g, const float *grad_y, float *grad_x, int64_t col,
			  const int lanes, const bool weighted)
{
	const int64_t *offsets = g->offsets;
	const int32_t *ids = g->ids;
	const float *values = g->values;
	const int64_t rows = g->rows;
	const int64_t cols = g->cols;
	const int64_t stop = offsets[rows];

	grad_x += col;
	grad_y += col;
	for (int64_t row = 0; row < rows; row++, grad_y += cols)
	{
		const int64_t begin = offsets[row];
		const int64_t end = offsets[row + 1];
		const float scale = gather_scale(g, begin, end);
		const Lanes *from = (const Lanes *) grad_y;
		Lanes		part[GATHER_WIDEST];

		KERNEL_UNROLL
		for (int i = 0; i < lanes; i++)
			part[i] = from[i] * scale;
		for (int64_t e = begin; e < end; e++)
		{
			Lanes	   *to = (Lanes *) (grad_x + ids[e] * cols);
			const float value = weighted ? values[e] : 1;

			if (e + GATHER_AHEAD < stop)
				gather_prefetch(grad_x + ids[e + GATHER_AHEAD] * cols, lanes, false);
			KERNEL_UNROLL
			for (int i = 0; i < lanes; i++)
			{
				if (weighted)
					to[i] += part[i] * value;
				else
					to[i] += part[i];
			}
		}
	}
}

/* The last columns, fewer than KERNEL_LANES. */
KERNEL_INLINE void
gather_tail(const Gather *g, const float *x, float *y, bool add, int64_t col)
{
	for (int64_t row = 0; row < g->rows; row++)
	{
		const int64_t begin = g->offsets[row];
		const int64_t end = g->offsets[row + 1];
		const float scale = gather_scale(g, begin, end);

		for (int64_t c = col; c < g->cols; c++)
		{
			float	   *to = y + row * g->cols + c;
			float		sum = 0;

			for (int64_t e = begin; e < end; e++)
				sum += x[g->ids[e] * g->cols + c] * (g->values != NULL ? g->values[e] : 1);
			*to = add ? *to + sum * scale : sum * scale;
		}
	}
}

KERNEL_INLINE void
scatter_tail(const Gather *g, const float *grad_y, float *grad_x, int64_t col)
{
	for (int64_t row = 0; row < g->rows; row++)
	{
		const int64_t begin = g->offsets[row];
		const int64_t end = g->offsets[row + 1];
		const float scale = gather_scale(g, begin, end);

		for (int64_t e = begin; e < end; e++)
		{
			const float share = scale * (g->values != NULL ? g->values[e] : 1);

			for (int64_t c = col; c < g->cols; c++)
				grad_x[g->ids[e] * g->cols + c] += share * grad_y[row * g->cols + c];
		}
	}
}

/* Is there a whole block of that many registers left? */
KERNEL_INLINE bool
gather_fits(const Gather *g, int64_t col, int lanes)
{
	return g->cols - col >= lanes * KERNEL_LANES;
}

/*
 * Blocks from wide to narrow.  The widths are constants, so that each call is
 * a loop of its own without branches inside.
 */
KERNEL_INLINE void
gather_columns(const Gather *g, const float *x, float *y, bool add, const bool weighted)
{
	int64_t		col = 0;

	for (; gather_fits(g, col, 8); col += 8 * KERNEL_LANES)
		gather_block(g, x, y, add, col, 8, weighted);
	for (; gather_fits(g, col, 4); col += 4 * KERNEL_LANES)
		gather_block(g, x, y, add, col, 4, weighted);
	for (; gather_fits(g, col, 2); col += 2 * KERNEL_LANES)
		gather_block(g, x, y, add, col, 2, weighted);
	for (; gather_fits(g, col, 1); col += KERNEL_LANES)
		gather_block(g, x, y, add, col, 1, weighted);
	if (col < g->cols)
		gather_tail(g, x, y, add, col);
}

KERNEL_INLINE void
scatter_columns(const Gather *g, const float *grad_y, float *grad_x, const bool weighted)
{
	int64_t		col = 0;

	for (; gather_fits(g, col, 8); col += 8 * KERNEL_LANES)
		scatter_block(g, grad_y, grad_x, col, 8, weighted);
	for (; gather_fits(g, col, 4); col += 4 * KERNEL_LANES)
		scatter_block(g, grad_y, grad_x, col, 4, weighted);
	for (; gather_fits(g, col, 2); col += 2 * KERNEL_LANES)
		scatter_block(g, grad_y, grad_x, col, 2, weighted);
	for (; gather_fits(g, col, 1); col += KERNEL_LANES)
		scatter_block(g, grad_y, grad_x, col, 1, weighted);
	if (col < g->cols)
		scatter_tail(g, grad_y, grad_x, col);
}

/* y [rows x cols] = the sums or means of rows of x; with add, +=. */
KERNEL_INLINE void
gather_run(const Gather *g, const float *x, float *y, bool add)
{
	if (g->values != NULL)
		gather_columns(g, x, y, add, true);
	else
		gather_columns(g, x, y, add, false);
}

/* grad_x += what each row of x is to get of grad_y [rows x cols]. */
KERNEL_INLINE void
scatter_run(const Gather *g, const float *grad_y, float *grad_x)
{
	if (g->values != NULL)
		scatter_columns(g, grad_y, grad_x, true);
	else
		scatter_columns(g, grad_y, grad_x, false);
}

#endif							/* SAGE_KERNEL_GATHER_H */
