/*
 * kernel_matmul_tile.h
 *		The product of rows and weights, for one width of registers.
 *
 * Included by kernel_matmul.c alone, once for each width, with TILE_VECTOR
 * (the type of a register), TILE_WIDTH (its floats) and TILE(name) (the name
 * of a function for it).
 *
 * A tile of the result is kept in registers while the chains of additions go
 * on.  Its part of w is first copied into one piece, which the first-level
 * cache holds; for a few rows that is not worth it, and w is read where it is.
 */

/*
 * A tile of y, "y_stride" apart, (+)= rows of x times the piece.  The number
 * of rows and lanes are constants.
 */
KERNEL_INLINE void
TILE(matmul_tile) (const float *x, int64_t x_stride, const MatmulPiece *piece, float *y, int64_t y_stride, bool add,
				   const int rows, const int lanes)
{
	const float *w = piece->w;
	const int64_t depth = piece->depth;
	const int64_t stride = piece->stride;
	TILE_VECTOR sum[TILE_ROWS][TILE_LANES];

	KERNEL_UNROLL
	for (int r = 0; r < rows; r++)
	{
		KERNEL_UNROLL
		for (int l = 0; l < lanes; l++)
			sum[r][l] = add ? *(const TILE_VECTOR *) (y + r * y_stride + l * TILE_WIDTH) : (TILE_VECTOR) {0};
	}
	for (int64_t k = 0; k < depth; k++, w += stride)
	{
		KERNEL_UNROLL
		for (int r = 0; r < rows; r++)
		{
			KERNEL_UNROLL
			for (int l = 0; l < lanes; l++)
				sum[r][l] += x[r * x_stride + k] * *(const TILE_VECTOR *) (w + l * TILE_WIDTH);
		}
	}
	KERNEL_UNROLL
	for (int r = 0; r < rows; r++)
	{
		KERNEL_UNROLL
		for (int l = 0; l < lanes; l++)
			*(TILE_VECTOR *) (y + r * y_stride + l * TILE_WIDTH) = sum[r][l];
	}
}

/* All rows, tile by tile. */
KERNEL_INLINE void
TILE(matmul_tiles) (const float *x, int64_t x_stride, const MatmulPiece *piece, int64_t rows, float *y, int64_t y_stride,
					bool add, const int lanes)
{
	int64_t		r = 0;

	for (; r + TILE_ROWS <= rows; r += TILE_ROWS)
		TILE(matmul_tile) (x + r * x_stride, x_stride, piece, y + r * y_stride, y_stride, add, TILE_ROWS, lanes);
	for (; r + TILE_ROWS / 2 <= rows; r += TILE_ROWS / 2)
		TILE(matmul_tile) (x + r * x_stride, x_stride, piece, y + r * y_stride, y_stride, add, TILE_ROWS / 2, lanes);
	for (; r < rows; r++)
		TILE(matmul_tile) (x + r * x_stride, x_stride, piece, y + r * y_stride, y_stride, add, 1, lanes);
}

/* The last columns, fewer than a register has: tiles beside y, of which those are copied. */
KERNEL_INLINE void
TILE(matmul_tail) (const float *x, int64_t x_stride, const MatmulPiece *piece, int64_t rows, int64_t cols, float *y,
				   int64_t y_stride, bool add)
{
	float		tile[TILE_ROWS * TILE_WIDTH] = {0};

	for (int64_t from = 0; from < rows; from += TILE_ROWS)
	{
		const int64_t n = rows - from < TILE_ROWS ? rows - from : TILE_ROWS;

		for (int64_t r = 0; add && r < n; r++)
			memcpy(tile + r * TILE_WIDTH, y + (from + r) * y_stride, cols * sizeof(float));
		TILE(matmul_tiles) (x + from * x_stride, x_stride, piece, n, tile, TILE_WIDTH, add, 1);
		for (int64_t r = 0; r < n; r++)
			memcpy(y + (from + r) * y_stride, tile + r * TILE_WIDTH, cols * sizeof(float));
	}
}

/* As kernel_matmul(). */
KERNEL_INLINE void
TILE(matmul) (const float *x, int64_t stride, const float *w, int64_t rows, int64_t cols, int64_t depth,
			  float *y, bool add)
{
	const int	tile_cols = TILE_LANES * TILE_WIDTH;
	const int64_t piece_depth = PIECE_FLOATS / tile_cols;
	float		copy[PIECE_FLOATS];

	for (int64_t r = 0; depth == 0 && !add && r < rows; r++)
		memset(y + r * cols, 0, cols * sizeof(float));
	for (int64_t k = 0; k < depth; k += piece_depth)
	{
		const int64_t n = depth - k < piece_depth ? depth - k : piece_depth;
		int64_t		c = 0;

		while (c + TILE_WIDTH <= cols)
		{
			MatmulPiece piece = {w + k * cols + c, cols, n};

			if (c + tile_cols <= cols)
			{
				if (rows >= PIECE_ROWS)
					piece_copy(&piece, tile_cols, tile_cols, copy);
				TILE(matmul_tiles) (x + k, stride, &piece, rows, y + c, cols, add || k > 0, TILE_LANES);
				c += tile_cols;
			}
			else
			{
				TILE(matmul_tiles) (x + k, stride, &piece, rows, y + c, cols, add || k > 0, 1);
				c += TILE_WIDTH;
			}
		}
		if (c < cols)
		{
			MatmulPiece piece = {w + k * cols + c, cols, n};

			piece_copy(&piece, cols - c, TILE_WIDTH, copy);
			TILE(matmul_tail) (x + k, stride, &piece, rows, cols - c, y + c, cols, add || k > 0);
		}
	}
}
