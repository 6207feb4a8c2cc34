/*
 * reference_checks.c
 *		What a network gives against what it should give.
 *
 * The frozen numbers were computed in double, the network works in float;
 * they must agree to 1e-4.
 */
#include "postgres.h"

#include <math.h>

#include "reference_test.h"

#define TOLERANCE	1e-4

static double
largest(const float *numbers, int64 n)
{
	double		result = 0;

	for (int64 i = 0; i < n; i++)
		result = Max(result, fabs(numbers[i]));
	return result;
}

/*
 * Relative to each number, or to a hundredth of the largest where a number is
 * smaller than that.
 */
static bool
same_numbers(const char *what, const float *numbers, const float *expected, int64 n)
{
	double		floor = largest(expected, n) / 100;

	for (int64 i = 0; i < n; i++)
	{
		if (!(fabs((double) numbers[i] - expected[i]) <= TOLERANCE * Max(fabs(expected[i]), floor)))
		{
			elog(NOTICE, "%s: number %d is %g instead of %g", what, (int) i, numbers[i], expected[i]);
			return false;
		}
	}
	return true;
}

/* ------------------------------------------------------------------------
 * Rows and outputs
 * ------------------------------------------------------------------------
 */

/* One encoded row, the sparse part written out. */
static void
write_out_row(FeatureTable *table, int32 node, int dense, int sparse, float *row)
{
	SparseRows	rows = feature_table_sparse(table);

	memcpy(row, feature_table_dense(table) + (int64) node * dense, dense * sizeof(float));
	memset(row + dense, 0, sparse * sizeof(float));
	for (int64 e = rows.offsets[node]; e < rows.offsets[node + 1]; e++)
		row[dense + rows.ids[e]] = rows.values != NULL ? rows.values[e] : 1;
}

static bool
check_rows(Network *network)
{
	for (int i = 0; i < 2 * network->graph->nnode_types; i++)
	{
		int			type = i / 2;
		int			store = i % 2;
		const ReferenceRows *expected = &network->rows[type];
		const FeatureSet *features = network->spec->features[type];
		int			width = expected->dense + expected->sparse;
		float	   *rows = palloc(expected->count * width * sizeof(float));
		int32	   *nodes = network_find(network, store, type, expected->keys, expected->count);

		if (feature_dense_width(features) != expected->dense || feature_sparse_width(features) != expected->sparse)
		{
			elog(NOTICE, "rows of type %d are %d + %d wide instead of %d + %d", type, feature_dense_width(features),
				 feature_sparse_width(features), expected->dense, expected->sparse);
			return false;
		}
		for (int k = 0; k < expected->count; k++)
			write_out_row(network->tables[store][type], nodes[k], expected->dense, expected->sparse, rows + k * width);
		if (!same_numbers("encoded rows", rows, expected->rows, (int64) expected->count * width))
			return false;
	}
	return true;
}

/* A pass through the network from one of the stores. */
Tensor *
run_forward(Network *network, int store, Tape *tape, Tensor **hidden)
{
	int			type = network->spec->node_type;
	SampleOptions sampling = {.fanout = network->spec->fanout};
	ForwardOptions options = {.dropout = 0};
	Sample	   *sample = neighbor_sample(network->stores[store], network->graph, type,
										 network_find(network, store, type, network->seed_keys, network->nseeds),
										 NULL, network->nseeds, &sampling);

	return model_forward(network->model, tape, sample, network->tables[store], &options, hidden);
}

static bool
check_store(Network *network, int store)
{
	const ReferenceCase *expected = network->expected;
	Tape	   *tape = tape_create(CurrentMemoryContext, false);
	Tensor	   *hidden;
	Tensor	   *logits = run_forward(network, store, tape, &hidden);

	return logits->rows == network->nseeds && logits->cols == expected->noutputs &&
		same_numbers("logits", logits->data, expected->logits, logits->rows * logits->cols) &&
		same_numbers("hidden states", hidden->data, expected->hidden, hidden->rows * hidden->cols);
}

static bool
check_resident(Network *network)
{
	return check_store(network, 0);
}

static bool
check_live(Network *network)
{
	return check_store(network, 1);
}

/* All nodes layer by layer give the seeds the same. */
static bool
check_table(Network *network)
{
	const ReferenceCase *expected = network->expected;
	int			noutputs = expected->noutputs;
	int			width = network->spec->hidden;
	int32	   *nodes = network_find(network, 0, network->spec->node_type, network->seed_keys, network->nseeds);
	float	   *logits = palloc(network->nseeds * noutputs * sizeof(float));
	float	   *hidden = palloc(network->nseeds * width * sizeof(float));
	ForwardTime time = {.at = STORE_ALWAYS};
	ModelOutput output;

	model_forward_table(network->model, network->stores[0], network->tables[0], network->spec->fanout, &time, true,
						&output);
	for (int i = 0; i < network->nseeds; i++)
	{
		memcpy(logits + i * noutputs, output.logits + (int64) nodes[i] * noutputs, noutputs * sizeof(float));
		memcpy(hidden + i * width, output.hidden + (int64) nodes[i] * width, width * sizeof(float));
	}
	return same_numbers("logits", logits, expected->logits, network->nseeds * noutputs) &&
		same_numbers("hidden states", hidden, expected->hidden, network->nseeds * width);
}

/* Probabilities, or values in the labels' own scale. */
static bool
check_outputs(Network *network)
{
	Tape	   *tape = tape_create(CurrentMemoryContext, false);
	Tensor	   *logits = run_forward(network, 0, tape, NULL);

	model_activate(network->spec, logits->data, logits->rows);
	for (int64 i = 0; network->spec->task == TASK_REGRESSION && i < logits->rows; i++)
		logits->data[i] = (float) model_number(network->spec, logits->data[i]);
	return same_numbers("outputs", logits->data, network->expected->activated, logits->rows * logits->cols);
}

/* ------------------------------------------------------------------------
 * Training
 * ------------------------------------------------------------------------
 */

/* One pass forward and back: its loss; the gradients are in the parameters. */
double
run_backward(Network *network, Tape *tape)
{
	const ReferenceCase *expected = network->expected;
	int64	   *rows = palloc(network->nseeds * sizeof(int64));
	float	   *weights = NULL;
	Tensor	   *loss;

	for (int i = 0; i < network->nseeds; i++)
		rows[i] = i;
	if (expected->class_weights != NULL)
	{
		JsonbValue	option;

		json_value(expected->class_weights, &option);
		weights = labels_weights(network->labels, &option);
	}
	loss = loss_batch(tape, run_forward(network, 0, tape, NULL), network->labels, rows, network->nseeds,
					  loss_choose(expected->task, expected->loss), expected->huber_delta, weights);
	tape_backward(tape, loss);
	return loss->data[0];
}

static bool
check_gradients(Network *network)
{
	ParamBlock *params = network->model->params;
	bool		ok = true;

	(void) run_backward(network, tape_create(CurrentMemoryContext, true));
	for (int i = 0; i < network->expected->nparams && ok; i++)
	{
		const ReferenceParam *expected = &network->expected->params[i];
		Tensor	   *param = param_tensor(params, param_find(params, expected->name));

		ok = same_numbers(expected->name, param->grad, expected->gradient, param->rows * param->cols);
	}
	memset(param_grad(params), 0, param_size(params) * sizeof(float));
	return ok;
}

/* Ten steps on the same batch; changes the weights, so it stands last. */
static bool
check_losses(Network *network)
{
	const ReferenceCase *expected = network->expected;
	Tape	   *tape = tape_create(CurrentMemoryContext, true);
	Optim	   *optim = optim_create(network->model->params, expected->learning_rate, expected->weight_decay,
									 expected->clip);
	float	   *losses = palloc(network->nsteps * sizeof(float));
	bool		ok = true;

	for (int step = 0; step < network->nsteps; step++)
	{
		losses[step] = (float) run_backward(network, tape);
		if (!optim_step(optim))
			elog(ERROR, "gradients are not finite");
		tape_reset(tape);
	}
	for (int step = 0; step < network->nsteps && ok; step++)
		ok = same_numbers(psprintf("loss of step %d", step + 1), &losses[step], &expected->losses[step], 1);
	return ok;
}

const ReferenceCheck reference_checks[] = {
	{"encoded rows", check_rows},
	{"resident", check_resident},
	{"live", check_live},
	{"whole table", check_table},
	{"outputs", check_outputs},
	{"gradients", check_gradients},
	{"losses", check_losses},
	{NULL, NULL}
};
