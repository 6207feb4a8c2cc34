/*
 * op_cases.c
 *		Every operation of a tape, each with the reference beside it.
 */
#include "postgres.h"

#include <math.h>

#include "tensor/kernel_dense.h"
#include "tensor_test.h"

#define DROP_P		0.4f
#define DROP_SEED	UINT64CONST(77)
#define HUBER_DELTA 0.5

/* What all entries of sparse rows are multiplied by. */
#define SPARSE_SCALE	1.25

/* What operations in place may change: a copy of an input. */
static Tensor *
copy(Tape *tape, Tensor *x)
{
	return tape_add(tape, tape_zeros(tape, x->rows, x->cols), x);
}

static SparseRows
sparse_rows(const TestData *data, bool values)
{
	SparseRows	x = {DST_ROWS, SRC_ROWS, data->offsets, data->ids, values ? data->values : NULL, SPARSE_SCALE};

	return x;
}

/* ---- matmul: x [6 x cols], w [cols x 5] ---- */

static Tensor *
matmul(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_matmul(tape, in[0], in[1], NULL);
}

static void
matmul_reference(double **in, const TestData *data, double *out)
{
	for (int64 r = 0; r < DST_ROWS; r++)
	{
		for (int64 c = 0; c < OUT_COLS; c++)
		{
			double	   *y = &out[r * OUT_COLS + c];

			*y = 0;
			for (int64 k = 0; k < data->cols; k++)
				*y += in[0][r * data->cols + k] * in[1][k * OUT_COLS + c];
		}
	}
}

/* the same added into z [6 x 5] */
static Tensor *
matmul_into(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_matmul(tape, in[0], in[1], copy(tape, in[2]));
}

static void
matmul_into_reference(double **in, const TestData *data, double *out)
{
	matmul_reference(in, data, out);
	for (int64 i = 0; i < DST_ROWS * OUT_COLS; i++)
		out[i] += in[2][i];
}

/* ---- sparse_matmul: w [9 x cols] ---- */

static Tensor *
sparse(Tape *tape, Tensor **in, const TestData *data)
{
	SparseRows	x = sparse_rows(data, true);

	return tape_sparse_matmul(tape, &x, in[0], NULL);
}

static Tensor *
sparse_ones(Tape *tape, Tensor **in, const TestData *data)
{
	SparseRows	x = sparse_rows(data, false);

	return tape_sparse_matmul(tape, &x, in[0], NULL);
}

static Tensor *
sparse_into(Tape *tape, Tensor **in, const TestData *data)
{
	SparseRows	x = sparse_rows(data, true);

	return tape_sparse_matmul(tape, &x, in[0], copy(tape, in[1]));
}

/* the same to be added only */
static Tensor *
sparse_project(Tape *tape, Tensor **in, const TestData *data)
{
	SparseRows	x = sparse_rows(data, true);

	return tape_add(tape, tape_zeros(tape, DST_ROWS, data->cols), tape_sparse_project(tape, &x, in[0]));
}

/* out [6 x cols] = for each row, sum of weight * in over its entries, scaled, or their mean */
static void
sum_entries(const double *in, const TestData *data, bool weighted, bool mean, double *out)
{
	for (int64 r = 0; r < DST_ROWS; r++)
	{
		double		total = 0;

		for (int64 c = 0; c < data->cols; c++)
			out[r * data->cols + c] = 0;
		for (int64 e = data->offsets[r]; e < data->offsets[r + 1]; e++)
			total += weighted ? data->values[e] : 1;
		if (!mean)
			total = 1 / SPARSE_SCALE;
		if (total == 0)
			continue;
		for (int64 e = data->offsets[r]; e < data->offsets[r + 1]; e++)
		{
			double		share = (weighted ? data->values[e] : 1) / total;

			for (int64 c = 0; c < data->cols; c++)
				out[r * data->cols + c] += share * in[data->ids[e] * data->cols + c];
		}
	}
}

static void
add_input(const double *in, const TestData *data, double *out)
{
	for (int64 i = 0; i < DST_ROWS * data->cols; i++)
		out[i] += in[i];
}

static void
sparse_reference(double **in, const TestData *data, double *out)
{
	sum_entries(in[0], data, true, false, out);
}

static void
sparse_ones_reference(double **in, const TestData *data, double *out)
{
	sum_entries(in[0], data, false, false, out);
}

static void
sparse_into_reference(double **in, const TestData *data, double *out)
{
	sum_entries(in[0], data, true, false, out);
	add_input(in[1], data, out);
}

/* ---- segment_mean: x [9 x cols] ---- */

static Tensor *
segment(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_segment_mean(tape, in[0], DST_ROWS, data->offsets, data->ids, NULL, NULL);
}

static Tensor *
segment_weighted(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_segment_mean(tape, in[0], DST_ROWS, data->offsets, data->ids, data->values, NULL);
}

static Tensor *
segment_into(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_segment_mean(tape, in[0], DST_ROWS, data->offsets, data->ids, data->values, copy(tape, in[1]));
}

static void
segment_reference(double **in, const TestData *data, double *out)
{
	sum_entries(in[0], data, false, true, out);
}

static void
segment_weighted_reference(double **in, const TestData *data, double *out)
{
	sum_entries(in[0], data, true, true, out);
}

static void
segment_into_reference(double **in, const TestData *data, double *out)
{
	sum_entries(in[0], data, true, true, out);
	add_input(in[1], data, out);
}

/* ---- gather_rows: x [9 x cols], 16 rows, some twice ---- */

static Tensor *
gather_rows(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_gather_rows(tape, in[0], data->ids, 16);
}

static void
gather_rows_reference(double **in, const TestData *data, double *out)
{
	for (int64 i = 0; i < 16; i++)
		memcpy(out + i * data->cols, in[0] + data->ids[i] * data->cols, data->cols * sizeof(double));
}

/* ---- one input used twice, once through a view of its first rows ---- */

static Tensor *
first_rows(Tape *tape, Tensor **in, const TestData *data)
{
	Tensor	   *x = tape_relu(tape, copy(tape, in[0]));
	Tensor	   *y = copy(tape, tape_first_rows(tape, x, DST_ROWS));

	return tape_segment_mean(tape, x, DST_ROWS, data->offsets, data->ids, NULL, y);
}

static void
first_rows_reference(double **in, const TestData *data, double *out)
{
	double	   *x = palloc(SRC_ROWS * data->cols * sizeof(double));

	for (int64 i = 0; i < SRC_ROWS * data->cols; i++)
		x[i] = Max(in[0][i], 0);
	sum_entries(x, data, false, true, out);
	add_input(x, data, out);
	pfree(x);
}

/* ---- element-wise and row-wise: x [6 x cols] ---- */

static Tensor *
add(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_add(tape, copy(tape, in[0]), in[1]);
}

static void
add_reference(double **in, const TestData *data, double *out)
{
	for (int64 i = 0; i < DST_ROWS * data->cols; i++)
		out[i] = in[0][i] + in[1][i];
}

static Tensor *
add_bias(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_add_bias(tape, copy(tape, in[0]), in[1]);
}

static void
add_bias_reference(double **in, const TestData *data, double *out)
{
	for (int64 i = 0; i < DST_ROWS * data->cols; i++)
		out[i] = in[0][i] + in[1][i % data->cols];
}

static Tensor *
relu(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_relu(tape, copy(tape, in[0]));
}

static void
relu_reference(double **in, const TestData *data, double *out)
{
	for (int64 i = 0; i < DST_ROWS * data->cols; i++)
		out[i] = Max(in[0][i], 0);
}

/* both in place on the same numbers, as a convolution does it */
static Tensor *
dropout(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_dropout(tape, tape_relu(tape, copy(tape, in[0])), DROP_P, DROP_SEED);
}

static void
dropout_reference(double **in, const TestData *data, double *out)
{
	int64		n = DST_ROWS * data->cols;
	float	   *mask = palloc(n * sizeof(float));

	for (int64 i = 0; i < n; i++)
		mask[i] = 1;
	kernel_dropout(mask, n, 0, DROP_P, DROP_SEED);
	for (int64 i = 0; i < n; i++)
		out[i] = Max(in[0][i], 0) * mask[i];
	pfree(mask);
}

static Tensor *
l2_normalize(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_l2_normalize(tape, in[0]);
}

static void
l2_normalize_reference(double **in, const TestData *data, double *out)
{
	for (int64 r = 0; r < DST_ROWS; r++)
	{
		double	   *x = in[0] + r * data->cols;
		double		sum = 0;

		for (int64 c = 0; c < data->cols; c++)
			sum += x[c] * x[c];
		for (int64 c = 0; c < data->cols; c++)
			out[r * data->cols + c] = x[c] / sqrt(sum);
	}
}

static Tensor *
layer_norm(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_layer_norm(tape, in[0], in[1], in[2]);
}

static void
layer_norm_reference(double **in, const TestData *data, double *out)
{
	for (int64 r = 0; r < DST_ROWS; r++)
	{
		double	   *x = in[0] + r * data->cols;
		double		mean = 0;
		double		variance = 0;

		for (int64 c = 0; c < data->cols; c++)
			mean += x[c] / data->cols;
		for (int64 c = 0; c < data->cols; c++)
			variance += (x[c] - mean) * (x[c] - mean) / data->cols;
		for (int64 c = 0; c < data->cols; c++)
			out[r * data->cols + c] = (x[c] - mean) / sqrt(variance + 1e-5) * in[1][c] + in[2][c];
	}
}

/* ---- losses: x [6 x cols] ---- */

static Tensor *
loss_bce(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_loss_bce(tape, in[0], data->targets, data->row_weights);
}

static Tensor *
loss_ce(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_loss_ce(tape, in[0], data->classes, data->row_weights);
}

static Tensor *
loss_mse(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_loss_mse(tape, in[0], data->targets, NULL);
}

static Tensor *
loss_mae(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_loss_mae(tape, in[0], data->targets, data->row_weights);
}

static Tensor *
loss_huber(Tape *tape, Tensor **in, const TestData *data)
{
	return tape_loss_huber(tape, in[0], data->targets, data->row_weights, HUBER_DELTA);
}

static double
bce_term(double z, double t)
{
	double		p = 1 / (1 + exp(-z));

	return -t * log(p) - (1 - t) * log(1 - p);
}

static double
mse_term(double z, double t)
{
	return (z - t) * (z - t);
}

static double
mae_term(double z, double t)
{
	return fabs(z - t);
}

static double
huber_term(double z, double t)
{
	double		d = fabs(z - t);

	return d <= HUBER_DELTA ? d * d / 2 : HUBER_DELTA * (d - HUBER_DELTA / 2);
}

static void
mean_reference(double (*term) (double z, double t), const float *weights,
			   double **in, const TestData *data, double *out)
{
	double		sum = 0;
	double		total = 0;

	for (int64 i = 0; i < DST_ROWS * data->cols; i++)
	{
		double		weight = weights != NULL ? weights[i / data->cols] : 1;

		sum += weight * term(in[0][i], data->targets[i]);
		total += weight;
	}
	out[0] = sum / total;
}

static void
loss_bce_reference(double **in, const TestData *data, double *out)
{
	mean_reference(bce_term, data->row_weights, in, data, out);
}

static void
loss_mse_reference(double **in, const TestData *data, double *out)
{
	mean_reference(mse_term, NULL, in, data, out);
}

static void
loss_mae_reference(double **in, const TestData *data, double *out)
{
	mean_reference(mae_term, data->row_weights, in, data, out);
}

static void
loss_huber_reference(double **in, const TestData *data, double *out)
{
	mean_reference(huber_term, data->row_weights, in, data, out);
}

static void
loss_ce_reference(double **in, const TestData *data, double *out)
{
	double		sum = 0;
	double		total = 0;

	for (int64 r = 0; r < DST_ROWS; r++)
	{
		double	   *z = in[0] + r * data->cols;
		double		all = 0;

		for (int64 c = 0; c < data->cols; c++)
			all += exp(z[c]);
		sum += data->row_weights[r] * -log(exp(z[data->classes[r]]) / all);
		total += data->row_weights[r];
	}
	out[0] = sum / total;
}

const OpCase op_cases[] = {
	{"matmul", {DST_ROWS, COLS}, {COLS, OUT_COLS}, 1e-5, matmul, matmul_reference},
	{"matmul_into", {DST_ROWS, COLS, DST_ROWS}, {COLS, OUT_COLS, OUT_COLS}, 1e-5, matmul_into, matmul_into_reference},
	{"sparse_matmul", {SRC_ROWS}, {COLS}, 1e-5, sparse, sparse_reference},
	{"sparse_matmul_ones", {SRC_ROWS}, {COLS}, 1e-5, sparse_ones, sparse_ones_reference},
	{"sparse_matmul_into", {SRC_ROWS, DST_ROWS}, {COLS, COLS}, 1e-5, sparse_into, sparse_into_reference},
	{"sparse_project", {SRC_ROWS}, {COLS}, 1e-5, sparse_project, sparse_reference},
	{"segment_mean", {SRC_ROWS}, {COLS}, 1e-5, segment, segment_reference},
	{"segment_mean_weighted", {SRC_ROWS}, {COLS}, 1e-5, segment_weighted, segment_weighted_reference},
	{"segment_mean_into", {SRC_ROWS, DST_ROWS}, {COLS, COLS}, 1e-5, segment_into, segment_into_reference},
	{"gather_rows", {SRC_ROWS}, {COLS}, 1e-5, gather_rows, gather_rows_reference},
	{"first_rows", {SRC_ROWS}, {COLS}, 1e-5, first_rows, first_rows_reference},
	{"add", {DST_ROWS, DST_ROWS}, {COLS, COLS}, 1e-5, add, add_reference},
	{"add_bias", {DST_ROWS, 1}, {COLS, COLS}, 1e-5, add_bias, add_bias_reference},
	{"relu", {DST_ROWS}, {COLS}, 1e-5, relu, relu_reference},
	{"dropout", {DST_ROWS}, {COLS}, 1e-5, dropout, dropout_reference},
	{"l2_normalize", {DST_ROWS}, {COLS}, 1e-5, l2_normalize, l2_normalize_reference},
	{"layer_norm", {DST_ROWS, 1, 1}, {COLS, COLS, COLS}, 1e-4, layer_norm, layer_norm_reference},
	{"loss_bce", {DST_ROWS}, {COLS}, 1e-5, loss_bce, loss_bce_reference},
	{"loss_ce", {DST_ROWS}, {COLS}, 1e-5, loss_ce, loss_ce_reference},
	{"loss_mse", {DST_ROWS}, {COLS}, 1e-5, loss_mse, loss_mse_reference},
	{"loss_mae", {DST_ROWS}, {COLS}, 1e-5, loss_mae, loss_mae_reference},
	{"loss_huber", {DST_ROWS}, {COLS}, 1e-5, loss_huber, loss_huber_reference},
	{NULL}
};
