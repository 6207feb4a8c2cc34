/*
 * kernel_cases.c
 *		What is not an operation of a tape: BLAS, the optimizer's step,
 *		parameters, the memory of a tape, and corners of single kernels.
 */
#include "postgres.h"

#include <math.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "base/random.h"
#include "tensor/blas.h"
#include "tensor/kernel_dense.h"
#include "tensor/kernel_loss.h"
#include "tensor/kernel_segment.h"
#include "tensor/kernel_sparse.h"
#include "tensor/parallel_kernel.h"
#include "tensor/param.h"
#include "tensor/tape.h"
#include "tensor_test.h"

static float *
numbers(uint64 seed, int64 n)
{
	float	   *x = palloc(Max(n, 1) * sizeof(float));

	for (int64 i = 0; i < n; i++)
		x[i] = test_number(seed, i);
	return x;
}

/* One element of the product, the plain way. */
static double
product(bool ta, bool tb, int64 m, int64 n, int64 k, const float *a, const float *b, int64 i, int64 j)
{
	double		sum = 0;

	for (int64 p = 0; p < k; p++)
		sum += (double) (ta ? a[p * m + i] : a[i * k + p]) * (tb ? b[j * k + p] : b[p * n + j]);
	return sum;
}

/* alpha op(a) op(b) + beta c, looking at every "stride"th element */
static bool
gemm_matches(bool ta, bool tb, int64 m, int64 n, int64 k, float alpha, float beta, int64 stride)
{
	float	   *a = numbers(1, m * k);
	float	   *b = numbers(2, k * n);
	float	   *c = numbers(3, m * n);
	bool		ok = true;

	blas_gemm(ta, tb, m, n, k, alpha, a, b, beta, c);
	for (int64 i = 0; i < m * n; i += stride)
	{
		double		expected = alpha * product(ta, tb, m, n, k, a, b, i / n, i % n) + beta * test_number(3, i);

		ok = ok && test_close(c[i], expected, 1e-5 * sqrt(k + 1));
	}
	pfree(a);
	pfree(b);
	pfree(c);
	return ok;
}

static bool
gemm_small(void)
{
	static const int64 sizes[] = {1, 2, 5, 17, 64, 65};
	bool		ok = true;

	for (int form = 0; form < 4; form++)
	{
		for (int i = 0; i < lengthof(sizes); i++)
		{
			for (int j = 0; j < lengthof(sizes); j++)
			{
				int64		k = sizes[(i + 2 * j) % lengthof(sizes)];

				ok = gemm_matches(form & 1, form & 2, sizes[i], sizes[j], k, 1, 0, 1) && ok;
				ok = gemm_matches(form & 1, form & 2, sizes[i], sizes[j], k, 0.5f, 1, 1) && ok;
			}
		}
	}
	return ok;
}

static bool
gemm_empty(void)
{
	return gemm_matches(false, false, 0, 3, 2, 1, 0, 1) &&
		gemm_matches(false, false, 3, 0, 2, 1, 0, 1) &&
		gemm_matches(true, false, 3, 2, 0, 1, 0, 1) &&
		gemm_matches(false, true, 3, 2, 0, 1, 1, 1) &&
		gemm_matches(false, false, 3, 2, 0, 1, 0.5f, 1);
}

/* With beta = 0 what was there does not matter, not even if it is NaN. */
static bool
gemm_overwrites(void)
{
	float		a[] = {1, 2};
	float		b[] = {3, 4};
	float		c[] = {NAN};

	blas_gemm(false, false, 1, 1, 2, 1, a, b, 0, c);
	if (c[0] != 11)
		return false;
	c[0] = NAN;
	blas_gemm(false, false, 1, 1, 0, 1, a, b, 0, c);
	return c[0] == 0;
}

/* Large enough to be done in pieces: by rows, and by the inner dimension. */
static bool
gemm_pieces(void)
{
	return gemm_matches(false, false, 10000, 64, 900, 1, 1, 9973) &&
		gemm_matches(true, false, 900, 64, 10000, 1, 0.5f, 997) &&
		gemm_matches(true, false, 64, 64, 100000, 1, 0.5f, 97) &&
		gemm_matches(false, true, 64, 64, 100000, 1, 0.5f, 97);
}

/*
 * Rows of a product by themselves, and from any row on, are what they are in
 * the whole, to the last bit; and they are right.
 */
static bool
matmul_rows_match(int64 rows, int64 cols, int64 depth, bool add)
{
	float	   *x = numbers(1, rows * depth);
	float	   *w = numbers(2, depth * cols);
	float	   *y = numbers(3, rows * cols);
	float	   *z = numbers(3, (rows + 1) * cols);
	bool		ok = true;

	parallel_matmul(x, w, rows, cols, depth, y, add);
	for (int64 i = 0; i < rows * cols; i += 1 + rows / 8)
	{
		double		expected = product(false, false, rows, cols, depth, x, w, i / cols, i % cols);

		ok = ok && test_close(y[i], expected + (add ? test_number(3, i) : 0), 1e-5 * sqrt(depth + 1));
	}
	for (int64 n = 1; n <= rows; n = 2 * n + 1)
	{
		for (int64 from = 0; from + n <= rows; from += 1 + rows / 7)
		{
			/* one number further, where nothing is aligned as before */
			float	   *part = z + 1;

			for (int64 i = 0; i < n * cols; i++)
				part[i] = test_number(3, from * cols + i);
			parallel_matmul(x + from * depth, w, n, cols, depth, part, add);
			ok = ok && memcmp(part, y + from * cols, n * cols * sizeof(float)) == 0;
		}
	}
	pfree(x);
	pfree(w);
	pfree(y);
	pfree(z);
	return ok;
}

static bool
matmul_rows(void)
{
	static const int64 widths[] = {1, 2, 7, 8, 15, 16, 17, 24, 31, 64, 65};
	static const int64 depths[] = {1, 3, 64, 255, 256, 257, 600};
	static const int64 counts[] = {1, 5, 6, 37, 100};
	bool		ok = true;

	for (int i = 0; i < lengthof(widths); i++)
	{
		for (int j = 0; j < lengthof(depths); j++)
		{
			int64		rows = counts[(i + j) % lengthof(counts)];

			ok = matmul_rows_match(rows, widths[i], depths[j], false) && ok;
			ok = matmul_rows_match(rows, widths[i], depths[j], true) && ok;
		}
	}

	/* large enough for several stretches, of rows and of depth */
	return matmul_rows_match(700, 64, 64, true) && matmul_rows_match(60, 40, 60000, false) && ok;
}

/* A product over nothing is zero, or leaves what was there. */
static bool
matmul_empty(void)
{
	float		y[] = {NAN, 2};

	parallel_matmul(y, y, 0, 3, 2, y, false);
	parallel_matmul(y, y, 3, 0, 2, y, false);
	if (y[1] != 2)
		return false;
	parallel_matmul(y, y, 2, 1, 0, y, true);
	if (y[1] != 2)
		return false;
	parallel_matmul(y, y, 1, 2, 0, y, false);
	return y[0] == 0 && y[1] == 0;
}

/* Rows of the other kernels, likewise: by themselves, from any row on. */
static bool
kernel_rows(void)
{
	enum
	{
		ROWS = 23
	};
	bool		ok = true;

	for (int64 cols = 1; cols < 80; cols += cols < 20 ? 1 : 13)
	{
		float	   *x = numbers(1, ROWS * cols);
		float	   *gain = numbers(2, cols);
		float	   *bias = numbers(3, cols);
		float	   *y = numbers(4, ROWS * cols);
		float	   *normal = numbers(5, ROWS * cols);
		float	   *one = palloc((2 * cols + 1) * sizeof(float));
		float		saved[ROWS];
		float		value;
		int64		offsets[ROWS + 1];
		int32		ids[ROWS * ROWS];
		float	   *values = numbers(6, ROWS * ROWS);
		int64		entries = 0;

		for (int r = 0; r < ROWS; r++)
		{
			offsets[r] = entries;
			for (int e = 0; e < r % 9; e++)
				ids[entries++] = (r * 7 + e * 5) % ROWS;
		}
		offsets[ROWS] = entries;

		kernel_layer_norm(x, gain, bias, normal, y, saved, ROWS, cols);
		for (int r = 0; r < ROWS; r++)
		{
			kernel_layer_norm(x + r * cols, gain, bias, one + 1 + cols, one + 1, &value, 1, cols);
			ok = ok && memcmp(one + 1, y + r * cols, cols * sizeof(float)) == 0 && value == saved[r];
		}
		kernel_l2_normalize(x, y, saved, ROWS, cols);
		for (int r = 0; r < ROWS; r++)
		{
			kernel_l2_normalize(x + r * cols, one + 1, &value, 1, cols);
			ok = ok && memcmp(one + 1, y + r * cols, cols * sizeof(float)) == 0 && value == saved[r];
		}
		for (int weighted = 0; weighted < 2; weighted++)
		{
			Segments	segments = {ROWS, offsets, ids, weighted ? values : NULL};
			SparseRows	sparse = {ROWS, ROWS, offsets, ids, weighted ? values : NULL, 0.7f};

			kernel_segment_mean(&segments, x, cols, y, false);
			for (int r = 0; r < ROWS; r++)
			{
				Segments	single = {1, offsets + r, ids, segments.weights};

				kernel_segment_mean(&single, x, cols, one + 1, false);
				ok = ok && memcmp(one + 1, y + r * cols, cols * sizeof(float)) == 0;
			}
			kernel_sparse(&sparse, x, cols, y, false);
			for (int r = 0; r < ROWS; r++)
			{
				SparseRows	single = {1, ROWS, offsets + r, ids, sparse.values, 0.7f};

				kernel_sparse(&single, x, cols, one + 1, false);
				ok = ok && memcmp(one + 1, y + r * cols, cols * sizeof(float)) == 0;
			}
		}
	}
	return ok;
}

/*
 * Loaded BLAS may have threads.  Each of them must have all signals blocked
 * that can be (KILL and STOP cannot, and libc keeps 32 and 33 for itself).
 */
static bool
thread_signals(void)
{
	const uint64 unblockable = (UINT64CONST(1) << 8) | (UINT64CONST(1) << 18) |
		(UINT64CONST(3) << 31);
	DIR		   *dir;
	struct dirent *entry;
	bool		ok = true;

	blas_load();
	dir = AllocateDir("/proc/self/task");
	while ((entry = ReadDir(dir, "/proc/self/task")) != NULL)
	{
		char		path[MAXPGPATH];
		char		line[256];
		FILE	   *file;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		file = AllocateFile(path, "r");
		while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		{
			if (strncmp(line, "SigBlk:", 7) == 0 &&
				(strtoull(line + 7, NULL, 16) | unblockable) != PG_UINT64_MAX)
				ok = false;
		}
		if (file != NULL)
			FreeFile(file);
	}
	FreeDir(dir);
	return ok && strlen(blas_describe()) > 0;
}

/* Three steps beside the textbook in double; n is no multiple of anything. */
static bool
adam(void)
{
	enum
	{
		N = 103
	};
	float	   *p = numbers(1, N);
	float	   *m = palloc0(N * sizeof(float));
	float	   *v = palloc0(N * sizeof(float));
	double		rp[N];
	double		rm[N] = {0};
	double		rv[N] = {0};
	bool		ok = true;

	for (int i = 0; i < N; i++)
		rp[i] = p[i];
	for (int step = 1; step <= 3; step++)
	{
		float	   *g = numbers(10 + (uint64) step, N);
		float	   *left = numbers(10 + (uint64) step, N);

		kernel_adam(p, left, m, v, N, 0.01f, 0.9f, 0.999f, 1e-8f, 5e-4f, 0.7f, step);
		for (int i = 0; i < N; i++)
		{
			double		d = g[i] * 0.7 + 5e-4 * rp[i];

			rm[i] = 0.9 * rm[i] + 0.1 * d;
			rv[i] = 0.999 * rv[i] + 0.001 * d * d;
			rp[i] -= 0.01 * (rm[i] / (1 - pow(0.9, step))) / (sqrt(rv[i] / (1 - pow(0.999, step))) + 1e-8);
			ok = ok && test_close(p[i], rp[i], 1e-5) && left[i] == 0;
		}
	}
	return ok;
}

static bool
adam_keeps_zero(void)
{
	float		zero[40] = {0};
	float		g[40] = {0};
	float		m[40] = {0};
	float		v[40] = {0};

	kernel_adam(zero, g, m, v, 40, 0.01f, 0.9f, 0.999f, 1e-8f, 5e-4f, 1, 1);
	for (int i = 0; i < 40; i++)
	{
		if (zero[i] != 0)
			return false;
	}
	return true;
}

static bool
vector_arithmetic(void)
{
	bool		ok = true;

	for (int64 n = 0; n < 70; n++)
	{
		float	   *x = numbers(1, n);
		float	   *y = numbers(2, n);
		double		sum = 0;

		kernel_add(y, x, n);
		kernel_axpy(y, 0.5f, x, n);
		kernel_scale(y, 2, n);
		for (int64 i = 0; i < n; i++)
		{
			ok = ok && test_close(y[i], 2 * (test_number(2, i) + 1.5 * x[i]), 1e-6);
			sum += (double) x[i] * x[i];
		}
		ok = ok && test_close(kernel_sum_squares(x, n), sum, 1e-12);
	}
	return ok;
}

/* The share of zeros, and that pieces are dropped as the whole is. */
static bool
dropout(void)
{
	enum
	{
		N = 100000
	};
	const int64 far = (INT64CONST(1) << 32) - 1000;
	float	   *x = palloc(N * sizeof(float));
	float	   *y = palloc(N * sizeof(float));
	int64		zeros = 0;
	int64		same = 0;
	bool		ok = true;

	for (int64 i = 0; i < N; i++)
		x[i] = y[i] = 1;
	kernel_dropout(x, N, far, 0.3f, 5);
	kernel_dropout(y, 999, far, 0.3f, 5);
	kernel_dropout(y + 999, N - 999, far + 999, 0.3f, 5);
	for (int64 i = 0; i < N; i++)
	{
		ok = ok && x[i] == y[i] && (x[i] == 0 || test_close(x[i], 1 / 0.7, 1e-6));
		zeros += x[i] == 0;
		y[i] = 1;
	}
	kernel_dropout(y, N, far, 0.3f, 6);
	for (int64 i = 0; i < N; i++)
		same += x[i] == 0 && y[i] == 0;

	/* six standard deviations */
	return ok && fabs(zeros - 0.3 * N) < 6 * sqrt(0.3 * 0.7 * N) &&
		fabs(same - 0.09 * N) < 6 * sqrt(0.09 * 0.91 * N);
}

static bool
relu_keeps_nan(void)
{
	float		x[] = {-1, 2, NAN};

	kernel_relu(x, 3);
	return x[0] == 0 && x[1] == 2 && isnan(x[2]);
}

static bool
l2_zero_row(void)
{
	float		x[5] = {0};
	float		y[5];
	float		grad_y[5] = {0};
	float		grad_x[5] = {0};
	float		norm;

	kernel_l2_normalize(x, y, &norm, 1, 5);
	kernel_l2_normalize_backward(y, &norm, grad_y, grad_x, 1, 5);
	for (int i = 0; i < 5; i++)
	{
		if (y[i] != 0 || grad_x[i] != 0)
			return false;
	}
	return true;
}

static bool
loss_extremes(void)
{
	float		far[] = {1000, -1000};
	float		targets[] = {0, 1};
	float		no_weight[] = {0, 0};
	int32		class = 1;
	float		grad[2] = {7, 7};

	return kernel_loss_bce(far, targets, NULL, grad, 2, 1) == 1000 &&
		grad[0] == 0.5f && grad[1] == -0.5f &&
		kernel_loss_ce(far, &class, NULL, grad, 1, 2) == 2000 &&
		kernel_loss_bce(far, targets, no_weight, grad, 2, 1) == 0 &&
		grad[0] == 0 && grad[1] == 0;
}

static bool
probabilities(void)
{
	float		x[] = {0, 1, -1000, 1000};
	float		z[] = {1, 2, 3, 1000, 1000, -1000};

	kernel_sigmoid(x, 4);
	kernel_softmax_rows(z, 2, 3);
	return x[0] == 0.5f && test_close(x[1], 1 / (1 + exp(-1)), 1e-6) && x[2] == 0 && x[3] == 1 &&
		test_close(z[0] + z[1] + z[2], 1, 1e-6) && test_close(z[2] / z[1], exp(1), 1e-5) &&
		z[3] == 0.5f && z[4] == 0.5f && z[5] == 0;
}

/* From the third batch on the memory is the same, and always aligned. */
static bool
tape_memory(void)
{
	Tape	   *tape = tape_create(CurrentMemoryContext, true);
	char	   *first[3] = {NULL};
	bool		ok = true;

	for (int batch = 0; batch < 4; batch++)
	{
		tape_reset(tape);
		for (int i = 1; i <= 40; i++)
		{
			char	   *memory = tape_alloc(tape, i * 1000, 3);

			memset(memory, i, i * 3000);
			ok = ok && (uintptr_t) memory % 64 == 0;
			if (i == 40)
				first[batch % 3] = memory;
		}
		ok = ok && tape_zeros(tape, 0, 5)->rows == 0;
	}
	return ok && first[2] == first[0];
}

static bool
param_block(void)
{
	ParamBlock *block = param_create(CurrentMemoryContext);
	int			w = param_declare(block, "w", 7, 5, PARAM_GLOROT);
	int			gain = param_declare(block, "gain", 1, 3, PARAM_ONE);
	int			bias = param_declare(block, "bias", 1, 3, PARAM_ZERO);
	int			big = param_declare(block, "big", 100, 100, PARAM_GLOROT);
	int			row = param_declare(block, "row", 1, 3, PARAM_GLOROT);
	double		sum = 0;
	double		bound = sqrt(6.0 / 200);
	float	   *data;
	bool		ok = true;

	param_allocate(block, true);
	param_initialize(block, 42);
	data = param_data(block);
	for (int i = 0; i < param_count(block); i++)
	{
		Tensor	   *t = param_tensor(block, i);

		ok = ok && (uintptr_t) t->data % 64 == 0 && (uintptr_t) t->grad % 64 == 0 &&
			t->data - data == t->grad - param_grad(block);
	}
	ok = ok && param_size(block) == 48 + 16 + 16 + 10000 + 16;
	for (int i = 35; i < 48; i++)
		ok = ok && data[i] == 0;
	ok = ok && param_decays(block, w) && param_decays(block, row) && !param_decays(block, gain) && !param_decays(block, bias);
	ok = ok && param_tensor(block, gain)->data[2] == 1 && param_tensor(block, bias)->data[2] == 0;
	for (int i = 0; i < 10000; i++)
	{
		float		x = param_tensor(block, big)->data[i];

		ok = ok && fabs(x) <= bound;
		sum += x * x;
	}

	/* the variance of a uniform number within +-bound */
	ok = ok && test_close(sum / 10000 / (bound * bound / 3), 1, 0.05);
	return ok && param_find(block, "bias") == bias && param_find(block, "none") == -1 &&
		strcmp(param_name(block, w), "w") == 0;
}

/* The same seed gives the same numbers, whatever was declared after. */
static bool
param_seed(void)
{
	float		values[3];

	for (int i = 0; i < 3; i++)
	{
		ParamBlock *block = param_create(CurrentMemoryContext);
		int			w = param_declare(block, "w", 3, 3, PARAM_GLOROT);

		if (i == 1)
			(void) param_declare(block, "more", 9, 9, PARAM_GLOROT);
		param_allocate(block, false);
		param_initialize(block, i == 2 ? 2 : 1);
		values[i] = param_tensor(block, w)->data[4];
		if (param_tensor(block, w)->grad != NULL || param_grad(block) != NULL)
			return false;
	}
	return values[0] == values[1] && values[0] != values[2];
}

/* A cancel is answered while numbers are drawn, not after it. */
static bool
param_cancel(void)
{
	MemoryContext cxt = CurrentMemoryContext;
	ParamBlock *block = param_create(cxt);
	bool		canceled = false;

	(void) param_declare(block, "w", 30, 40, PARAM_GLOROT);
	param_allocate(block, false);
	InterruptPending = QueryCancelPending = true;
	PG_TRY();
	{
		param_initialize(block, 1);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(cxt);
		canceled = geterrcode() == ERRCODE_QUERY_CANCELED;
		FlushErrorState();
	}
	PG_END_TRY();
	QueryCancelPending = false;
	return canceled;
}

/* A second pass over the same tape gives what the first gave. */
static bool
tape_again(void)
{
	Tape	   *tape = tape_create(CurrentMemoryContext, true);
	ParamBlock *block = param_create(CurrentMemoryContext);
	int			w = param_declare(block, "w", 8, 4, PARAM_GLOROT);
	float	   *targets = numbers(9, 12 * 4);
	float		losses[3];
	float		grads[3];

	param_allocate(block, true);
	param_initialize(block, 1);
	for (int i = 0; i < 3; i++)
	{
		Tensor	   *x;
		Tensor	   *loss;

		tape_reset(tape);
		memset(param_grad(block), 0, param_size(block) * sizeof(float));
		x = tape_constant(tape, 12, 8);
		for (int k = 0; k < 12 * 8; k++)
			x->data[k] = test_number(3, k);
		loss = tape_loss_mse(tape, tape_relu(tape, tape_matmul(tape, x, param_tensor(block, w), NULL)), targets, NULL);
		tape_backward(tape, loss);
		losses[i] = loss->data[0];
		grads[i] = param_grad(block)[5];
		if (x->grad != NULL)
			return false;
	}
	return losses[0] == losses[1] && losses[1] == losses[2] && grads[0] != 0 &&
		grads[0] == grads[1] && grads[1] == grads[2];
}

const KernelCase kernel_cases[] = {
	{"gemm_small", gemm_small},
	{"gemm_empty", gemm_empty},
	{"gemm_overwrites", gemm_overwrites},
	{"gemm_pieces", gemm_pieces},
	{"matmul_rows", matmul_rows},
	{"matmul_empty", matmul_empty},
	{"kernel_rows", kernel_rows},
	{"thread_signals", thread_signals},
	{"adam", adam},
	{"adam_keeps_zero", adam_keeps_zero},
	{"vector_arithmetic", vector_arithmetic},
	{"dropout", dropout},
	{"relu_keeps_nan", relu_keeps_nan},
	{"l2_zero_row", l2_zero_row},
	{"loss_extremes", loss_extremes},
	{"probabilities", probabilities},
	{"tape_memory", tape_memory},
	{"tape_again", tape_again},
	{"param_block", param_block},
	{"param_seed", param_seed},
	{"param_cancel", param_cancel},
	{NULL}
};
