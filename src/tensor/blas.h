/*
 * blas.h
 *		The only door to OpenBLAS.
 */
#ifndef SAGE_BLAS_H
#define SAGE_BLAS_H

#include "postgres.h"

/* c [m x n] = alpha * op(a) [m x k] * op(b) [k x n] + beta * c, all row-major */
extern void blas_gemm(bool transpose_a, bool transpose_b, int64 m, int64 n, int64 k,
					  float alpha, const float *a, const float *b, float beta, float *c);
extern void blas_load(void);
extern const char *blas_describe(void);

#endif							/* SAGE_BLAS_H */
