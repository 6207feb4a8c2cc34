/*
 * aggregate.c
 *		The baseline of tasks with times: one aggregate of a node's own past.
 *
 * What a node's earlier labels were says much about the next one, and a query
 * with one aggregate finds it out.  A model that does not beat that is not
 * worth having, so it is told beside the features-only baseline.  Three are
 * tried: the mean of the node's earlier labels, the last of them, and how
 * many there are; the best on the validation labels is the one that counts.
 *
 * For one output the score is a + b x for the aggregate x, by least squares
 * over the training labels, and the mean of the training labels without a
 * past for those without.  For several classes it is the shares of the
 * classes in the past, of which the shares in training count as one label.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "train/aggregate.h"

typedef enum AggregateKind
{
	AGGREGATE_MEAN,
	AGGREGATE_LAST,
	AGGREGATE_COUNT
} AggregateKind;

#define AGGREGATES	3

static const char *const aggregate_names[AGGREGATES] = {
	"the mean of the node's earlier labels",
	"the node's last label",
	"the number of the node's earlier labels"
};

/* Labels as numbers, and the order of time within each node. */
typedef struct Past
{
	const Labels *labels;
	int64		width;			/* numbers in a label: classes, or 1 */
	float	   *values;			/* [n x width] */
	float	   *share;			/* [width] mean of those that train */
	int64	   *order;			/* [n] by node, then time */
} Past;

static int
past_compare(const void *a, const void *b, void *arg)
{
	const Labels *labels = arg;
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	if (labels->nodes[x] != labels->nodes[y])
		return labels->nodes[x] < labels->nodes[y] ? -1 : 1;
	return (labels->times[x] > labels->times[y]) - (labels->times[x] < labels->times[y]);
}

static void
past_open(Past *past, const Labels *labels, int64 width)
{
	past->labels = labels;
	past->width = width;
	past->values = memory_alloc_zero(labels->n * width, sizeof(float));
	past->share = palloc0(width * sizeof(float));
	past->order = memory_alloc(labels->n, sizeof(int64));
	for (int64 i = 0; i < labels->n; i++)
	{
		float	   *value = past->values + i * width;

		past->order[i] = i;
		if (labels->numbers != NULL)
			value[0] = label_standardized(labels, i);
		else if (labels->values != NULL)
			memcpy(value, labels->values + i * width, width * sizeof(float));
		else if (width == 1)
			value[0] = (float) labels->classes[i];
		else
			value[labels->classes[i]] = 1;
		for (int64 c = 0; c < width && labels->split[i] == SPLIT_TRAIN; c++)
			past->share[c] += value[c] / (float) labels->counts[SPLIT_TRAIN];
	}
	qsort_arg(past->order, labels->n, sizeof(int64), past_compare, (void *) labels);
}

/*
 * The aggregate of each label's past, x [n x width], and how many labels that
 * past has.
 */
static void
past_aggregate(const Past *past, AggregateKind kind, double *x, int64 *count)
{
	const Labels *labels = past->labels;
	int64		width = past->width;
	double	   *sum = palloc0(width * sizeof(double));

	for (int64 at = 0; at < labels->n; at++)
	{
		int64		i = past->order[at];
		int64		before = at > 0 ? past->order[at - 1] : -1;
		bool		follows = before >= 0 && labels->nodes[before] == labels->nodes[i];

		count[i] = follows ? count[before] + 1 : 0;
		for (int64 c = 0; c < width; c++)
		{
			double		last = follows ? past->values[before * width + c] : 0;

			sum[c] = follows ? sum[c] + last : 0;
			x[i * width + c] = kind == AGGREGATE_COUNT ? count[i] : kind == AGGREGATE_LAST ? last :
				follows ? sum[c] / count[i] : 0;
		}
	}
	pfree(sum);
}

/*
 * Least squares over the training labels that have a past: with deviations
 * from the means, b = sum(dx dy) / sum(dx dx) and a = mean(y) - b mean(x).
 */
static void
score_one(const Past *past, const double *x, const int64 *count, float *scores)
{
	const Labels *labels = past->labels;
	double		n = 0,
				mean_x = 0,
				mean_y = 0,
				xx = 0,
				xy = 0,
				new_n = 0,
				new_y = 0;

	for (int64 i = 0; i < labels->n; i++)
	{
		double		delta = x[i] - mean_x;

		if (labels->split[i] != SPLIT_TRAIN)
			continue;
		if (count[i] == 0)
		{
			new_n++;
			new_y += past->values[i];
			continue;
		}
		n++;
		mean_x += delta / n;
		mean_y += (past->values[i] - mean_y) / n;
		xx += delta * (x[i] - mean_x);
		xy += delta * (past->values[i] - mean_y);
	}
	new_y = new_n > 0 ? new_y / new_n : past->share[0];
	if (n == 0)
		mean_y = new_y;
	for (int64 i = 0; i < labels->n; i++)
	{
		double		score = count[i] == 0 ? new_y : mean_y + (xx > 0 ? xy / xx * (x[i] - mean_x) : 0);

		scores[i] = (float) (labels->task == TASK_BINARY ? Min(Max(score, 0), 1) : score);
	}
}

static void
score_several(const Past *past, AggregateKind kind, const double *x, const int64 *count, float *scores)
{
	for (int64 i = 0; i < past->labels->n; i++)
	{
		double		n = kind == AGGREGATE_MEAN ? count[i] : Min(count[i], 1);

		for (int64 c = 0; c < past->width; c++)
			scores[i * past->width + c] = (float) ((n * x[i * past->width + c] + past->share[c]) / (n + 1));
	}
}

/*
 * The best aggregate and its metric on both sides of the split that judge;
 * name is NULL if labels have no times.
 */
AggregateResult
aggregate_baseline(const Trainer *trainer)
{
	const Labels *labels = trainer->labels;
	int64		width = trainer->spec->noutputs;
	AggregateResult best = {NULL, NAN, NAN};
	Past		past;
	double	   *x;
	int64	   *count;
	float	   *scores;

	if (labels->times == NULL)
		return best;
	past_open(&past, labels, width);
	x = memory_alloc(labels->n * width, sizeof(double));
	count = memory_alloc(labels->n, sizeof(int64));
	scores = memory_alloc(labels->n * width, sizeof(float));
	for (AggregateKind kind = AGGREGATE_MEAN; kind < AGGREGATES; kind++)
	{
		AggregateResult result = {.name = aggregate_names[kind]};

		if (kind == AGGREGATE_COUNT && width > 1)
			continue;			/* says nothing about which class */
		past_aggregate(&past, kind, x, count);
		if (width == 1)
			score_one(&past, x, count, scores);
		else
			score_several(&past, kind, x, count, scores);
		result.validation = train_metric(trainer, scores, SPLIT_VALIDATION);
		result.test = train_metric(trainer, scores, SPLIT_TEST);
		if (best.name == NULL || (metric_higher_is_better(trainer->metric) ?
								  result.validation > best.validation : result.validation < best.validation))
			best = result;
	}
	return best;
}
