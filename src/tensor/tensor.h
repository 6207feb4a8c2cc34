/*
 * tensor.h
 *		The two shapes of numbers that the network works on.
 *
 * A Tensor is a dense row-major matrix of floats; a vector is a matrix of one
 * row.  SparseRows is a batch of encoded rows of which only the non-zero
 * entries are stored; no gradient flows into it, because it holds data.
 */
#ifndef SAGE_TENSOR_H
#define SAGE_TENSOR_H

#include <stdint.h>

typedef struct Tensor
{
	int64_t		rows;
	int64_t		cols;
	float	   *data;			/* [rows x cols], row-major */
	float	   *grad;			/* same shape; NULL: no gradient flows here */
} Tensor;

typedef struct SparseRows
{
	int64_t		rows;
	int64_t		cols;			/* every id is in [0, cols) */
	const int64_t *offsets;		/* [rows + 1] */
	const int32_t *ids;			/* [offsets[rows]], ascending within a row */
	const float *values;		/* the same length; NULL: all are 1 */
	float		scale;			/* a factor of all entries */
} SparseRows;

#endif							/* SAGE_TENSOR_H */
