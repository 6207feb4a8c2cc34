/*
 * train_evaluate.c
 *		How good a model is on one side of the split.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/memory.h"
#include "base/spill.h"
#include "tensor/tape.h"
#include "train/loss.h"
#include "train/train.h"

/* Seeds scored at a time. */
#define EVALUATE_BATCH		2048
#define EVALUATE_BATCH_MIN	16

/* The labels of one side. */
static int64 *
rows_of_split(const Labels *labels, Split split, int64 *n)
{
	int64	   *rows = memory_alloc(labels->counts[split], sizeof(int64));

	*n = 0;
	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->split[i] == split)
			rows[(*n)++] = i;
	}
	return rows;
}

/*
 * True if scoring all nodes layer by layer is cheaper than sampling around
 * some: about when the samples would touch more nodes than there are.
 */
static bool
whole_table_pays(const Trainer *trainer, const Fanout *fanout, int64 n)
{
	double		nodes = 0;
	double		touched = n;
	double		level = n;

	if (trainer->labels->times != NULL)
		return false;
	for (int t = 0; t < trainer->graph->nnode_types; t++)
		nodes += store_node_count(trainer->store, t);
	for (int hop = 1; hop <= fanout->nhops; hop++)
	{
		double		each = 0;

		for (int r = 0; r < fanout->nrelations; r++)
			each += fanout_count(fanout, hop, r) < 0 ? 100 : fanout_count(fanout, hop, r);
		level *= Min(each, 100);
		touched += level;
	}
	return touched > nodes;
}

/*
 * Seeds at a time: fewer where the samples around them would not fit an
 * eighth of sage.max_memory.
 */
static int64
evaluate_batch(const Trainer *trainer, const Fanout *fanout)
{
	const ModelSpec *spec = trainer->spec;
	double		nodes = 1;
	double		level = 1;
	double		floats = spec->hidden;

	for (int hop = 1; hop <= fanout->nhops; hop++)
	{
		double		each = 0;

		for (int r = 0; r < fanout->nrelations; r++)
			each += fanout_count(fanout, hop, r) < 0 ? 100 : fanout_count(fanout, hop, r);
		level *= each;
		nodes += level;
	}
	for (int t = 0; t < trainer->graph->nnode_types; t++)
		floats = Max(floats, feature_dense_width(spec->features[t]) + spec->hidden);
	return (int64) Max(Min(guc_max_memory * 128.0 / (nodes * floats * sizeof(float)), EVALUATE_BATCH), EVALUATE_BATCH_MIN);
}

static void
logits_from_table(Trainer *trainer, Model *model, const Fanout *fanout, const int64 *rows, int64 n, float *logits)
{
	int64		width = trainer->spec->noutputs;
	ModelOutput output;

	model_forward_table(model, trainer->store, trainer->tables, fanout, STORE_ALWAYS, false, &output);
	for (int64 i = 0; i < n; i++)
		memcpy(logits + i * width, output.logits + trainer->labels->nodes[rows[i]] * width, width * sizeof(float));
}

static void
logits_from_samples(Trainer *trainer, Model *model, const Fanout *fanout, const int64 *rows, int64 n, float *logits)
{
	const Labels *labels = trainer->labels;
	int64		width = trainer->spec->noutputs;
	SampleOptions options = {.fanout = fanout, .inclusive = trainer->spec->time_inclusive};
	ForwardOptions forward = {0, 0, 0};
	MemoryContext tape_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage tape", ALLOCSET_DEFAULT_SIZES);
	MemoryContext batch_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage batch", ALLOCSET_DEFAULT_SIZES);
	Tape	   *tape = tape_create(tape_cxt, false);
	int64		batch = evaluate_batch(trainer, fanout);
	MemoryContext old = MemoryContextSwitchTo(batch_cxt);

	for (int64 from = 0; from < n; from += batch)
	{
		int64		count = Min(batch, n - from);
		int32	   *seeds = palloc(count * sizeof(int32));
		TimestampTz *times = labels->times != NULL ? palloc(count * sizeof(TimestampTz)) : NULL;
		Sample	   *sample;
		Tensor	   *result;

		CHECK_FOR_INTERRUPTS();
		for (int64 i = 0; i < count; i++)
		{
			seeds[i] = labels->nodes[rows[from + i]];
			if (times != NULL)
				times[i] = labels->times[rows[from + i]];
		}
		sample = neighbor_sample(trainer->store, trainer->graph, trainer->spec->node_type, seeds, times, count, &options);
		result = model_forward(model, tape, sample, trainer->tables, &forward, NULL);
		memcpy(logits + from * width, result->data, count * width * sizeof(float));
		tape_reset(tape);
		MemoryContextReset(batch_cxt);
		spill_rest();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(batch_cxt);
	MemoryContextDelete(tape_cxt);
}

/* Logits of one side's labels, in the order of *rows. */
static float *
split_logits(Trainer *trainer, Model *model, const Fanout *fanout, Split split, int64 **rows, int64 *n)
{
	float	   *logits;

	*rows = rows_of_split(trainer->labels, split, n);
	logits = memory_alloc(*n * trainer->spec->noutputs, sizeof(float));
	if (whole_table_pays(trainer, fanout, *n))
		logits_from_table(trainer, model, fanout, *rows, *n, logits);
	else
		logits_from_samples(trainer, model, fanout, *rows, *n, logits);
	return logits;
}

/* The metric of scores in the order of rows. */
static double
split_metric(const Trainer *trainer, Metric metric, const float *scores, const int64 *rows, int64 n)
{
	const Labels *labels = trainer->labels;
	const ModelSpec *spec = trainer->spec;
	MetricInput input = {
		.task = spec->task, .nclasses = spec->nclasses, .n = n, .scores = scores, .unit = labels->std
	};
	int32	   *classes = NULL;
	float	   *values = NULL;

	if (labels->classes != NULL)
		input.classes = classes = memory_alloc(n, sizeof(int32));
	else
		input.values = values = memory_alloc(n * spec->noutputs, sizeof(float));
	for (int64 i = 0; i < n; i++)
	{
		if (classes != NULL)
			classes[i] = labels->classes[rows[i]];
		else if (labels->numbers != NULL)
			values[i] = label_standardized(labels, rows[i]);
		else
			memcpy(values + i * spec->noutputs, labels->values + rows[i] * spec->noutputs,
				   spec->noutputs * sizeof(float));
	}
	return metric_compute(metric, &input);
}

/*
 * The metric and the loss on one side of the split; both NaN if it has no
 * labels, the metric also if it cannot be said.
 */
Evaluation
train_evaluate(Trainer *trainer, Model *model, const Fanout *fanout, Split split)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "sage evaluate", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	Evaluation	result = {NAN, NAN};

	if (trainer->labels->counts[split] > 0)
	{
		Tensor		logits = {.cols = trainer->spec->noutputs};
		int64	   *rows;

		logits.data = split_logits(trainer, model, fanout, split, &rows, &logits.rows);
		result.loss = loss_batch(tape_create(cxt, false), &logits, trainer->labels, rows, logits.rows, trainer->loss,
								 trainer->options->huber_delta, trainer->weights)->data[0];
		model_activate(trainer->spec, logits.data, logits.rows);
		result.metric = split_metric(trainer, trainer->metric, logits.data, rows, logits.rows);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	return result;
}
