/*
 * parallel_kernel.c
 *		Kernels on several threads.
 *
 * What makes a row of the result from rows of the arguments is split by rows.
 *
 * The way back of a gather adds to rows that the data name, in their order,
 * and stays on one thread.  Splitting it was tried: by columns two threads
 * write into neighboring cache lines, which processors fetch together, and
 * were slower than one; by rows of the result each has to look through all
 * entries, which took as long as adding them.
 */
#include "postgres.h"

#include "tensor/kernel_dense.h"
#include "tensor/kernel_matmul.h"
#include "tensor/kernel_sparse.h"
#include "tensor/parallel.h"
#include "tensor/parallel_kernel.h"

/* Element operations of one stretch, so that it takes some 10 us. */
#define STRETCH			INT64CONST(32768)
#define STRETCH_GATHER	INT64CONST(262144)
#define STRETCH_MATMUL	INT64CONST(1048576)

/* Rows of a product that share the reading of the weights, at the least. */
#define MATMUL_ROWS		48

/* The most multiplications of one stretch: about 30 ms on a slow processor. */
#define MATMUL_MOST		INT64CONST(100000000)

/* The arguments of any kernel, as the tasks below read them. */
typedef struct KernelArgs
{
	const SparseRows *sparse;
	const Segments *segments;
	const float *x;
	const float *w;
	const float *bias;
	const float *grad_y;
	float	   *y;
	float	   *z;
	float	   *saved;
	int64		cols;
	int64		depth;
	int64		stride;
	bool		add;
	float		p;
	uint64		seed;
} KernelArgs;

/* Rows of a stretch in a matrix of so many columns. */
static int64
stretch_rows(int64 cols)
{
	return Max(STRETCH / Max(cols, 1), 1);
}

/* Rows of a stretch where each of "rows" rows gathers its share of entries. */
static int64
stretch_gather(int64 rows, int64 entries, int64 cols)
{
	double		work = (double) (entries + rows) * cols;

	return (int64) (rows * Min(STRETCH_GATHER / Max(work, 1), 1)) + 1;
}

static void
matmul_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	kernel_matmul(k->x + from * k->stride, k->stride, k->w, to - from, k->cols, k->depth,
				  k->y + from * k->cols, k->add);
}

/*
 * y [rows x cols] (+)= x [rows x depth] * w [depth x cols].  Where a few rows
 * are too much for one stretch, depth is cut as well, which leaves the order
 * of the additions as it is.
 */
void
parallel_matmul(const float *x, const float *w, int64 rows, int64 cols, int64 depth, float *y, bool add)
{
	KernelArgs	args = {.x = x, .w = w, .y = y, .cols = cols, .stride = depth, .add = add};
	int64		most = Max(MATMUL_MOST / Max(cols * MATMUL_ROWS, 1), 64);
	int64		from = 0;

	do
	{
		args.x = x + from;
		args.w = w + from * cols;
		args.depth = Min(depth - from, most);
		parallel_for(rows, Max(STRETCH_MATMUL / Max(cols * args.depth, 1), MATMUL_ROWS), matmul_task, &args);
		args.add = true;
		from += args.depth;
	} while (from < depth);
}

static void
sparse_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;
	SparseRows	part = *k->sparse;

	part.rows = to - from;
	part.offsets += from;
	kernel_sparse(&part, k->w, k->cols, k->y + from * k->cols, k->add);
}

void
parallel_sparse(const SparseRows *x, const float *w, int64 cols, float *y, bool add)
{
	KernelArgs	args = {.sparse = x, .w = w, .cols = cols, .y = y, .add = add};
	int64		entries = x->offsets[x->rows] - x->offsets[0];

	parallel_for(x->rows, stretch_gather(x->rows, entries, cols), sparse_task, &args);
}

static void
segment_mean_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;
	Segments	part = *k->segments;

	part.count = to - from;
	part.offsets += from;
	kernel_segment_mean(&part, k->x, k->cols, k->y + from * k->cols, k->add);
}

void
parallel_segment_mean(const Segments *s, const float *x, int64 cols, float *y, bool add)
{
	KernelArgs	args = {.segments = s, .x = x, .cols = cols, .y = y, .add = add};
	int64		entries = s->offsets[s->count] - s->offsets[0];

	parallel_for(s->count, stretch_gather(s->count, entries, cols), segment_mean_task, &args);
}

static void
clear_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	memset(k->y + from, 0, (to - from) * sizeof(float));
}

/* x [n] = 0 */
void
parallel_clear(float *x, int64 n)
{
	KernelArgs	args = {.y = x};

	parallel_for(n, 4 * STRETCH, clear_task, &args);
}

static void
add_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	kernel_add(k->y + from, k->x + from, to - from);
}

void
parallel_add(float *y, const float *x, int64 n)
{
	KernelArgs	args = {.y = y, .x = x};

	parallel_for(n, STRETCH, add_task, &args);
}

static void
relu_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	kernel_relu(k->y + from, to - from);
}

void
parallel_relu(float *x, int64 n)
{
	KernelArgs	args = {.y = x};

	parallel_for(n, STRETCH, relu_task, &args);
}

static void
relu_backward_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	kernel_relu_backward(k->x + from, k->y + from, to - from);
}

void
parallel_relu_backward(const float *y, float *grad, int64 n)
{
	KernelArgs	args = {.x = y, .y = grad};

	parallel_for(n, STRETCH, relu_backward_task, &args);
}

static void
dropout_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	kernel_dropout(k->y + from, to - from, from, k->p, k->seed);
}

void
parallel_dropout(float *x, int64 n, float p, uint64 seed)
{
	KernelArgs	args = {.y = x, .p = p, .seed = seed};

	parallel_for(n, STRETCH, dropout_task, &args);
}

static void
add_bias_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	kernel_add_bias(k->y + from * k->cols, k->bias, to - from, k->cols);
}

void
parallel_add_bias(float *x, const float *bias, int64 rows, int64 cols)
{
	KernelArgs	args = {.y = x, .bias = bias, .cols = cols};

	parallel_for(rows, stretch_rows(cols), add_bias_task, &args);
}

static void
l2_normalize_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;

	kernel_l2_normalize(k->x + from * k->cols, k->y + from * k->cols, k->saved + from, to - from, k->cols);
}

void
parallel_l2_normalize(const float *x, float *y, float *norms, int64 rows, int64 cols)
{
	KernelArgs	args = {.x = x, .y = y, .saved = norms, .cols = cols};

	parallel_for(rows, stretch_rows(cols), l2_normalize_task, &args);
}

static void
l2_normalize_backward_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;
	int64		at = from * k->cols;

	kernel_l2_normalize_backward(k->x + at, k->saved + from, k->grad_y + at, k->y + at, to - from, k->cols);
}

void
parallel_l2_normalize_backward(const float *y, const float *norms, const float *grad_y, float *grad_x,
							   int64 rows, int64 cols)
{
	KernelArgs	args = {.x = y, .saved = (float *) norms, .grad_y = grad_y, .y = grad_x, .cols = cols};

	parallel_for(rows, stretch_rows(cols), l2_normalize_backward_task, &args);
}

static void
layer_norm_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;
	int64		at = from * k->cols;

	kernel_layer_norm(k->x + at, k->w, k->bias, k->z + at, k->y + at, k->saved + from, to - from, k->cols);
}

void
parallel_layer_norm(const float *x, const float *gain, const float *bias, float *normal, float *y, float *inverse,
					int64 rows, int64 cols)
{
	KernelArgs	args = {
		.x = x, .w = gain, .bias = bias, .z = normal, .y = y, .saved = inverse, .cols = cols
	};

	parallel_for(rows, stretch_rows(cols), layer_norm_task, &args);
}

static void
layer_norm_backward_task(void *arg, int64 from, int64 to)
{
	KernelArgs *k = arg;
	int64		at = from * k->cols;

	kernel_layer_norm_backward(k->x + at, k->saved + from, k->w, k->grad_y + at, k->y + at, NULL, NULL,
							   to - from, k->cols);
}

/* Any of the three results may be NULL.  Gain and bias are sums over rows: one thread. */
void
parallel_layer_norm_backward(const float *normal, const float *inverse, const float *gain, const float *grad_y,
							 float *grad_x, float *grad_gain, float *grad_bias, int64 rows, int64 cols)
{
	KernelArgs	args = {
		.x = normal, .saved = (float *) inverse, .w = gain, .grad_y = grad_y, .y = grad_x, .cols = cols
	};

	if (grad_x != NULL)
		parallel_for(rows, stretch_rows(cols), layer_norm_backward_task, &args);
	kernel_layer_norm_backward(normal, inverse, gain, grad_y, NULL, grad_gain, grad_bias, rows, cols);
}
