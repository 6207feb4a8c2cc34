/*
 * kernel_matmul.c
 *		The product of rows and weights.
 *
 * OpenBLAS takes rows in groups, and on some processors the order in which it
 * adds depends on a row's place in its group: the same row gets other last
 * bits beside other rows.  Here each element of the result is one chain of
 * additions over the columns of its own row of x, whatever is done beside it.
 *
 * A tile of the result is kept in registers while the chain goes on.  Its
 * part of w is first copied into one piece, which the first-level cache holds;
 * for a few rows that is not worth it, and w is read where it is.
 */
#include <string.h>

#include "tensor/kernel_matmul.h"

/* A tile: with its part of a row of w and a number of x it fills 16 registers. */
#define TILE_ROWS	6
#define TILE_LANES	2
#define TILE_COLS	(TILE_LANES * KERNEL_LANES)

/* Rows of w in one piece, which takes 16 kB. */
#define PIECE_DEPTH	256

/* From so many rows on w is copied. */
#define PIECE_ROWS	32

/* Some columns of w, [depth x lanes * KERNEL_LANES], "stride" apart. */
typedef struct Piece
{
	const float *w;
	int64_t		stride;
	int64_t		depth;
} Piece;

/*
 * A tile of y, "y_stride" apart, (+)= rows of x times the piece.  The number
 * of rows and lanes are constants.
 */
KERNEL_INLINE void
matmul_tile(const float *x, int64_t x_stride, const Piece *piece, float *y, int64_t y_stride, bool add,
			const int rows, const int lanes)
{
	const float *w = piece->w;
	const int64_t depth = piece->depth;
	const int64_t stride = piece->stride;
	Lanes		sum[TILE_ROWS][TILE_LANES];

	KERNEL_UNROLL
	for (int r = 0; r < rows; r++)
	{
		KERNEL_UNROLL
		for (int l = 0; l < lanes; l++)
			sum[r][l] = add ? *(const Lanes *) (y + r * y_stride + l * KERNEL_LANES) : (Lanes) {0};
	}
	for (int64_t k = 0; k < depth; k++, w += stride)
	{
		KERNEL_UNROLL
		for (int r = 0; r < rows; r++)
		{
			KERNEL_UNROLL
			for (int l = 0; l < lanes; l++)
				sum[r][l] += x[r * x_stride + k] * *(const Lanes *) (w + l * KERNEL_LANES);
		}
	}
	KERNEL_UNROLL
	for (int r = 0; r < rows; r++)
	{
		KERNEL_UNROLL
		for (int l = 0; l < lanes; l++)
			*(Lanes *) (y + r * y_stride + l * KERNEL_LANES) = sum[r][l];
	}
}

/* All rows, tile by tile. */
KERNEL_INLINE void
matmul_tiles(const float *x, int64_t x_stride, const Piece *piece, int64_t rows, float *y, int64_t y_stride,
			 bool add, const int lanes)
{
	int64_t		r = 0;

	for (; r + TILE_ROWS <= rows; r += TILE_ROWS)
		matmul_tile(x + r * x_stride, x_stride, piece, y + r * y_stride, y_stride, add, TILE_ROWS, lanes);
	for (; r + TILE_ROWS / 2 <= rows; r += TILE_ROWS / 2)
		matmul_tile(x + r * x_stride, x_stride, piece, y + r * y_stride, y_stride, add, TILE_ROWS / 2, lanes);
	for (; r < rows; r++)
		matmul_tile(x + r * x_stride, x_stride, piece, y + r * y_stride, y_stride, add, 1, lanes);
}

/* The last columns, fewer than a register has: tiles beside y, of which those are copied. */
KERNEL_INLINE void
matmul_tail(const float *x, int64_t x_stride, const Piece *piece, int64_t rows, int64_t cols, float *y,
			int64_t y_stride, bool add)
{
	float		tile[TILE_ROWS * KERNEL_LANES] = {0};

	for (int64_t from = 0; from < rows; from += TILE_ROWS)
	{
		const int64_t n = rows - from < TILE_ROWS ? rows - from : TILE_ROWS;

		for (int64_t r = 0; add && r < n; r++)
			memcpy(tile + r * KERNEL_LANES, y + (from + r) * y_stride, cols * sizeof(float));
		matmul_tiles(x + from * x_stride, x_stride, piece, n, tile, KERNEL_LANES, add, 1);
		for (int64_t r = 0; r < n; r++)
			memcpy(y + (from + r) * y_stride, tile + r * KERNEL_LANES, cols * sizeof(float));
	}
}

/* The piece [depth x cols] of w in one place, each row filled up with zeros to "width". */
KERNEL_INLINE void
piece_copy(Piece *piece, int64_t cols, const int width, float *copy)
{
	for (int64_t k = 0; k < piece->depth; k++)
	{
		for (int64_t c = 0; c < width; c++)
			copy[k * width + c] = c < cols ? piece->w[k * piece->stride + c] : 0;
	}
	piece->w = copy;
	piece->stride = width;
}

/*
 * y [rows x cols] (+)= x [rows x depth] * w [depth x cols].  Rows of x are
 * "stride" numbers apart, those of w and y lie without gaps.
 */
KERNEL void
kernel_matmul(const float *x, int64_t stride, const float *w, int64_t rows, int64_t cols, int64_t depth,
			  float *y, bool add)
{
	float		copy[PIECE_DEPTH * TILE_COLS];

	for (int64_t r = 0; depth == 0 && !add && r < rows; r++)
		memset(y + r * cols, 0, cols * sizeof(float));
	for (int64_t k = 0; k < depth; k += PIECE_DEPTH)
	{
		const int64_t n = depth - k < PIECE_DEPTH ? depth - k : PIECE_DEPTH;
		int64_t		c = 0;

		while (c + KERNEL_LANES <= cols)
		{
			Piece		piece = {w + k * cols + c, cols, n};

			if (c + TILE_COLS <= cols)
			{
				if (rows >= PIECE_ROWS)
					piece_copy(&piece, TILE_COLS, TILE_COLS, copy);
				matmul_tiles(x + k, stride, &piece, rows, y + c, cols, add || k > 0, TILE_LANES);
				c += TILE_COLS;
			}
			else
			{
				matmul_tiles(x + k, stride, &piece, rows, y + c, cols, add || k > 0, 1);
				c += KERNEL_LANES;
			}
		}
		if (c < cols)
		{
			Piece		piece = {w + k * cols + c, cols, n};

			piece_copy(&piece, cols - c, KERNEL_LANES, copy);
			matmul_tail(x + k, stride, &piece, rows, cols - c, y + c, cols, add || k > 0);
		}
	}
}
