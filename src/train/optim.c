/*
 * optim.c
 *		Adam (Kingma and Ba 2015) over a parameter block, with the gradient
 *		clipped by its norm.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "tensor/kernel_dense.h"
#include "train/optim.h"

Optim *
optim_create(ParamBlock *params, double learning_rate, double weight_decay, double clip)
{
	Optim	   *optim = palloc0(sizeof(Optim));

	optim->params = params;
	optim->m = memory_alloc_zero(param_size(params), sizeof(float));
	optim->v = memory_alloc_zero(param_size(params), sizeof(float));
	optim->learning_rate = learning_rate;
	optim->weight_decay = weight_decay;
	optim->clip = clip;
	return optim;
}

/*
 * One step along the gradients, which are zeroed.  False if they are not
 * finite; then nothing was changed.
 */
bool
optim_step(Optim *optim)
{
	int64		n = param_size(optim->params);
	float	   *grad = param_grad(optim->params);
	double		norm = sqrt(kernel_sum_squares(grad, n));
	double		scale = optim->clip > 0 && norm > optim->clip ? optim->clip / norm : 1;

	if (!isfinite(norm))
		return false;
	optim->step++;
	for (int i = 0; i < param_count(optim->params); i++)
	{
		Tensor	   *param = param_tensor(optim->params, i);
		int64		at = param->data - param_data(optim->params);

		CHECK_FOR_INTERRUPTS();
		kernel_adam(param->data, param->grad, optim->m + at, optim->v + at, param->rows * param->cols,
					(float) optim->learning_rate, 0.9f, 0.999f, 1e-8f,
					param_decays(optim->params, i) ? (float) optim->weight_decay : 0, (float) scale, optim->step);
	}
	memset(grad, 0, n * sizeof(float));
	return true;
}
