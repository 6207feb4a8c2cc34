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
 * BLAS always runs on one thread here.  A multiplication is done in pieces of
 * about 30 ms, with CHECK_FOR_INTERRUPTS() between them: a cancel leaves
 * blas_gemm() by longjmp, so no caller may hold anything across a call that
 * an error would not release.
 */
#include "postgres.h"

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "miscadmin.h"

#include "tensor/blas.h"

#define BLAS_LIBRARY	"libopenblas.so.0"

/* The values of cblas.h, which are part of the library's binary interface. */
#define BLAS_ROW_MAJOR	101
#define BLAS_NO_TRANS	111
#define BLAS_TRANS		112

/* About 30 ms of multiplications, on a slow processor. */
#define BLAS_PIECE		INT64CONST(400000000)
#define BLAS_PIECE_ROWS 512

typedef void (*BlasGemm) (int order, int transpose_a, int transpose_b, int m, int n, int k,
						  float alpha, const float *a, int lda, const float *b, int ldb,
						  float beta, float *c, int ldc);

static BlasGemm blas_sgemm = NULL;
static char *(*blas_get_config) (void) = NULL;

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
#if defined(__x86_64__) && defined(__GNUC__)
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
 * the administrator made stands.
 */
static void *
blas_open(const char *threads)
{
	const char *core = getenv("OPENBLAS_CORETYPE") == NULL ? blas_core() : NULL;
	void	   *library;

	if (core != NULL)
		setenv("OPENBLAS_CORETYPE", core, 1);
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	library = dlopen(BLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
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

/*
 * c [m x n] = alpha * op(a) [m x k] * op(b) [k x n] + beta * c, all row-major
 * without gaps; op(x) is x, or its transpose where so said.
 *
 * Pieces are blocks of rows of c.  Where a block is still too long (in the
 * gradient of a weight k is the number of nodes), k is split too and the
 * pieces are added.
 */
void
blas_gemm(bool transpose_a, bool transpose_b, int64 m, int64 n, int64 k,
		  float alpha, const float *a, const float *b, float beta, float *c)
{
	const int64 lda = transpose_a ? m : k;
	const int64 ldb = transpose_b ? k : n;
	int64		rows;
	int64		depth;

	Assert(m >= 0 && n >= 0 && k >= 0);
	if (m == 0 || n == 0)
		return;
	if (k == 0 || alpha == 0)
	{
		blas_scale(m, n, beta, c);
		return;
	}
	if (lda > INT_MAX || ldb > INT_MAX || n > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("matrix with rows of more than %d numbers is too large", INT_MAX)));
	blas_load();

	/* BLAS rearranges b for every piece, which must have rows to pay for it */
	depth = Min(k, Max(BLAS_PIECE / (n * Min(m, BLAS_PIECE_ROWS)), 64));
	rows = Min(m, Max(BLAS_PIECE / (n * depth), 1));
	for (int64 i = 0; i < m; i += rows)
	{
		for (int64 p = 0; p < k; p += depth)
		{
			CHECK_FOR_INTERRUPTS();
			blas_sgemm(BLAS_ROW_MAJOR,
					   transpose_a ? BLAS_TRANS : BLAS_NO_TRANS,
					   transpose_b ? BLAS_TRANS : BLAS_NO_TRANS,
					   (int) Min(rows, m - i), (int) n, (int) Min(depth, k - p),
					   alpha,
					   transpose_a ? a + p * m + i : a + i * k + p, (int) lda,
					   transpose_b ? b + p : b + p * n, (int) ldb,
					   p == 0 ? beta : 1, c + i * n, (int) n);
		}
	}
}
