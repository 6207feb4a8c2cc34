/*
 * train_fit.c
 *		The training loop: batches, early stopping, the best weights.
 *
 * Everything random in it is a hash of the seed and of what it is for: the
 * order of labels in an epoch, the neighbors of a node in an epoch, the
 * entries that dropout takes out of a batch.  The same data and seed give the
 * same weights.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/spill.h"
#include "tensor/parallel.h"
#include "train/loss.h"
#include "train/train_fit.h"

/* What the numbers drawn from a seed are for. */
enum
{
	SALT_WEIGHTS = 1,
	SALT_ORDER,
	SALT_NEIGHBORS,
	SALT_DROPOUT
};

/* Steps at the most, unless the user says how many epochs. */
#define DEFAULT_STEPS	2000

/*
 * Steps between two evaluations, how many of these an epoch has, and how many
 * labels one looks at, at the most.  The figures of a model are those of all
 * labels.
 */
#define EVALUATION_STEPS	25
#define EPOCH_EVALUATIONS	4
#define EVALUATION_LABELS	20000

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

		if (labels->split[i] != SPLIT_TRAIN && !fit->all_labels)
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

SAGE_NORETURN static void
fit_diverged(const Fit *fit, int epoch, int64 batch)
{
	ereport(ERROR,
			(errcode(ERRCODE_FLOATING_POINT_EXCEPTION),
			 errmsg("training diverged: the loss is not finite in epoch %d, batch %lld%s",
					epoch, (long long) batch + 1, fit->phase == PHASE_BASELINE ? " of the baseline" : ""),
			 errhint("Use a smaller learning_rate (it is %g).", fit->trainer->options->learning_rate)));
}

/* Where in an epoch's order a batch begins. */
static int64
batch_start(const Fit *fit, int64 number)
{
	return fit->ntrain * number / fit->batches;
}

/* Has batch "number" of the epoch made ready. */
static void
fit_prepare(Fit *fit, int epoch, int64 number)
{
	const Trainer *trainer = fit->trainer;
	Batch	   *batch = batch_next(fit->maker);
	int64		from = batch_start(fit, number);

	batch->n = batch_start(fit, number + 1) - from;
	for (int64 i = 0; i < batch->n; i++)
		batch->rows[i] = fit->order[from + i].row;
	batch->sampling.fanout = fit->training;
	batch->sampling.rotate = true;
	batch->sampling.salt = random_hash(random_hash(fit->seed, SALT_NEIGHBORS), epoch);
	batch->sampling.inclusive = trainer->spec->time_inclusive;
	batch->sampling.window = trainer->spec->time_window;
	batch->sampling.adaptive = trainer->spec->sampling == SAMPLING_ADAPTIVE;
	batch->forward.dropout = (float) trainer->options->dropout;
	batch->forward.input_dropout = (float) trainer->options->input_dropout;
	batch->forward.seed = random_hash(random_hash(random_hash(fit->seed, SALT_DROPOUT), epoch), number);
	batch->forward.now = STORE_ALWAYS;	/* labels have times or there are no ages */
	batch_begin(fit->maker);
}

/*
 * One step on batch "number": its loss.  The next one is begun between the way
 * there, which all threads share, and the way back, which is mostly work for
 * one.
 */
static double
fit_batch(Fit *fit, int epoch, int64 number, const Batch *batch)
{
	Trainer    *trainer = fit->trainer;
	Tensor	   *logits = model_forward_input(fit->model, fit->tape, batch->sample, batch->input, &batch->forward, NULL);
	Tensor	   *loss = loss_batch(fit->tape, logits, trainer->labels, batch->rows, batch->n, trainer->loss,
								  trainer->options->huber_delta, trainer->weights);

	if (!isfinite(loss->data[0]))
		fit_diverged(fit, epoch, number);
	if (number + 1 < fit->batches)
		fit_prepare(fit, epoch, number + 1);
	tape_backward(fit->tape, loss);
	if (!optim_step(fit->optim))
		fit_diverged(fit, epoch, number);
	return loss->data[0];
}

/*
 * Epochs at the most.  An epoch of few labels is a step and one of many is a
 * hundred, so the default counts steps.
 */
static int
fit_epochs(const Fit *fit)
{
	if (fit->all_labels)
		return fit->first->epochs + 1;
	if (fit->trainer->options->epochs != OPTION_UNSET)
		return fit->trainer->options->epochs;
	return (int) ((DEFAULT_STEPS + fit->batches - 1) / fit->batches);
}

static void
fit_report(Fit *fit, int epoch, int64 batch, double loss, bool ended)
{
	const Progress *progress = fit->trainer->progress;
	ProgressReport report = {
		.phase = fit->phase, .epoch = epoch, .epochs = fit_epochs(fit),
		.batch = batch, .batches = fit->batches, .rows = fit->ntrain, .loss = loss,
		.metric = metric_names[fit->trainer->metric], .validation = fit->validation,
		.seconds = seconds_now() - fit->trainer->started, .epoch_ended = ended
	};

	if (progress != NULL && progress->report != NULL)
		progress->report(progress->arg, &report);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Looks at the weights as they are now: keeps them if they are among the
 * best.  What counts is the metric on the validation labels, or their loss
 * where the metric says nothing, or the training loss where there are no
 * validation labels.  The patience also starts anew while the loss still
 * falls, because a metric moves in jumps when labels are few.
 */
static void
fit_evaluate(Fit *fit, double training_loss)
{
	Trainer    *trainer = fit->trainer;
	Evaluation	evaluation;
	double		loss,
				score;

	/* it may put lists of neighbors in order, which a thread may be reading, and the other way round */
	if (evaluator_reads_graph(fit->evaluator))
		parallel_aside_end();
	evaluation = evaluator_run(fit->evaluator, fit->model);
	loss = isfinite(evaluation.loss) ? evaluation.loss : training_loss;
	score = !isfinite(evaluation.metric) ? -loss :
		metric_higher_is_better(trainer->metric) ? evaluation.metric : -evaluation.metric;

	fit->validation = evaluation.metric;
	fit->smooth_loss = isnan(fit->smooth_loss) ? loss : 0.9 * fit->smooth_loss + 0.1 * loss;
	if (score > fit->best_score || fit->smooth_loss < fit->best_loss)
		fit->improved = fit->step;
	fit->best_score = Max(fit->best_score, score);
	fit->best_loss = Min(fit->best_loss, fit->smooth_loss);
	(void) checkpoints_offer(fit->checkpoints, param_data(fit->model->params), score, loss, fit->step);
}

/*
 * Takes the weights into the average if the first fit had one of its best
 * checkpoints at this stage of the training, counted in epochs.
 */
static void
fit_refit_step(Fit *fit)
{
	const FitCourse *first = fit->first;

	for (int i = 0; i < first->nbest; i++)
	{
		if ((first->best[i] * fit->batches + first->batches - 1) / first->batches == fit->step)
			(void) checkpoints_offer(fit->checkpoints, param_data(fit->model->params), 0, 0, fit->step);
	}
}

/* The patience is for the usual evaluations; with fewer it is so much longer. */
static bool
fit_is_over(const Fit *fit)
{
	if (fit->all_labels)
		return checkpoints_count(fit->checkpoints) == fit->first->nbest;
	return fit->step - fit->improved >= fit->trainer->options->patience * Max(fit->interval, EVALUATION_STEPS) / EVALUATION_STEPS;
}

/*
 * One pass over the training labels, in batches of about equal size: its mean
 * loss.
 */
static double
fit_epoch(Fit *fit, int epoch)
{
	double		sum = 0;
	int64		done = 0;

	fit_shuffle(fit, epoch);
	fit_prepare(fit, epoch, 0);
	for (int64 number = 0; number < fit->batches && !fit_is_over(fit); number++)
	{
		Batch	   *batch = batch_finish(fit->maker);
		MemoryContext old = MemoryContextSwitchTo(fit->batch_cxt);

		sum += fit_batch(fit, epoch, number, batch) * batch->n;
		done += batch->n;
		fit->step++;
		tape_reset(fit->tape);
		MemoryContextSwitchTo(old);
		MemoryContextReset(fit->batch_cxt);
		spill_rest();
		if (fit->all_labels)
			fit_refit_step(fit);
		else if ((number + 1) % fit->interval == 0 || number + 1 == fit->batches)
			fit_evaluate(fit, sum / done);
		fit_report(fit, epoch, number + 1, sum / done, false);
	}
	parallel_aside_stop();
	return sum / done;
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

/*
 * Steps from one evaluation to the next: evenly over an epoch, and at most 25
 * or a quarter of it.  More often, and looking at the validation labels would
 * take most of the time where there are many of them.
 */
static int64
evaluation_interval(int64 batches)
{
	int64		evaluations = Min((batches + EVALUATION_STEPS - 1) / EVALUATION_STEPS, EPOCH_EVALUATIONS);

	return (batches + evaluations - 1) / evaluations;
}

static void
fit_open(Fit *fit)
{
	Trainer    *trainer = fit->trainer;
	const ModelOptions *options = trainer->options;

	fit->seed = random_hash(options->seed, fit->phase);
	param_initialize(fit->model->params, random_hash(fit->seed, SALT_WEIGHTS));
	loss_initial_bias(trainer->labels, trainer->weights, fit->model->head_bias);
	if (trainer->warm != NULL)
		memcpy(param_data(fit->model->params), trainer->warm, param_size(fit->model->params) * sizeof(float));
	fit->optim = optim_create(fit->model->params, options->learning_rate, options->weight_decay, options->clip);
	fit->batch_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage batch", ALLOCSET_DEFAULT_SIZES);
	fit->tape = tape_create(CurrentMemoryContext, true);
	fit->evaluator = evaluator_create(trainer, fit->fanout, SPLIT_VALIDATION, EVALUATION_LABELS, fit->tape);
	fit->ntrain = fit->all_labels ? trainer->labels->n : trainer->labels->counts[SPLIT_TRAIN];
	fit->batches = Max((fit->ntrain + options->batch_size / 2) / options->batch_size, 1);
	fit->interval = evaluation_interval(fit->batches);
	fit->maker = batch_maker_create(trainer, fit->model, fit->ntrain / fit->batches + 1);
	fit->order = memory_alloc(fit->ntrain, sizeof(OrderEntry));
	fit->checkpoints = checkpoints_create(param_size(fit->model->params));
	fit->rows_capacity = 16;
	fit->result.rows = memory_alloc(fit->rows_capacity, sizeof(EpochRow));
}

/*
 * All epochs of a fit, until it is over.  A fit that was interrupted goes on
 * after the last epoch that was kept.
 */
static void
fit_run(Fit *fit)
{
	Trainer    *trainer = fit->trainer;
	const Progress *progress = trainer->progress;
	int			epochs = fit_epochs(fit);

	if (trainer->resume != NULL)
	{
		fit_state_read(fit, trainer->resume);
		trainer->resume = NULL;
	}
	for (int epoch = fit->result.epochs + 1; epoch <= epochs && !fit_is_over(fit); epoch++)
	{
		double		begin = seconds_now();
		double		loss = fit_epoch(fit, epoch);
		EpochEnd	end = {fit->phase, {0}, fit_state_write, fit};

		fit_add_row(fit, epoch, loss, fit->validation, seconds_now() - begin);
		fit_report(fit, epoch, 0, loss, true);
		end.row = fit->result.rows[fit->result.epochs - 1];
		if (progress != NULL && progress->epoch != NULL)
			progress->epoch(progress->arg, &end);
	}
	checkpoints_average(fit->checkpoints, param_data(fit->model->params));
}

static FitCourse
fit_course(const Fit *fit)
{
	FitCourse	course = {
		.batches = fit->batches, .epochs = fit->result.epochs, .nbest = checkpoints_count(fit->checkpoints)
	};

	for (int i = 0; i < course.nbest; i++)
		course.best[i] = checkpoints_step(fit->checkpoints, i);
	return course;
}

/* A batch may still be in the making, from memory that is about to go. */
static void
fit_stop(int code, Datum arg)
{
	parallel_aside_stop();
}

/*
 * One fit from beginning to end, in a memory context of its own: moments and
 * checkpoints are several times as large as the model.  A session that is
 * terminated passes over PG_CATCH, and frees the memory of its transaction
 * while the process ends.
 */
static FitCourse
fit_whole(Fit *fit)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext cxt = AllocSetContextCreate(outer, "sage fit", ALLOCSET_DEFAULT_SIZES);
	FitCourse	course;
	EpochRow   *rows;

	MemoryContextSwitchTo(cxt);
	fit_open(fit);
	PG_ENSURE_ERROR_CLEANUP(fit_stop, (Datum) 0);
	{
		fit_run(fit);
	}
	PG_END_ENSURE_ERROR_CLEANUP(fit_stop, (Datum) 0);
	course = fit_course(fit);
	ereport(DEBUG1, (errmsg_internal("the fit takes %zu kB", MemoryContextMemAllocated(cxt, true) / 1024)));
	MemoryContextSwitchTo(outer);
	rows = memory_alloc(fit->result.epochs, sizeof(EpochRow));
	memcpy(rows, fit->result.rows, fit->result.epochs * sizeof(EpochRow));
	fit->result.rows = rows;
	MemoryContextDelete(cxt);
	return course;
}

/* Trains until the validation labels say that it is enough. */
static FitResult
fit_first(Trainer *trainer, Model *model, const Fanout *fanout, const Fanout *training, TrainPhase phase,
		  FitCourse *course)
{
	Fit			fit = {
		.trainer = trainer, .model = model, .fanout = fanout, .training = training, .phase = phase,
		.best_score = -INFINITY, .best_loss = INFINITY, .smooth_loss = NAN, .validation = NAN
	};

	*course = fit_whole(&fit);
	if (trainer->progress != NULL && trainer->progress->report != NULL)
	{
		ProgressReport report = {.phase = PHASE_EVALUATING};

		trainer->progress->report(trainer->progress->arg, &report);
	}
	fit.result.best_epoch = (int) ((course->best[0] + course->batches - 1) / course->batches);
	fit.result.validation = train_evaluate(trainer, model, fanout, SPLIT_VALIDATION).metric;
	fit.result.test = train_evaluate(trainer, model, fanout, SPLIT_TEST).metric;
	return fit.result;
}

/*
 * Trains a model and leaves the average of its best weights in it.  With a
 * refit it is then trained the same way once more, with the labels that were
 * held back; the figures stay those of the first fit, which were measured on
 * labels that it had not seen.  A training that goes on passes over the fits
 * that had ended.
 */
FitResult
train_fit(Trainer *trainer, Model *model, const Fanout *fanout, const Fanout *training, TrainPhase phase)
{
	TrainPhase	resumed = phase;
	FitCourse	course;
	FitResult	result;

	if (trainer->resume != NULL && phase == PHASE_TRAINING)
		resumed = train_state_phase(trainer->resume);
	if (resumed == PHASE_BASELINE && phase == PHASE_TRAINING)
	{
		train_state_main(trainer->resume, &result, model);
		return result;
	}
	if (resumed == PHASE_REFIT)
		train_state_first(trainer->resume, &result, &course);
	else
		result = fit_first(trainer, model, fanout, training, phase, &course);
	if (phase == PHASE_TRAINING && trainer->refit)
	{
		Fit			again = {
			.trainer = trainer, .model = model, .fanout = fanout, .training = training, .phase = PHASE_REFIT,
			.validation = NAN, .all_labels = true, .first = &course, .first_result = &result
		};

		(void) fit_whole(&again);
	}
	return result;
}
