/*
 * tensor_test.c
 *		Runs the cases: every operation against a reference in double, every
 *		backward against central differences of that reference.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/random.h"
#include "tensor_test.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(tensor_test_op);
PG_FUNCTION_INFO_V1(tensor_test_kernel);

#define STEP	1e-5			/* of the central differences */

/* The tensors of one run of a case, and the numbers that weigh its result. */
typedef struct Run
{
	const OpCase *test;
	TestData	data;
	int			ninputs;
	Tensor	   *in[MAX_INPUTS];
	double	   *reference_in[MAX_INPUTS];
	double	   *reference_out;
	int64		nout;
} Run;

float
test_number(uint64 seed, int64 i)
{
	uint64		bits = random_hash(seed, (uint64) i);
	float		size = 0.1f + (float) random_unit(bits);

	return (bits & 1) ? size : -size;
}

bool
test_close(double value, double expected, double tolerance)
{
	return fabs(value - expected) <= tolerance * Max(1.0, fabs(expected));
}

/* Row 0 is empty, row 1 has one entry, row 3 is empty, row 5 weighs nothing. */
static void
make_data(TestData *data, int64 cols)
{
	static const int64 offsets[DST_ROWS + 1] = {0, 0, 1, 5, 5, 14, 16};
	static const int32 ids[16] = {4, 0, 2, 5, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 2, 7};

	data->cols = cols;
	memcpy(data->offsets, offsets, sizeof(offsets));
	data->ids = palloc(sizeof(ids));
	memcpy(data->ids, ids, sizeof(ids));
	data->values = palloc(16 * sizeof(float));
	for (int i = 0; i < 16; i++)
		data->values[i] = i < 14 ? fabsf(test_number(1, i)) : 0;

	data->targets = palloc(DST_ROWS * cols * sizeof(float));
	for (int64 i = 0; i < DST_ROWS * cols; i++)
		data->targets[i] = (float) random_unit(random_hash(2, (uint64) i));
	data->row_weights = palloc(DST_ROWS * sizeof(float));
	data->classes = palloc(DST_ROWS * sizeof(int32));
	for (int i = 0; i < DST_ROWS; i++)
	{
		data->row_weights[i] = i == 2 ? 0 : fabsf(test_number(3, i));
		data->classes[i] = (int32) random_below(random_hash(4, (uint64) i), (uint64) cols);
	}
}

/* Inputs are like parameters: their gradients belong to the caller. */
static void
make_inputs(Run *run)
{
	const OpCase *test = run->test;

	run->ninputs = 0;
	for (int k = 0; k < MAX_INPUTS && test->rows[k] != 0; k++)
	{
		Tensor	   *in = palloc(sizeof(Tensor));
		int64		n;

		in->rows = test->rows[k] == COLS ? run->data.cols : test->rows[k];
		in->cols = test->cols[k] == COLS ? run->data.cols : test->cols[k];
		n = in->rows * in->cols;
		in->data = palloc(n * sizeof(float));
		in->grad = palloc0(n * sizeof(float));
		run->reference_in[k] = palloc(n * sizeof(double));
		for (int64 i = 0; i < n; i++)
		{
			in->data[i] = test_number(10 + (uint64) k, i);
			run->reference_in[k][i] = in->data[i];
		}
		run->in[k] = in;
		run->ninputs++;
	}
}

/* What weighs the i'th number of the result in the loss; losses weigh 1. */
static double
out_weight(const Run *run, int64 i)
{
	return run->nout == 1 ? 1 : test_number(20, i);
}

typedef struct DotStep
{
	const Run  *run;
	Tensor	   *y;
	Tensor	   *loss;
} DotStep;

static void
dot_backward(Tape *tape, void *arg)
{
	DotStep    *s = arg;

	for (int64 i = 0; i < s->run->nout; i++)
		s->y->grad[i] += s->loss->grad[0] * (float) out_weight(s->run, i);
}

/* loss = sum of out_weight * y: an operation made outside of tape_ops.c */
static Tensor *
dot(Tape *tape, const Run *run, Tensor *y)
{
	Tensor	   *loss = tape_tensor(tape, 1, 1);
	DotStep    *step = tape_record(tape, dot_backward, sizeof(DotStep));

	step->run = run;
	step->y = y;
	step->loss = loss;
	loss->data[0] = 0;			/* nobody looks at it */
	return loss;
}

static double
reference_loss(Run *run)
{
	double		loss = 0;

	run->test->reference(run->reference_in, &run->data, run->reference_out);
	for (int64 i = 0; i < run->nout; i++)
		loss += out_weight(run, i) * run->reference_out[i];
	return loss;
}

/* The result against the reference. */
static bool
check_forward(Run *run, const Tensor *y)
{
	bool		ok = true;

	(void) reference_loss(run);
	for (int64 i = 0; i < run->nout; i++)
	{
		if (!test_close(y->data[i], run->reference_out[i], run->test->tolerance))
			ok = false;
	}
	if (!ok)
		elog(NOTICE, "%s: wrong result", run->test->name);
	return ok;
}

/* The gradient of one input against central differences. */
static bool
check_gradient(Run *run, int k)
{
	Tensor	   *in = run->in[k];
	double	   *x = run->reference_in[k];

	for (int64 i = 0; i < in->rows * in->cols; i++)
	{
		double		before = x[i];
		double		up;
		double		down;
		double		expected;

		x[i] = before + STEP;
		up = reference_loss(run);
		x[i] = before - STEP;
		down = reference_loss(run);
		x[i] = before;
		expected = (up - down) / (2 * STEP);
		if (!test_close(in->grad[i], expected, run->test->tolerance))
		{
			elog(NOTICE, "%s: gradient of input %d at %d: %g instead of %g",
				 run->test->name, k, (int) i, in->grad[i], expected);
			return false;
		}
	}
	return true;
}

/* A tape that does not record gives the same numbers and no gradient. */
static bool
check_inference(Run *run, const Tensor *y)
{
	Tape	   *tape = tape_create(CurrentMemoryContext, false);
	Tensor	   *z = run->test->forward(tape, run->in, &run->data);

	if (z->grad == NULL && memcmp(y->data, z->data, run->nout * sizeof(float)) == 0)
		return true;
	elog(NOTICE, "%s: inference differs", run->test->name);
	return false;
}

static bool
run_case(const OpCase *test, int64 cols)
{
	Tape	   *tape = tape_create(CurrentMemoryContext, true);
	Run			run;
	Tensor	   *y;
	bool		ok;

	run.test = test;
	make_data(&run.data, cols);
	make_inputs(&run);

	y = test->forward(tape, run.in, &run.data);
	run.nout = y->rows * y->cols;
	run.reference_out = palloc(run.nout * sizeof(double));
	ok = check_forward(&run, y);
	if (strcmp(test->name, "dropout") != 0)
		ok = check_inference(&run, y) && ok;

	tape_backward(tape, dot(tape, &run, y));
	for (int k = 0; k < run.ninputs; k++)
		ok = check_gradient(&run, k) && ok;
	return ok;
}

/* tensor_test_op(name text, cols int) -> bool */
Datum
tensor_test_op(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (const OpCase *test = op_cases; test->name != NULL; test++)
	{
		if (strcmp(test->name, name) == 0)
			PG_RETURN_BOOL(run_case(test, PG_GETARG_INT32(1)));
	}
	elog(ERROR, "there is no case \"%s\"", name);
}

/* tensor_test_kernel(name text) -> bool */
Datum
tensor_test_kernel(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (const KernelCase *test = kernel_cases; test->name != NULL; test++)
	{
		if (strcmp(test->name, name) == 0)
			PG_RETURN_BOOL(test->test());
	}
	elog(ERROR, "there is no case \"%s\"", name);
}
