/*
 * optim.c
 *		Adam (Kingma and Ba 2015) over a parameter block, with the gradient
 *		clipped by its norm.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "tensor/kernel_dense.h"
#include "tensor/parallel.h"
#include "train/optim.h"

/* Numbers that a thread takes at a time: some 10 us. */
#define STRETCH		INT64CONST(16384)

Optim *
optim_create(ParamBlock *params, double learning_rate, double weight_decay, double clip)
{
	Optim	   *optim = palloc0(sizeof(Optim));

	optim->params = params;
	optim->m = memory_alloc_table_zero(param_size(params), sizeof(float));
	optim->v = memory_alloc_table_zero(param_size(params), sizeof(float));
	optim->squares = memory_alloc(param_size(params) / STRETCH + 1, sizeof(double));
	optim->learning_rate = learning_rate;
	optim->weight_decay = weight_decay;
	optim->clip = clip;
	return optim;
}

/* The sum of squares of each stretch, for optim_norm(). */
static void
norm_task(void *arg, int64 from, int64 to)
{
	Optim	   *optim = arg;

	optim->squares[from / STRETCH] = kernel_sum_squares(param_grad(optim->params) + from, to - from);
}

/* The norm of the gradient, added up in an order of its own. */
static double
optim_norm(Optim *optim)
{
	int64		n = param_size(optim->params);
	double		sum = 0;

	parallel_for(n, STRETCH, norm_task, optim);
	for (int64 i = 0; i * STRETCH < n; i++)
		sum += optim->squares[i];
	return sqrt(sum);
}

/* Adam for a stretch of one parameter. */
typedef struct AdamArgs
{
	const Optim *optim;
	const Tensor *param;
	double		decay;
	double		scale;
} AdamArgs;

static void
adam_task(void *arg, int64 from, int64 to)
{
	const AdamArgs *args = arg;
	const Optim *optim = args->optim;
	const Tensor *param = args->param;
	int64		at = param->data - param_data(optim->params) + from;

	kernel_adam(param->data + from, param->grad + from, optim->m + at, optim->v + at, to - from,
				(float) optim->learning_rate, 0.9f, 0.999f, 1e-8f,
				(float) args->decay, (float) args->scale, optim->step);
}

/*
 * One step along the gradients, which are zeroed.  False if they are not
 * finite; then nothing was changed.
 */
bool
optim_step(Optim *optim)
{
	double		norm = optim_norm(optim);

	if (!isfinite(norm))
		return false;
	optim->step++;
	for (int i = 0; i < param_count(optim->params); i++)
	{
		AdamArgs	args = {
			.optim = optim, .param = param_tensor(optim->params, i),
			.decay = param_decays(optim->params, i) ? optim->weight_decay : 0,
			.scale = optim->clip > 0 && norm > optim->clip ? optim->clip / norm : 1
		};

		parallel_for(args.param->rows * args.param->cols, STRETCH, adam_task, &args);
	}
	return true;
}
