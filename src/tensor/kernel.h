/*
 * kernel.h
 *		What all kernels are compiled with.
 *
 * Kernels are plain C on arrays and sizes: they allocate nothing, raise
 * nothing and keep nothing, so that a thread may run one.  Arrays given to
 * one call do not overlap unless the contract says so.
 *
 * A function marked KERNEL is compiled three times, and the loader picks the
 * one for the processor at hand.  clang only makes the bitcode, where one
 * version is enough.
 */
#ifndef SAGE_KERNEL_H
#define SAGE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__)
#if defined(__x86_64__) && defined(__gnu_linux__)
#define KERNEL __attribute__((target_clones("avx512f", "avx2", "default"), optimize("tree-vectorize")))
#else
#define KERNEL __attribute__((optimize("tree-vectorize")))
#endif
#define KERNEL_UNROLL _Pragma("GCC unroll 8")
#else
#define KERNEL
#define KERNEL_UNROLL
#endif

#define KERNEL_INLINE static inline __attribute__((always_inline))

/*
 * As many floats as one register holds.  GCC keeps an array of these in
 * registers, which it does not do for an array of floats.
 */
#if defined(__x86_64__)
#define KERNEL_LANES 8
#else
#define KERNEL_LANES 4
#endif
typedef float Lanes __attribute__((vector_size(KERNEL_LANES * 4), aligned(4), may_alias));

/* The sum of the floats of a register, in a fixed order. */
KERNEL_INLINE float
lanes_sum(const Lanes *lanes)
{
	const float *x = (const float *) lanes;

#if KERNEL_LANES == 8
	return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
#else
	return (x[0] + x[2]) + (x[1] + x[3]);
#endif
}

#endif							/* SAGE_KERNEL_H */
