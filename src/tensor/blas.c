/*
 * blas.c
 *		The only door to OpenBLAS.
 *
 * The library is loaded on first use, never linked.  Most builds of it start
 * threads while they are being loaded, and a thread takes over the signal
 * mask of its maker: with signals open, the kernel may run a handler of this
 * backend on a thread of BLAS, in the midst of what the backend itself is
 * doing.  So it is loaded with every signal blocked, which its threads then
 * keep for ever; and it is told not to start any.
 *
 * BLAS itself always runs on one thread here.  A multiplication is cut into
 * pieces of 30 ms at the most, which the threads of tensor/parallel.c share;
 * how it is cut, and so its result, does not depend on their number.  Between
 * pieces a cancel leaves blas_gemm() by longjmp, so no caller may hold
 * anything across a call that an error would not release.
 */
#include "postgres.h"

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "tensor/blas.h"
#include "tensor/kernel_dense.h"
#include "tensor/parallel.h"

#define BLAS_LIBRARY	"libopenblas.so.0"

/* The values of cblas.h, which are part of the library's binary interface. */
#define BLAS_ROW_MAJOR	101
#define BLAS_NO_TRANS	111
#define BLAS_TRANS		112

/* About 30 ms of multiplications, on a slow processor. */
#define BLAS_PIECE		INT64CONST(400000000)

/* BLAS rearranges b for every piece, which must have rows to pay for it. */
#define BLAS_PIECE_ROWS 512

/*
 * Where c is small and k long, as in the gradient of a weight, k is cut, the
 * products are made side by side and added in their order.
 */
#define BLAS_PIECE_DEPTH	1024
#define BLAS_PRODUCT		INT64CONST(65536)	/* numbers of c at the most */
#define BLAS_PRODUCTS		16

typedef void (*BlasGemm) (int order, int transpose_a, int transpose_b, int m, int n, int k,
						  float alpha, const float *a, int lda, const float *b, int ldb,
						  float beta, float *c, int ldc);

static BlasGemm blas_sgemm = NULL;
static char *(*blas_get_config) (void) = NULL;
static bool blas_shared = false;	/* may be called by several threads at once */

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND	0		/* only glibc has it */
#endif

/* One multiplication, as its pieces see it. */
typedef struct Gemm
{
	bool		transpose_a;
	bool		transpose_b;
	int64		m;
	int64		n;
	int64		k;
	float		alpha;
	const float *a;
	const float *b;
	float		beta;
	float	   *c;
	int64		begin;			/* only [begin, end) of k */
	int64		end;
	float	   *products;		/* one for each piece of k */
} Gemm;

/* The symbol's address, or an error. */
static void *
blas_symbol(void *library, const char *name)
{
	void	   *symbol = dlsym(library, name);

	if (symbol == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not find function \"%s\" in library \"%s\"", name, BLAS_LIBRARY),
				 errhint("Install the package libopenblas0.")));
	return symbol;
}

/*
 * The kernels that suit this processor, or NULL to leave the choice to the
 * library.  It knows processors by model number, and takes those made after
 * it for the oldest of all: four times slower on the machine where this was
 * found.
 */
static const char *
blas_core(void)
{
#if defined(SAGE_ISA_avx2)
	return "Haswell";
#elif defined(__x86_64__) && defined(__GNUC__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl"))
		return "SkylakeX";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return "Haswell";
#endif
	return NULL;
}

/*
 * dlopen() with what the library is to know in the environment, where it
 * looks while it is being loaded.  The environment is left as it was;
 * "threads" is what it says about threads, or NULL.  A choice of kernels that
 * the administrator made stands.  RTLD_DEEPBIND has the library's thousands of
 * symbols looked for in itself first, and not in the whole server: a fifth of
 * the time that a session's first score takes.
 */
static void *
blas_open(const char *threads)
{
	const char *core = getenv("OPENBLAS_CORETYPE") == NULL ? blas_core() : NULL;
	void	   *library;

	if (core != NULL)
		setenv("OPENBLAS_CORETYPE", core, 1);
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	library = dlopen(BLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	if (core != NULL)
		unsetenv("OPENBLAS_CORETYPE");
	if (threads != NULL)
		setenv("OPENBLAS_NUM_THREADS", threads, 1);
	else
		unsetenv("OPENBLAS_NUM_THREADS");
	return library;
}

/*
 * Loads the library, unless it is there already.  Not in the postmaster: its
 * children would inherit a library whose threads are gone.
 */
void
blas_load(void)
{
	const char *threads = getenv("OPENBLAS_NUM_THREADS");
	void	   *library;
	void		(*set_num_threads) (int);
	int			(*get_parallel) (void);
	sigset_t	all;
	sigset_t	before;

	if (blas_sgemm != NULL)
		return;
	Assert(IsUnderPostmaster || !IsPostmasterEnvironment);

	/* setenv() may overwrite what getenv() returned */
	if (threads != NULL)
		threads = pstrdup(threads);

	/* no error may be raised while signals are blocked: they would stay so */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	library = blas_open(threads);
	pthread_sigmask(SIG_SETMASK, &before, NULL);

	if (library == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("could not load library \"%s\": %s", BLAS_LIBRARY, dlerror()),
				 errhint("Install the package libopenblas0.")));
	blas_get_config = (char *(*) (void)) blas_symbol(library, "openblas_get_config");
	set_num_threads = (void (*) (int)) blas_symbol(library, "openblas_set_num_threads");
	set_num_threads(1);

	/* a build without threads need not have locks for its buffers either */
	get_parallel = (int (*) (void)) blas_symbol(library, "openblas_get_parallel");
	blas_shared = get_parallel() != 0;
	blas_sgemm = (BlasGemm) blas_symbol(library, "cblas_sgemm");
}

/* The library's version, options and chosen processor kernels. */
const char *
blas_describe(void)
{
	blas_load();
	return blas_get_config();
}

/* c [m x n] *= beta, where beta = 0 also clears what is not a number. */
static void
blas_scale(int64 m, int64 n, float beta, float *c)
{
	for (int64 i = 0; i < m * n; i++)
		c[i] = beta == 0 ? 0 : c[i] * beta;
}

/* Rows [from, to) of c, over [begin, end) of k. */
static void
gemm_rows(const Gemm *g, int64 from, int64 to, float beta, float *c)
{
	const int64 lda = g->transpose_a ? g->m : g->k;
	const int64 ldb = g->transpose_b ? g->k : g->n;

	blas_sgemm(BLAS_ROW_MAJOR,
			   g->transpose_a ? BLAS_TRANS : BLAS_NO_TRANS,
			   g->transpose_b ? BLAS_TRANS : BLAS_NO_TRANS,
			   (int) (to - from), (int) g->n, (int) (g->end - g->begin),
			   g->alpha,
			   g->transpose_a ? g->a + g->begin * lda + from : g->a + from * lda + g->begin, (int) lda,
			   g->transpose_b ? g->b + g->begin : g->b + g->begin * ldb, (int) ldb,
			   beta, c + from * g->n, (int) g->n);
}

static void
gemm_rows_task(void *arg, int64 from, int64 to)
{
	Gemm	   *g = arg;

	gemm_rows(g, from, to, g->beta, g->c);
}

/* One product, over [from, to) of k. */
static void
gemm_depth_task(void *arg, int64 from, int64 to)
{
	Gemm		piece = *(Gemm *) arg;
	int64		depth = piece.end;
	float	   *product = piece.products + from / depth * piece.m * piece.n;

	piece.begin = from;
	piece.end = to;
	gemm_rows(&piece, 0, piece.m, 0, product);
}

/* On all threads, or on this one if the library cannot do otherwise. */
static void
gemm_run(int64 n, int64 grain, ParallelTask task, Gemm *g)
{
	if (blas_shared)
		parallel_for(n, grain, task, g);
	for (int64 from = 0; from < n && !blas_shared; from += grain)
	{
		CHECK_FOR_INTERRUPTS();
		task(g, from, Min(from + grain, n));
	}
}

/* c by pieces of k. */
static void
gemm_by_depth(Gemm *g)
{
	int64		size = g->m * g->n;
	int64		depth = Max(BLAS_PIECE_DEPTH, (g->k + BLAS_PRODUCTS - 1) / BLAS_PRODUCTS);
	int64		products = (g->k + depth - 1) / depth;

	g->products = memory_alloc(products * size, sizeof(float));
	g->end = depth;
	gemm_run(g->k, depth, gemm_depth_task, g);
	blas_scale(g->m, g->n, g->beta, g->c);
	for (int64 i = 0; i < products; i++)
		kernel_add(g->c, g->products + i * size, size);
	pfree(g->products);
}

/* c by pieces of rows; where they would be too long, k is cut as well. */
static void
gemm_by_rows(Gemm *g)
{
	int64		rows = Min(g->m, BLAS_PIECE_ROWS);
	int64		depth = Min(g->k, Max(BLAS_PIECE / (g->n * rows), 64));

	rows = Min(rows, Max(BLAS_PIECE / (g->n * depth), 1));
	for (int64 begin = 0; begin < g->k; begin += depth)
	{
		g->begin = begin;
		g->end = Min(begin + depth, g->k);
		gemm_run(g->m, rows, gemm_rows_task, g);
		g->beta = 1;
	}
}

/*
 * c [m x n] = alpha * op(a) [m x k] * op(b) [k x n] + beta * c, all row-major
 * without gaps; op(x) is x, or its transpose where so said.
 */
void
blas_gemm(bool transpose_a, bool transpose_b, int64 m, int64 n, int64 k,
		  float alpha, const float *a, const float *b, float beta, float *c)
{
	Gemm		g = {
		.transpose_a = transpose_a, .transpose_b = transpose_b, .m = m, .n = n, .k = k,
		.alpha = alpha, .a = a, .b = b, .beta = beta, .c = c
	};

	Assert(m >= 0 && n >= 0 && k >= 0);
	if (m == 0 || n == 0)
		return;
	if (k == 0 || alpha == 0)
	{
		blas_scale(m, n, beta, c);
		return;
	}
	if ((transpose_a ? m : k) > INT_MAX || (transpose_b ? k : n) > INT_MAX || n > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("matrix with rows of more than %d numbers is too large", INT_MAX)));
	blas_load();
	if (k >= 2 * BLAS_PIECE_DEPTH && m <= BLAS_PRODUCT / n && k / BLAS_PRODUCTS < BLAS_PIECE / (m * n))
		gemm_by_depth(&g);
	else
		gemm_by_rows(&g);
}
