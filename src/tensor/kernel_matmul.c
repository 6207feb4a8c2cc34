/*
 * kernel_matmul.c
 *		The product of rows and weights.
 *
 * OpenBLAS takes rows in groups, and on some processors the order in which it
 * adds depends on a row's place in its group: the same row gets other last
 * bits beside other rows.  Here each element of the result is one chain of
 * additions over the columns of its own row of x, whatever is done beside it.
 */
#include <string.h>

#include "tensor/kernel_matmul.h"

/* A tile: with its part of a row of w and a number of x it fills 16 registers. */
#define TILE_ROWS	6
#define TILE_LANES	2

/* Of w in one piece: 16 kB. */
#define PIECE_FLOATS	4096

/* From so many rows on w is copied. */
#define PIECE_ROWS	32

/* Some columns of w, as many as a tile has, in rows "stride" apart. */
typedef struct MatmulPiece
{
	const float *w;
	int64_t		stride;
	int64_t		depth;
} MatmulPiece;

/* The piece [depth x cols] of w in one place, each row filled up with zeros to "width". */
KERNEL_INLINE void
piece_copy(MatmulPiece *piece, int64_t cols, const int width, float *copy)
{
	for (int64_t k = 0; k < piece->depth; k++)
	{
		for (int64_t c = 0; c < width; c++)
			copy[k * width + c] = c < cols ? piece->w[k * piece->stride + c] : 0;
	}
	piece->w = copy;
	piece->stride = width;
}

#define TILE_VECTOR	Lanes
#define TILE_WIDTH	KERNEL_LANES
#define TILE(name)	name##_lanes
#include "tensor/kernel_matmul_tile.h"
#undef TILE_VECTOR
#undef TILE_WIDTH
#undef TILE

static KERNEL void
matmul_any(const float *x, int64_t stride, const float *w, int64_t rows, int64_t cols, int64_t depth,
		   float *y, bool add)
{
	matmul_lanes(x, stride, w, rows, cols, depth, y, add);
}

#ifdef KERNEL_WIDE

#define TILE_VECTOR	WideLanes
#define TILE_WIDTH	16
#define TILE(name)	name##_wide
#include "tensor/kernel_matmul_tile.h"

static KERNEL_WIDE void
matmul_avx512(const float *x, int64_t stride, const float *w, int64_t rows, int64_t cols, int64_t depth,
			  float *y, bool add)
{
	matmul_wide(x, stride, w, rows, cols, depth, y, add);
}

#endif

/*
 * y [rows x cols] (+)= x [rows x depth] * w [depth x cols].  Rows of x are
 * "stride" numbers apart, those of w and y lie without gaps.
 */
void
kernel_matmul(const float *x, int64_t stride, const float *w, int64_t rows, int64_t cols, int64_t depth,
			  float *y, bool add)
{
#ifdef KERNEL_WIDE
	if (kernel_is_wide())
	{
		matmul_avx512(x, stride, w, rows, cols, depth, y, add);
		return;
	}
#endif
	matmul_any(x, stride, w, rows, cols, depth, y, add);
}
