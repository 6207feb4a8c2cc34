/*
 * kernel.h
 *		What all kernels are compiled with.
 *
 * Kernels are plain C on arrays and sizes: they allocate nothing, raise
 * nothing and keep nothing, so that a thread may run one.  Arrays given to
 * one call do not overlap unless the contract says so.
 *
 * A function marked KERNEL is compiled three times, and the loader picks the
 * one for the processor at hand.  "make SAGE_ISA=default", avx2 or avx512, in
 * a clean tree, compiles that one alone, for tests and measurements.  clang
 * only makes the bitcode, where one version is enough.
 *
 * The levels of the x86-64 ABI bring fused multiply-add along, which the
 * feature "avx2" alone does not.  (A version for "arch=haswell" would be
 * picked on that very processor only.)  Compilers that do not know the levels
 * go without.
 *
 * Where multiplication and addition are fused, results differ in their last
 * bits between versions.  Within one, a row's result must not depend on the
 * rows beside it, nor on where a stretch of rows begins: kernels whose rows
 * are sums make each of them by itself, in an order that its length alone
 * decides.
 */
#ifndef SAGE_KERNEL_H
#define SAGE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12
#define KERNEL_AVX2		"arch=x86-64-v3"
#define KERNEL_AVX512	"arch=x86-64-v4"
#else
#define KERNEL_AVX2		"avx2"
#define KERNEL_AVX512	"avx512f"
#endif
#if defined(SAGE_ISA_avx512)
#define KERNEL __attribute__((target(KERNEL_AVX512), optimize("tree-vectorize")))
#elif defined(SAGE_ISA_avx2)
#define KERNEL __attribute__((target(KERNEL_AVX2), optimize("tree-vectorize")))
#elif defined(__x86_64__) && defined(__gnu_linux__) && !defined(SAGE_ISA_default)
#define KERNEL __attribute__((target_clones(KERNEL_AVX512, KERNEL_AVX2, "default"), optimize("tree-vectorize")))
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

/*
 * What gains by the registers of AVX-512 has a version of its own for them,
 * KERNEL_WIDE, where the compiler can make it and kernel_is_wide() says so.
 */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && defined(__x86_64__) && \
	!defined(SAGE_ISA_default) && !defined(SAGE_ISA_avx2)
#define KERNEL_WIDE __attribute__((target(KERNEL_AVX512), optimize("tree-vectorize")))
typedef float WideLanes __attribute__((vector_size(64), aligned(4), may_alias));

KERNEL_INLINE bool
kernel_is_wide(void)
{
	return __builtin_cpu_supports("x86-64-v4");
}
#endif

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
