/*
 * train_fit.c
 *		The training loop: batches, early stopping, the best weights.
 *
 * Everything random in it is a hash of the seed and of what it is for: the
 * order of labels in an epoch, the neighbours of a node in an epoch, the
 * entries that dropout takes out of a batch.  The same data and seed give the
 * same weights.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "base/random.h"
#include "tensor/tape.h"
#include "train/loss.h"
#include "train/optim.h"
#include "train/train.h"

/* What the numbers drawn from a seed are for. */
enum
{
	SALT_WEIGHTS = 1,
	SALT_ORDER,
	SALT_NEIGHBORS,
	SALT_DROPOUT
};

typedef struct OrderEntry
{
	uint64		hash;
	int64		row;
} OrderEntry;

/* One fit in progress. */
typedef struct Fit
{
	Trainer    *trainer;
	Model	   *model;
	const Fanout *fanout;
	TrainPhase	phase;
	uint64		seed;
	Optim	   *optim;
	Tape	   *tape;
	MemoryContext batch_cxt;
	OrderEntry *order;			/* [ntrain] */
	int64		ntrain;
	int64		batch_size;
	float	   *best;			/* a copy of the best weights */
	double		best_score;
	FitResult	result;
	int			rows_capacity;
} Fit;

static double
seconds_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_DOUBLE(now);
}

static int
order_compare(const void *a, const void *b)
{
	const OrderEntry *x = a;
	const OrderEntry *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/*
 * The training labels in this epoch's order.  It is made of the nodes' keys,
 * not of the order in which the rows were read.
 */
static void
fit_shuffle(Fit *fit, int epoch)
{
	const Labels *labels = fit->trainer->labels;
	uint64		salt = random_hash(random_hash(fit->seed, SALT_ORDER), epoch);
	int64		n = 0;

	for (int64 i = 0; i < labels->n; i++)
	{
		uint64		hash;

		if (labels->split[i] != SPLIT_TRAIN)
			continue;
		hash = random_hash(salt, key_hash(labels->key_kind, labels->keys[i]));
		if (labels->times != NULL)
			hash = random_hash(hash, labels->times[i]);
		fit->order[n].hash = hash;
		fit->order[n].row = i;
		n++;
	}
	qsort(fit->order, n, sizeof(OrderEntry), order_compare);
}

static void pg_attribute_noreturn()
fit_diverged(const Fit *fit, int epoch, int64 batch)
{
	ereport(ERROR,
			(errcode(ERRCODE_FLOATING_POINT_EXCEPTION),
			 errmsg("training diverged: the loss is not finite in epoch %d, batch %lld%s",
					epoch, (long long) batch + 1, fit->phase == PHASE_BASELINE ? " of the baseline" : ""),
			 errhint("Use a smaller learning_rate (it is %g).", fit->trainer->options->learning_rate)));
}

/* One step on the labels order[from .. from + n): its loss. */
static double
fit_batch(Fit *fit, int epoch, int64 from, int64 n)
{
	Trainer    *trainer = fit->trainer;
	const Labels *labels = trainer->labels;
	uint64		batch_seed = random_hash(random_hash(random_hash(fit->seed, SALT_DROPOUT), epoch), from);
	SampleOptions sampling = {
		.fanout = fit->fanout,
		.rotate = true,
		.salt = random_hash(random_hash(fit->seed, SALT_NEIGHBORS), epoch),
		.inclusive = trainer->spec->time_inclusive
	};
	ForwardOptions forward = {
		.dropout = (float) trainer->options->dropout,
		.input_dropout = (float) trainer->options->input_dropout,
		.seed = batch_seed
	};
	int64	   *rows = palloc(n * sizeof(int64));
	int32	   *seeds = palloc(n * sizeof(int32));
	TimestampTz *times = labels->times != NULL ? palloc(n * sizeof(TimestampTz)) : NULL;
	Sample	   *sample;
	Tensor	   *logits,
			   *loss;

	for (int64 i = 0; i < n; i++)
	{
		rows[i] = fit->order[from + i].row;
		seeds[i] = labels->nodes[rows[i]];
		if (times != NULL)
			times[i] = labels->times[rows[i]];
	}
	sample = neighbor_sample(trainer->store, trainer->graph, trainer->spec->node_type, seeds, times, n, &sampling);
	logits = model_forward(fit->model, fit->tape, sample, trainer->tables, &forward, NULL);
	loss = loss_batch(fit->tape, logits, labels, rows, n, trainer->loss, trainer->options->huber_delta, trainer->weights);
	if (!isfinite(loss->data[0]))
		fit_diverged(fit, epoch, from / fit->batch_size);
	tape_backward(fit->tape, loss);
	if (!optim_step(fit->optim))
		fit_diverged(fit, epoch, from / fit->batch_size);
	return loss->data[0];
}

static void
fit_report(Fit *fit, int epoch, int64 batch, int64 batches, double loss, double validation, bool ended)
{
	const Progress *progress = fit->trainer->progress;
	ProgressReport report = {
		.phase = fit->phase, .epoch = epoch, .epochs = fit->trainer->options->epochs,
		.batch = batch, .batches = batches, .loss = loss,
		.metric = metric_names[fit->trainer->metric], .validation = validation,
		.seconds = seconds_now() - fit->trainer->started, .epoch_ended = ended
	};

	if (progress != NULL && progress->report != NULL)
		progress->report(progress->arg, &report);
	CHECK_FOR_INTERRUPTS();
}

/* One pass over the training labels: its mean loss. */
static double
fit_epoch(Fit *fit, int epoch)
{
	double		sum = 0;
	int64		done = 0;
	int64		batches = (fit->ntrain + fit->batch_size - 1) / fit->batch_size;

	fit_shuffle(fit, epoch);
	for (int64 batch = 0; batch < batches; batch++)
	{
		int64		from = batch * fit->batch_size;
		int64		n = Min(fit->batch_size, fit->ntrain - from);
		MemoryContext old = MemoryContextSwitchTo(fit->batch_cxt);

		sum += fit_batch(fit, epoch, from, n) * n;
		done += n;
		tape_reset(fit->tape);
		MemoryContextSwitchTo(old);
		MemoryContextReset(fit->batch_cxt);
		fit_report(fit, epoch, batch + 1, batches, sum / done,
				   fit->result.epochs > 0 ? fit->result.rows[fit->result.epochs - 1].validation : NAN, false);
	}
	return sum / done;
}

/*
 * How good the weights are now, for choosing: the metric on the validation
 * labels, or their loss where the metric says nothing, or the training loss
 * where there are no validation labels.  Higher is better.
 */
static double
fit_score(Fit *fit, double loss, double *validation)
{
	Trainer    *trainer = fit->trainer;

	*validation = train_evaluate(trainer, fit->model, fit->fanout, SPLIT_VALIDATION, trainer->metric);
	if (isfinite(*validation))
		return metric_higher_is_better(trainer->metric) ? *validation : -*validation;
	if (trainer->labels->counts[SPLIT_VALIDATION] > 0)
		return -train_evaluate_loss(trainer, fit->model, fit->fanout, SPLIT_VALIDATION);
	return -loss;
}

/*
 * How many epochs may pass without a better score.  A patience in epochs
 * alone is too short where an epoch is one step and too long where it is a
 * hundred, so the default counts steps, too.
 */
static int
fit_patience(const Fit *fit)
{
	int64		steps = (fit->ntrain + fit->batch_size - 1) / fit->batch_size;

	if (fit->trainer->options->patience != OPTION_UNSET)
		return fit->trainer->options->patience;
	return (int) Max(5, 40 / steps);
}

static void
fit_add_row(Fit *fit, int epoch, double loss, double validation, double seconds)
{
	FitResult  *result = &fit->result;

	if (result->epochs == fit->rows_capacity)
	{
		fit->rows_capacity *= 2;
		result->rows = memory_grow(result->rows, fit->rows_capacity, sizeof(EpochRow));
	}
	result->rows[result->epochs].epoch = epoch;
	result->rows[result->epochs].loss = loss;
	result->rows[result->epochs].validation = validation;
	result->rows[result->epochs].seconds = seconds;
	result->epochs++;
}

static void
fit_open(Fit *fit)
{
	Trainer    *trainer = fit->trainer;
	const ModelOptions *options = trainer->options;

	fit->seed = random_hash(options->seed, fit->phase);
	param_initialize(fit->model->params, random_hash(fit->seed, SALT_WEIGHTS));
	loss_initial_bias(trainer->labels, trainer->weights, fit->model->head_bias);
	fit->optim = optim_create(fit->model->params, options->learning_rate, options->weight_decay, options->clip);
	fit->batch_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage batch", ALLOCSET_DEFAULT_SIZES);
	fit->tape = tape_create(CurrentMemoryContext, true);
	fit->ntrain = trainer->labels->counts[SPLIT_TRAIN];
	fit->batch_size = Min(options->batch_size, fit->ntrain);
	fit->order = memory_alloc(fit->ntrain, sizeof(OrderEntry));
	fit->best = memory_alloc(param_size(fit->model->params), sizeof(float));
	fit->rows_capacity = 16;
	fit->result.rows = memory_alloc(fit->rows_capacity, sizeof(EpochRow));
}

/*
 * Trains a model and leaves the best weights in it.  What it works with is in
 * CurrentMemoryContext.
 */
FitResult
train_fit(Trainer *trainer, Model *model, const Fanout *fanout, TrainPhase phase)
{
	Fit			fit = {.trainer = trainer, .model = model, .fanout = fanout, .phase = phase, .best_score = -INFINITY};
	Size		bytes = param_size(model->params) * sizeof(float);
	int			patience;

	fit_open(&fit);
	patience = fit_patience(&fit);
	for (int epoch = 1; epoch <= trainer->options->epochs; epoch++)
	{
		double		begin = seconds_now();
		double		loss = fit_epoch(&fit, epoch);
		double		validation;
		double		score = fit_score(&fit, loss, &validation);

		fit_add_row(&fit, epoch, loss, validation, seconds_now() - begin);
		if (score > fit.best_score)
		{
			fit.best_score = score;
			fit.result.best_epoch = epoch;
			fit.result.validation = validation;
			memcpy(fit.best, param_data(model->params), bytes);
		}
		fit_report(&fit, epoch, 0, 0, loss, validation, true);
		if (epoch - fit.result.best_epoch >= patience)
			break;
	}
	if (fit.result.best_epoch == 0)
		fit_diverged(&fit, fit.result.epochs, 0);
	memcpy(param_data(model->params), fit.best, bytes);
	fit.result.test = train_evaluate(trainer, model, fanout, SPLIT_TEST, trainer->metric);
	return fit.result;
}
