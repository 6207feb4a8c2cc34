/*
 * tape_ops.c
 *		The operations of a tape: shapes checked, kernels called, the way back
 *		noted.
 *
 * The arithmetic and the derivation of each gradient are in the kernels; here
 * is only what goes where.  Each operation is followed by its backward.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "tensor/blas.h"
#include "tensor/kernel_dense.h"
#include "tensor/kernel_loss.h"
#include "tensor/kernel_segment.h"
#include "tensor/kernel_sparse.h"
#include "tensor/parallel_kernel.h"
#include "tensor/tape.h"

/* One step of any operation: what it read, what it wrote. */
typedef struct Step
{
	Tensor	   *x;
	Tensor	   *w;				/* weight, gain, or second argument */
	Tensor	   *bias;
	Tensor	   *y;				/* the result */
	float	   *saved;			/* what the forward keeps for the way back */
	float	   *saved_rows;		/* the same, one number a row */
	SparseRows	sparse;
	Segments	segments;
	float		p;
	uint64		seed;
} Step;

/*
 * Shapes are the caller's to get right, but a wrong one would read and write
 * beyond arrays, so it is an error also where assertions are off.
 */
static void
check_shape(bool ok, const char *operation)
{
	if (!ok)
		elog(ERROR, "shapes of operands of \"%s\" do not match", operation);
}

static int64
tensor_size(const Tensor *tensor)
{
	return tensor->rows * tensor->cols;
}

/*
 * The result of an operation: "into" if given, else new.  With needs_grad it
 * receives a gradient if the tape records.  Between two operations a cancel
 * is looked for, because a single one over a large batch takes a while.
 */
static Tensor *
result_tensor(Tape *tape, Tensor *into, int64 rows, int64 cols, bool needs_grad, const char *operation)
{
	CHECK_FOR_INTERRUPTS();
	if (into == NULL)
		return needs_grad ? tape_tensor(tape, rows, cols) : tape_constant(tape, rows, cols);

	check_shape(into->rows == rows && into->cols == cols, operation);
	if (needs_grad)
		tape_require_grad(tape, into);
	return into;
}

/* The step to fill in, or NULL if nothing flows back through the result. */
static Step *
record(Tape *tape, TapeBackward backward, Tensor *x, Tensor *w, Tensor *y)
{
	Step	   *step;

	if (!tape_is_recording(tape) || y->grad == NULL)
		return NULL;
	step = tape_record(tape, backward, sizeof(Step));
	step->x = x;
	step->w = w;
	step->y = y;
	return step;
}

/*
 * y = x w: grad_w += x' grad_y, grad_x += grad_y w'.
 */
static void
matmul_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;
	Tensor	   *x = s->x;
	Tensor	   *w = s->w;

	if (w->grad != NULL)
		blas_gemm(true, false, w->rows, w->cols, x->rows, 1, x->data, s->y->grad, 1, w->grad);
	if (x->grad != NULL)
		blas_gemm(false, true, x->rows, x->cols, w->cols, 1, s->y->grad, w->data, 1, x->grad);
}

/* y [rows x n] (+)= x [rows x k] * w [k x n] */
Tensor *
tape_matmul(Tape *tape, Tensor *x, Tensor *w, Tensor *into)
{
	Tensor	   *y;

	check_shape(x->cols == w->rows, "matmul");
	y = result_tensor(tape, into, x->rows, w->cols, x->grad != NULL || w->grad != NULL, "matmul");
	parallel_matmul(x->data, w->data, x->rows, w->cols, x->cols, y->data, into != NULL);
	(void) record(tape, matmul_backward, x, w, y);
	return y;
}

static void
sparse_matmul_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	if (s->w->grad != NULL)
		kernel_sparse_backward(&s->sparse, s->y->grad, s->w->cols, s->w->grad);
}

/*
 * y [rows x n] (+)= x [rows x k] * w [k x n].  The arrays of x must live
 * until the way back is done; the struct itself is copied.
 */
Tensor *
tape_sparse_matmul(Tape *tape, const SparseRows *x, Tensor *w, Tensor *into)
{
	Tensor	   *y;
	Step	   *step;

	check_shape(x->cols == w->rows, "sparse_matmul");
	y = result_tensor(tape, into, x->rows, w->cols, w->grad != NULL, "sparse_matmul");
	parallel_sparse(x, w->data, w->cols, y->data, into != NULL);
	step = record(tape, sparse_matmul_backward, NULL, w, y);
	if (step != NULL)
		step->sparse = *x;
	return y;
}

/*
 * The same for a result that is only averaged, or added, afterwards.  It has a
 * row for each source of a sample, so it is the largest tensor that there is,
 * and its gradient takes its place.
 */
Tensor *
tape_sparse_project(Tape *tape, const SparseRows *x, Tensor *w)
{
	Tensor	   *y;
	Step	   *step;

	check_shape(x->cols == w->rows, "sparse_project");
	y = result_tensor(tape, NULL, x->rows, w->cols, false, "sparse_project");
	parallel_sparse(x, w->data, w->cols, y->data, false);
	if (w->grad != NULL)
		tape_require_grad_in_place(tape, y);
	step = record(tape, sparse_matmul_backward, NULL, w, y);
	if (step != NULL)
		step->sparse = *x;
	return y;
}

static void
segment_mean_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	if (s->x->grad != NULL)
		kernel_segment_mean_backward(&s->segments, s->y->grad, s->x->cols, s->x->grad);
}

/*
 * y [nsegments x cols] (+)= the mean of the rows src[e] of x over the entries
 * e of each segment, weighted if weights are given; zero for a segment
 * without entries.  The arrays must live until the way back is done.
 */
Tensor *
tape_segment_mean(Tape *tape, Tensor *x, int64 nsegments, const int64 *offsets,
				  const int32 *src, const float *weights, Tensor *into)
{
	Segments	segments = {nsegments, offsets, src, weights};
	Tensor	   *y;
	Step	   *step;

	y = result_tensor(tape, into, nsegments, x->cols, x->grad != NULL, "segment_mean");
	parallel_segment_mean(&segments, x->data, x->cols, y->data, into != NULL);
	step = record(tape, segment_mean_backward, x, NULL, y);
	if (step != NULL)
		step->segments = segments;
	return y;
}

static void
gather_rows_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	if (s->x->grad != NULL)
		kernel_gather_rows_backward(s->y->grad, s->segments.src, s->y->rows, s->x->cols, s->x->grad);
}

/* y [n x cols]: y[i] = x[rows[i]].  rows must live until the way back is done. */
Tensor *
tape_gather_rows(Tape *tape, Tensor *x, const int32 *rows, int64 n)
{
	Tensor	   *y = result_tensor(tape, NULL, n, x->cols, x->grad != NULL, "gather_rows");
	Step	   *step;

	kernel_gather_rows(x->data, rows, n, x->cols, y->data);
	step = record(tape, gather_rows_backward, x, NULL, y);
	if (step != NULL)
		step->segments.src = rows;
	return y;
}

/* x += y sends the gradient of the sum, unchanged, to both. */
static void
add_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	if (s->x->grad != NULL)
		parallel_add(s->x->grad, s->y->grad, tensor_size(s->y));
}

/* x += y, in place */
Tensor *
tape_add(Tape *tape, Tensor *x, Tensor *y)
{
	check_shape(x != y, "add");
	(void) result_tensor(tape, x, y->rows, y->cols, y->grad != NULL, "add");
	parallel_add(x->data, y->data, tensor_size(x));
	(void) record(tape, add_backward, y, NULL, x);
	return x;
}

static void
add_bias_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	if (s->bias->grad != NULL)
		kernel_add_bias_backward(s->y->grad, s->bias->grad, s->y->rows, s->y->cols);
}

/* Every row of x += bias [1 x cols], in place. */
Tensor *
tape_add_bias(Tape *tape, Tensor *x, Tensor *bias)
{
	Step	   *step;

	check_shape(tensor_size(bias) == x->cols, "add_bias");
	if (bias->grad != NULL)
		tape_require_grad(tape, x);
	parallel_add_bias(x->data, bias->data, x->rows, x->cols);
	step = record(tape, add_bias_backward, NULL, NULL, x);
	if (step != NULL)
		step->bias = bias;
	return x;
}

static void
relu_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	parallel_relu_backward(s->y->data, s->y->grad, tensor_size(s->y));
}

/*
 * x = max(x, 0), in place.  The way back looks at the sign of the result:
 * after this only operations that keep it, such as dropout, may be in place.
 */
Tensor *
tape_relu(Tape *tape, Tensor *x)
{
	parallel_relu(x->data, tensor_size(x));
	(void) record(tape, relu_backward, NULL, NULL, x);
	return x;
}

static void
dropout_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	parallel_dropout(s->y->grad, tensor_size(s->y), s->p, s->seed);
}

/*
 * Sets each number of x to zero with probability p in [0, 1) and divides the
 * others by 1 - p, in place.  Which ones depends on the seed and the position
 * only.  A tape that does not record leaves x as it is.
 */
Tensor *
tape_dropout(Tape *tape, Tensor *x, float p, uint64 seed)
{
	Step	   *step;

	Assert(p >= 0 && p < 1);
	if (p <= 0 || !tape_is_recording(tape))
		return x;
	parallel_dropout(x->data, tensor_size(x), p, seed);
	step = record(tape, dropout_backward, NULL, NULL, x);
	if (step != NULL)
	{
		step->p = p;
		step->seed = seed;
	}
	return x;
}

/*
 * The first rows of x, sharing its numbers and its gradient: what flows into
 * the one flows into the other, so nothing is recorded.  x must have its
 * gradient before: what gives the view one later does not give it to x.
 */
Tensor *
tape_first_rows(Tape *tape, Tensor *x, int64 rows)
{
	Tensor	   *view = tape_alloc(tape, 1, sizeof(Tensor));

	check_shape(rows >= 0 && rows <= x->rows, "first_rows");
	*view = *x;
	view->rows = rows;
	return view;
}

static void
l2_normalize_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	if (s->x->grad != NULL)
		parallel_l2_normalize_backward(s->y->data, s->saved_rows, s->y->grad, s->x->grad, s->x->rows, s->x->cols);
}

/* A new tensor with the rows of x scaled to length 1; zero rows stay zero. */
Tensor *
tape_l2_normalize(Tape *tape, Tensor *x)
{
	Tensor	   *y = result_tensor(tape, NULL, x->rows, x->cols, x->grad != NULL, "l2_normalize");
	float	   *norms = tape_alloc(tape, x->rows, sizeof(float));
	Step	   *step;

	parallel_l2_normalize(x->data, y->data, norms, x->rows, x->cols);
	step = record(tape, l2_normalize_backward, x, NULL, y);
	if (step != NULL)
		step->saved_rows = norms;
	return y;
}

static void
layer_norm_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	parallel_layer_norm_backward(s->saved, s->saved_rows, s->w->data, s->y->grad, s->x->grad, s->w->grad,
							   s->bias->grad, s->x->rows, s->x->cols);
}

/*
 * A new tensor: the rows of x brought to mean 0 and variance 1, times gain
 * [1 x cols], plus bias [1 x cols].
 */
Tensor *
tape_layer_norm(Tape *tape, Tensor *x, Tensor *gain, Tensor *bias)
{
	bool		needs_grad = x->grad != NULL || gain->grad != NULL || bias->grad != NULL;
	Tensor	   *y;
	float	   *normal;
	float	   *inverse;
	Step	   *step;

	check_shape(tensor_size(gain) == x->cols && tensor_size(bias) == x->cols, "layer_norm");
	y = result_tensor(tape, NULL, x->rows, x->cols, needs_grad, "layer_norm");
	normal = tape_alloc(tape, tensor_size(x), sizeof(float));
	inverse = tape_alloc(tape, x->rows, sizeof(float));
	parallel_layer_norm(x->data, gain->data, bias->data, normal, y->data, inverse, x->rows, x->cols);
	step = record(tape, layer_norm_backward, x, gain, y);
	if (step != NULL)
	{
		step->bias = bias;
		step->saved = normal;
		step->saved_rows = inverse;
	}
	return y;
}

/* The kernels have made d loss / d x in the forward; the rest is a factor. */
static void
loss_backward(Tape *tape, void *arg)
{
	Step	   *s = arg;

	kernel_axpy(s->x->grad, s->y->grad[0], s->saved, tensor_size(s->x));
}

/* Where a loss is to put its gradient: NULL if nobody wants it. */
static float *
loss_gradient(Tape *tape, const Tensor *x)
{
	if (!tape_is_recording(tape) || x->grad == NULL)
		return NULL;
	return tape_alloc(tape, tensor_size(x), sizeof(float));
}

/* The 1 x 1 result of a loss, and its step. */
static Tensor *
loss_result(Tape *tape, Tensor *x, double loss, float *gradient)
{
	Tensor	   *y = result_tensor(tape, NULL, 1, 1, gradient != NULL, "loss");
	Step	   *step;

	y->data[0] = (float) loss;
	step = record(tape, loss_backward, x, NULL, y);
	if (step != NULL)
		step->saved = gradient;
	return y;
}

/* Binary cross-entropy; targets [rows x cols] in [0, 1]. */
Tensor *
tape_loss_bce(Tape *tape, Tensor *logits, const float *targets, const float *weights)
{
	float	   *gradient = loss_gradient(tape, logits);
	double		loss = kernel_loss_bce(logits->data, targets, weights, gradient, logits->rows, logits->cols);

	return loss_result(tape, logits, loss, gradient);
}

/* Cross-entropy over the columns; classes [rows] in [0, cols). */
Tensor *
tape_loss_ce(Tape *tape, Tensor *logits, const int32 *classes, const float *weights)
{
	float	   *gradient = loss_gradient(tape, logits);
	double		loss = kernel_loss_ce(logits->data, classes, weights, gradient, logits->rows, logits->cols);

	return loss_result(tape, logits, loss, gradient);
}

Tensor *
tape_loss_mse(Tape *tape, Tensor *values, const float *targets, const float *weights)
{
	float	   *gradient = loss_gradient(tape, values);
	double		loss = kernel_loss_mse(values->data, targets, weights, gradient, values->rows, values->cols);

	return loss_result(tape, values, loss, gradient);
}

Tensor *
tape_loss_mae(Tape *tape, Tensor *values, const float *targets, const float *weights)
{
	float	   *gradient = loss_gradient(tape, values);
	double		loss = kernel_loss_mae(values->data, targets, weights, gradient, values->rows, values->cols);

	return loss_result(tape, values, loss, gradient);
}

/* Quadratic within delta of the target, linear beyond. */
Tensor *
tape_loss_huber(Tape *tape, Tensor *values, const float *targets, const float *weights, float delta)
{
	float	   *gradient = loss_gradient(tape, values);
	double		loss = kernel_loss_huber(values->data, targets, weights, delta, gradient,
										 values->rows, values->cols);

	return loss_result(tape, values, loss, gradient);
}
