/*
 * edge_checks.c
 *		Features of edges: all paths through the network give the same, its
 *		gradients are those of central differences, and what the edges add is
 *		the mean that SQL finds.
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "reference_test.h"

/* Far from the corners of relu the differences of floats are good to about three digits. */
#define STEP		1e-2f
#define TOLERANCE	2e-2

static bool
same(const char *what, const float *a, const float *b, int64 n)
{
	for (int64 i = 0; i < n; i++)
	{
		if (!(fabsf(a[i] - b[i]) < 1e-5f))
		{
			elog(NOTICE, "%s: number " INT64_FORMAT " is %g and %g", what, i, a[i], b[i]);
			return false;
		}
	}
	return true;
}

static bool
check_stores(Network *network)
{
	Tensor	   *resident = run_forward(network, 0, tape_create(CurrentMemoryContext, false), NULL);
	Tensor	   *live = run_forward(network, 1, tape_create(CurrentMemoryContext, false), NULL);

	return same("logits", resident->data, live->data, resident->rows * resident->cols);
}

static bool
check_table(Network *network)
{
	Tensor	   *logits = run_forward(network, 0, tape_create(CurrentMemoryContext, false), NULL);
	int32	   *nodes = network_find(network, 0, network->spec->node_type, network->seed_keys, network->nseeds);
	float	   *all = palloc(network->nseeds * logits->cols * sizeof(float));
	ForwardTime time = {.at = STORE_ALWAYS};
	ModelOutput output;

	model_forward_table(network->model, network->stores[0], network->tables[0], network->spec->fanout, &time, false,
						&output);
	for (int i = 0; i < network->nseeds; i++)
		memcpy(all + i * logits->cols, output.logits + nodes[i] * logits->cols, logits->cols * sizeof(float));
	return same("logits of the table", logits->data, all, logits->rows * logits->cols);
}

/* Of the weights of edges only; the others' are held to PyTorch's. */
static bool
check_gradients(Network *network)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "differences", ALLOCSET_DEFAULT_SIZES);
	ParamBlock *params = network->model->params;
	float	   *gradients = palloc(param_size(params) * sizeof(float));
	int			checked = 0;
	bool		ok = true;

	/* gradients add up, and each loss below comes with some */
	(void) run_backward(network, tape_create(CurrentMemoryContext, true));
	memcpy(gradients, param_grad(params), param_size(params) * sizeof(float));
	for (int r = 0; r < network->graph->nrelations; r++)
	{
		Tensor	   *weight = network->model->edges[r] != NULL ? network->model->edges[r][0] : NULL;

		for (int64 i = 0; weight != NULL && i < weight->rows * weight->cols; i++)
		{
			MemoryContext old = MemoryContextSwitchTo(cxt);
			float		start = weight->data[i];
			double		gradient = gradients[weight->grad - param_grad(params) + i];
			double		difference;

			weight->data[i] = start + STEP;
			difference = run_backward(network, tape_create(cxt, true));
			weight->data[i] = start - STEP;
			difference = (difference - run_backward(network, tape_create(cxt, true))) / (2 * STEP);
			weight->data[i] = start;
			MemoryContextSwitchTo(old);
			MemoryContextReset(cxt);
			checked += gradient != 0;
			if (!(fabs(gradient - difference) <= TOLERANCE * fabs(difference) + 1e-4))
			{
				elog(NOTICE, "gradient of edge weight " INT64_FORMAT " of relation %d is %g instead of %g", i, r, gradient,
					 difference);
				ok = false;
			}
		}
	}
	memset(param_grad(params), 0, param_size(params) * sizeof(float));
	return ok && checked > 0;
}

/*
 * The same convolution without its shortcuts: rows of edges reach it one by
 * one, and rows of sources are projected where they are needed.
 */
static bool
check_plain(Network *network)
{
	ConvKind	plain = conv_sage;
	const ConvKind *kind = network->spec->conv;
	Tensor	   *logits = run_forward(network, 0, tape_create(CurrentMemoryContext, false), NULL);
	Tensor	   *other;
	bool		ok;

	plain.linear_mean = false;
	network->spec->conv = &plain;
	other = run_forward(network, 0, tape_create(CurrentMemoryContext, false), NULL);
	ok = same("logits without shortcuts", logits->data, other->data, logits->rows * logits->cols) &&
		check_table(network) && check_gradients(network);
	network->spec->conv = kind;
	return ok;
}

const ReferenceCheck edge_checks[] = {
	{"live and resident", check_stores},
	{"whole table", check_table},
	{"gradients", check_gradients},
	{"without shortcuts", check_plain},
	{NULL, NULL}
};

/*
 * With no weights but +1 and -1 from the first column of the relation's edges
 * to two states, which the second layer keeps, the states of a seed are the
 * positive and the negative part of the mean.
 */
float *
edge_means(Network *network, const char *relation)
{
	Model	   *model = network->model;
	int			r = graph_find_relation(network->graph, relation);
	int			type = network->spec->node_type;
	float	   *means = palloc(network->nseeds * sizeof(float));
	Tensor	   *self = model_conv(model, 2, type)[0];
	Tensor	   *hidden;

	memset(param_data(model->params), 0, param_size(model->params) * sizeof(float));
	model->edges[r][0]->data[0] = 1;
	model->edges[r][0]->data[1] = -1;
	self->data[0] = self->data[self->cols + 1] = 1;
	(void) run_forward(network, 0, tape_create(CurrentMemoryContext, false), &hidden);
	for (int i = 0; i < network->nseeds; i++)
		means[i] = hidden->data[i * hidden->cols] - hidden->data[i * hidden->cols + 1];
	return means;
}
