/*
 * train_state.c
 *		What a training needs to go on after its process is gone.
 *
 * Everything random is a hash of seed, epoch and batch, so at the end of an
 * epoch there is little: the weights, the moments of Adam, the best weights
 * so far, and the counters of early stopping.  The data is read again; the
 * fingerprint tells whether it is still the same.
 *
 * The layout, for a training that is in phase p:
 *
 *		p
 *		result and best weights' steps of the first fit		if p is the refit
 *		result and weights of the finished model			if p is the baseline
 *		the fit
 *
 * Who reads it must be of the same version of the extension: the fingerprint
 * sees to that, too.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "portability/instr_time.h"

#include "base/memory.h"
#include "base/random.h"
#include "train/train_fit.h"

/* Changes with the layout. */
#define STATE_FORMAT	1

static void
result_transfer(FitResult *result, StateIO *io)
{
	io->transfer(io, &result->epochs, sizeof(int));
	io->transfer(io, &result->best_epoch, sizeof(int));
	io->transfer(io, &result->validation, sizeof(double));
	io->transfer(io, &result->test, sizeof(double));
	if (io->reading)
		result->rows = memory_alloc(result->epochs + 1, sizeof(EpochRow));
	io->transfer(io, result->rows, result->epochs * sizeof(EpochRow));
}

static void
params_transfer(ParamBlock *params, StateIO *io)
{
	io->transfer(io, param_data(params), param_size(params) * sizeof(float));
}

void
train_state_first(StateIO *io, FitResult *result, FitCourse *course)
{
	result_transfer(result, io);
	io->transfer(io, course, sizeof(FitCourse));
}

void
train_state_main(StateIO *io, FitResult *result, Model *model)
{
	result_transfer(result, io);
	params_transfer(model->params, io);
}

TrainPhase
train_state_phase(StateIO *io)
{
	int			phase;

	io->transfer(io, &phase, sizeof(int));
	return (TrainPhase) phase;
}

static double
seconds_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_DOUBLE(now);
}

static void
fit_transfer(Fit *fit, StateIO *io)
{
	double		seconds = seconds_now() - fit->trainer->started;
	int64		size = param_size(fit->model->params);

	io->transfer(io, &seconds, sizeof(double));
	io->transfer(io, &fit->step, sizeof(int64));
	io->transfer(io, &fit->improved, sizeof(int64));
	io->transfer(io, &fit->best_score, sizeof(double));
	io->transfer(io, &fit->best_loss, sizeof(double));
	io->transfer(io, &fit->smooth_loss, sizeof(double));
	io->transfer(io, &fit->validation, sizeof(double));
	result_transfer(&fit->result, io);
	params_transfer(fit->model->params, io);
	io->transfer(io, &fit->optim->step, sizeof(int64));
	io->transfer(io, fit->optim->m, size * sizeof(float));
	io->transfer(io, fit->optim->v, size * sizeof(float));
	checkpoints_transfer(fit->checkpoints, io);
	if (io->reading)
	{
		fit->trainer->started = seconds_now() - seconds;
		fit->rows_capacity = fit->result.epochs + 1;
	}
}

/* All of the training, at the end of an epoch of the fit. */
void
fit_state_write(void *arg, StateIO *io)
{
	Fit		   *fit = arg;
	Trainer    *trainer = fit->trainer;
	int			phase = fit->phase;

	io->transfer(io, &phase, sizeof(int));
	if (fit->phase == PHASE_REFIT)
		train_state_first(io, fit->first_result, fit->first);
	else if (fit->phase == PHASE_BASELINE)
		train_state_main(io, (FitResult *) trainer->main_fit, (Model *) trainer->main_model);
	fit_transfer(fit, io);
}

/* The fit alone; what stands before it was read already. */
void
fit_state_read(Fit *fit, StateIO *io)
{
	fit_transfer(fit, io);
}

/* ------------------------------------------------------------------------
 * The fingerprint
 * ------------------------------------------------------------------------
 */

static uint64
hash_array(uint64 hash, const void *data, int64 count, Size size)
{
	const char *at = data;
	Size		left = data == NULL ? 0 : (Size) count * size;

	while (left > 0)
	{
		Size		n = Min(left, 1024 * 1024 * 1024);

		hash = hash_bytes_extended((const unsigned char *) at, (int) n, hash);
		at += n;
		left -= n;
	}
	return hash;
}

static uint64
hash_labels(uint64 hash, const Labels *labels, int width)
{
	hash = hash_array(hash, labels->nodes, labels->n, sizeof(int32));
	hash = hash_array(hash, labels->times, labels->n, sizeof(TimestampTz));
	hash = hash_array(hash, labels->classes, labels->n, sizeof(int32));
	hash = hash_array(hash, labels->numbers, labels->n, sizeof(double));
	hash = hash_array(hash, labels->values, labels->n * width, sizeof(float));
	return hash_array(hash, labels->split, labels->n, sizeof(uint8));
}

static uint64
hash_features(uint64 hash, const FeatureSet *set, const FeatureTable *table)
{
	SparseRows	sparse = feature_table_sparse(table);
	int64		n = feature_table_count(table);

	hash = hash_array(hash, feature_table_dense(table), n * feature_dense_width(set), sizeof(float));
	if (sparse.offsets != NULL)
	{
		hash = hash_array(hash, sparse.offsets, n + 1, sizeof(*sparse.offsets));
		hash = hash_array(hash, sparse.ids, sparse.offsets[n], sizeof(*sparse.ids));
		hash = hash_array(hash, sparse.values, sparse.offsets[n], sizeof(*sparse.values));
	}
	return hash;
}

/*
 * A hash of all that the weights depend on: description, options, labels,
 * nodes, features, edges.  To be taken before the training begins, in the
 * transaction that loaded it.
 */
uint64
train_fingerprint(const Training *training)
{
	const Trainer *trainer = &training->trainer;
	const Graph *graph = trainer->graph;
	char	   *spec = model_spec_write(training->spec, graph);
	uint64		hash = hash_array(STATE_FORMAT, SAGE_VERSION, strlen(SAGE_VERSION), 1);

	hash = hash_array(hash, spec, strlen(spec), 1);
	hash = hash_labels(hash, trainer->labels, training->spec->noutputs);
	if (trainer->warm != NULL)
		hash = hash_array(hash, trainer->warm, param_size(training->result->model->params), sizeof(float));
	for (int t = 0; t < graph->nnode_types; t++)
	{
		int32		n = store_node_count(trainer->store, t);

		for (int32 i = 0; i < n; i++)
			hash = random_hash(hash, store_node_hash(trainer->store, t, i));
		hash = hash_array(hash, store_node_times(trainer->store, t), n, sizeof(TimestampTz));
		hash = hash_features(hash, training->spec->features[t], trainer->tables[t]);
	}
	return random_hash(hash, store_edges_hash(trainer->store));
}
