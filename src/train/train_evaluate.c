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
#include "base/random.h"
#include "base/spill.h"
#include "tensor/tape.h"
#include "train/loss.h"
#include "train/train.h"

/* Seeds scored at a time. */
#define EVALUATE_BATCH		512
#define EVALUATE_BATCH_MIN	16

/* Samples kept for the next evaluation take so many bytes at the most, or a 32nd of sage.max_memory. */
#define EVALUATE_KEEP	((Size) 16 * 1024 * 1024)

/* Room for a small sample; it grows with the samples. */
#define ARENA_FIRST		((Size) 32 * 1024)

/*
 * Labels around which so many nodes are sampled that going through the table
 * once is about as much work; but a node of the table costs more, because its
 * states go to memory and come back from all over it.
 */
#define TABLE_LABELS	4096
#define TABLE_COST		4
#define TABLE_BYTES		(64.0 * 1024 * 1024)

/*
 * One side of the split, made ready to be scored again and again.  Which
 * neighbors a node has when it is scored does not depend on the weights, so
 * samples that take long to draw are drawn once; those of the sampler in memory
 * take less time than they are worth in memory.
 */
struct Evaluator
{
	Trainer    *trainer;
	const Fanout *fanout;
	MemoryContext cxt;			/* samples: as long as the evaluator */
	MemoryContext tape_cxt;		/* of a tape of its own: as long, unless memory is short */
	MemoryContext run_cxt;		/* one evaluation */
	Tape	   *tape;			/* NULL: not made */
	bool		own_tape;		/* nobody else uses it */
	Arena		arena;			/* of the sample that is not kept */
	bool		whole_table;	/* score all nodes, layer by layer */
	int64	   *rows;			/* [n] labels of this side */
	int64		n;
	int64		batch;			/* so many at a time */
	float	   *logits;			/* [n x outputs]; NULL before the first evaluation */
	Sample	  **samples;		/* [batches]; NULL: not drawn, or not kept */
};

/* The labels of one side, or about "most" of them, drawn by their places. */
static int64 *
rows_of_split(const Labels *labels, Split split, int64 most, int64 *n)
{
	int64		all = labels->counts[split];
	int64	   *rows = memory_alloc(all, sizeof(int64));

	*n = 0;
	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->split[i] == split && (all <= most || random_below(random_mix((uint64) i), all) < most))
			rows[(*n)++] = i;
	}
	return rows;
}

/*
 * True if scoring all nodes layer by layer is cheaper than sampling around
 * some.  A sample has each node once, but every batch has its own; the table
 * is gone through once a layer, also for nodes that no label asks for; where a
 * node's neighbors depend on the seed that cannot be done.  Two levels of all
 * nodes' states must not take more than TABLE_BYTES, or a 32nd of
 * sage.max_memory: beyond the processor's caches samples are as good.
 */
static bool
whole_table_pays(const Trainer *trainer, const Fanout *fanout, int64 n)
{
	double		nodes = 0;
	double		level = Min(n, TABLE_LABELS);
	double		touched = level;

	if (trainer->labels->times != NULL || trainer->spec->sampling == SAMPLING_ADAPTIVE)
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
	return Min(touched, nodes) * n / TABLE_LABELS > TABLE_COST * nodes * fanout->nhops &&
		2 * nodes * trainer->spec->hidden * sizeof(float) <= Min(TABLE_BYTES, guc_max_memory * 32.0);
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
	for (int t = 0; t < graph_table_count(trainer->graph); t++)
	{
		if (spec->features[t] != NULL)
			floats = Max(floats, feature_dense_width(spec->features[t]) + spec->hidden);
	}
	return (int64) Max(Min(guc_max_memory * 128.0 / (nodes * floats * sizeof(float)), EVALUATE_BATCH), EVALUATE_BATCH_MIN);
}

static SampleOptions
evaluate_sampling(const Trainer *trainer, const Fanout *fanout)
{
	SampleOptions options = {
		.fanout = fanout,
		.inclusive = trainer->spec->time_inclusive,
		.window = trainer->spec->time_window,
		.adaptive = trainer->spec->sampling == SAMPLING_ADAPTIVE
	};

	return options;
}

/*
 * In CurrentMemoryContext, as all that it will keep.  most: labels at the most,
 * about.  tape: one that is empty whenever an evaluation begins, to work on;
 * NULL: the evaluator has its own.
 */
Evaluator *
evaluator_create(Trainer *trainer, const Fanout *fanout, Split split, int64 most, Tape *tape)
{
	Evaluator  *evaluator = palloc0(sizeof(Evaluator));
	SampleOptions options = evaluate_sampling(trainer, fanout);

	evaluator->trainer = trainer;
	evaluator->fanout = fanout;
	evaluator->tape = tape;
	evaluator->own_tape = tape == NULL;
	evaluator->cxt = AllocSetContextCreate(CurrentMemoryContext, "sage evaluator", ALLOCSET_DEFAULT_SIZES);
	evaluator->tape_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage tape", ALLOCSET_DEFAULT_SIZES);
	evaluator->run_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage evaluate", ALLOCSET_DEFAULT_SIZES);
	evaluator->rows = rows_of_split(trainer->labels, split, most, &evaluator->n);
	evaluator->whole_table = whole_table_pays(trainer, fanout, evaluator->n);
	evaluator->batch = neighbor_batch(trainer->graph, trainer->spec->node_type, &options,
									  evaluate_batch(trainer, fanout));
	evaluator->samples = palloc0((evaluator->n / evaluator->batch + 1) * sizeof(Sample *));
	return evaluator;
}

/* True if the next evaluation asks the store for neighbors: not all samples are kept. */
bool
evaluator_reads_graph(const Evaluator *evaluator)
{
	bool		kept = !evaluator->whole_table;

	for (int64 i = 0; kept && i * evaluator->batch < evaluator->n; i++)
		kept = evaluator->samples[i] != NULL;
	return !kept;
}

static void
logits_from_table(Evaluator *evaluator, Model *model, float *logits)
{
	Trainer    *trainer = evaluator->trainer;
	int64		width = trainer->spec->noutputs;
	ForwardTime time = {.at = STORE_ALWAYS};
	ModelOutput output;

	model_forward_table(model, trainer->store, trainer->tables, evaluator->fanout, &time, false, &output);
	for (int64 i = 0; i < evaluator->n; i++)
		memcpy(logits + i * width, output.logits + trainer->labels->nodes[evaluator->rows[i]] * width,
			   width * sizeof(float));
}

/* Twice the room for samples. */
static void
arena_enlarge(Evaluator *evaluator)
{
	Arena	   *arena = &evaluator->arena;
	Size		size = arena->block != NULL ? arena->size * 2 : ARENA_FIRST;
	MemoryContext old = MemoryContextSwitchTo(evaluator->cxt);

	if (arena->block != NULL)
		memory_free_table(arena->block);
	arena->block = NULL;
	*arena = arena_create(memory_alloc_table(size + ARENA_ALIGN, 1), size);
	MemoryContextSwitchTo(old);
}

/* A sample by the sampler in memory, good until the next one; NULL: it could not be drawn so. */
static Sample *
draw_from_memory(Evaluator *evaluator, const int32 *seeds, int64 n, const SampleOptions *options)
{
	Arena	   *arena = &evaluator->arena;
	Sample	   *sample = NULL;
	SampleStatus status = SAMPLE_NO_ROOM;

	while (status == SAMPLE_NO_ROOM)
	{
		arena->used = 0;
		if (arena->block != NULL)
			status = memory_sample(evaluator->trainer->sampler, arena, seeds, n, options, false, &sample);
		if (status == SAMPLE_NO_ROOM)
			arena_enlarge(evaluator);
	}
	return status == SAMPLE_DRAWN ? sample : NULL;
}

/*
 * The sample around the labels rows[from .. from + n): by the sampler in
 * memory, or in CurrentMemoryContext, where it may be kept.
 */
static Sample *
draw_sample(Evaluator *evaluator, int64 from, int64 n)
{
	Trainer    *trainer = evaluator->trainer;
	const Labels *labels = trainer->labels;
	SampleOptions options = evaluate_sampling(trainer, evaluator->fanout);
	int32	   *seeds = palloc(n * sizeof(int32));
	TimestampTz *times = labels->times != NULL ? palloc(n * sizeof(TimestampTz)) : NULL;
	Sample	   *sample = NULL;

	for (int64 i = 0; i < n; i++)
	{
		int64		row = evaluator->rows[from + i];

		seeds[i] = labels->nodes[row];
		if (times != NULL)
			times[i] = labels->times[row];
	}
	if (trainer->sampler != NULL)
		sample = draw_from_memory(evaluator, seeds, n, &options);
	if (sample == NULL)
		sample = neighbor_sample(trainer->store, trainer->graph, trainer->spec->node_type, seeds, times, n, &options);
	return sample;
}

static void
logits_from_samples(Evaluator *evaluator, Model *model, float *logits)
{
	Trainer    *trainer = evaluator->trainer;
	int64		width = trainer->spec->noutputs;
	ForwardOptions forward = {.now = STORE_ALWAYS};

	for (int64 from = 0; from < evaluator->n; from += evaluator->batch)
	{
		int64		n = Min(evaluator->batch, evaluator->n - from);
		bool		keep = trainer->sampler == NULL && !spill_in_use() &&
			MemoryContextMemAllocated(evaluator->cxt, true) < Min(EVALUATE_KEEP, (Size) guc_max_memory * 32);
		Sample	   *sample = evaluator->samples[from / evaluator->batch];
		Tensor	   *result;

		CHECK_FOR_INTERRUPTS();
		if (sample == NULL)
		{
			MemoryContext old = MemoryContextSwitchTo(keep ? evaluator->cxt : evaluator->run_cxt);

			sample = draw_sample(evaluator, from, n);
			if (keep)
				evaluator->samples[from / evaluator->batch] = sample;
			MemoryContextSwitchTo(old);
		}
		result = model_forward(model, evaluator->tape, sample, trainer->tables, &forward, NULL);
		memcpy(logits + from * width, result->data, n * width * sizeof(float));
		tape_reset(evaluator->tape);
		if (!keep)
			MemoryContextReset(evaluator->run_cxt);
		spill_rest();
	}
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

/* The metric of scores of all labels [labels x outputs] on one side of the split. */
double
train_metric(const Trainer *trainer, const float *scores, Split split)
{
	int64		width = trainer->spec->noutputs;
	int64		n;
	int64	   *rows = rows_of_split(trainer->labels, split, PG_INT64_MAX, &n);
	float	   *side = memory_alloc(n * width, sizeof(float));

	for (int64 i = 0; i < n; i++)
		memcpy(side + i * width, scores + rows[i] * width, width * sizeof(float));
	return split_metric(trainer, trainer->metric, side, rows, n);
}

/*
 * The metric and the loss of the weights as they are now; both NaN if the
 * side has no labels, the metric also if it cannot be said.
 */
Evaluation
evaluator_run(Evaluator *evaluator, Model *model)
{
	Trainer    *trainer = evaluator->trainer;
	MemoryContext old;
	Evaluation	result = {NAN, NAN};
	bool		recording;
	Tensor		logits = {.rows = evaluator->n, .cols = trainer->spec->noutputs};

	if (evaluator->n == 0)
		return result;
	old = MemoryContextSwitchTo(evaluator->cxt);
	if (evaluator->logits == NULL)
		evaluator->logits = memory_alloc(logits.rows * logits.cols, sizeof(float));
	logits.data = evaluator->logits;
	if (evaluator->tape == NULL)
		evaluator->tape = tape_create(evaluator->tape_cxt, false);
	MemoryContextSwitchTo(evaluator->run_cxt);
	recording = tape_set_recording(evaluator->tape, false);
	if (evaluator->whole_table)
		logits_from_table(evaluator, model, logits.data);
	else
		logits_from_samples(evaluator, model, logits.data);
	result.loss = loss_batch(evaluator->tape, &logits, trainer->labels, evaluator->rows, logits.rows, trainer->loss,
							 trainer->options->huber_delta, trainer->weights)->data[0];
	tape_reset(evaluator->tape);
	(void) tape_set_recording(evaluator->tape, recording);
	model_activate(trainer->spec, logits.data, logits.rows);
	result.metric = split_metric(trainer, trainer->metric, logits.data, evaluator->rows, logits.rows);
	MemoryContextSwitchTo(old);
	MemoryContextReset(evaluator->run_cxt);
	if (spill_in_use() && evaluator->own_tape)
	{
		MemoryContextReset(evaluator->tape_cxt);
		evaluator->tape = NULL;
	}
	return result;
}

/* For one time only. */
Evaluation
train_evaluate(Trainer *trainer, Model *model, const Fanout *fanout, Split split)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "sage evaluate", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	Evaluation	result = evaluator_run(evaluator_create(trainer, fanout, split, PG_INT64_MAX, NULL), model);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	return result;
}
