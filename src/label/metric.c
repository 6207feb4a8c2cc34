/*
 * metric.c
 *		How good scores are, as one number.
 *
 * All sums run in doubles and in the order of the rows, so that the same
 * scores give the same number everywhere.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "miscadmin.h"
#include "label/metric.h"

#define LOG_LOSS_CLIP	1e-7
#define THRESHOLD		0.5f

const char *const metric_names[] = {
	"auroc", "ap", "f1", "accuracy", "macro_f1", "log_loss", "mae", "rmse", "r2", NULL
};

/* Which tasks a metric suits, a bit each. */
#define ON(task)		(1 << (task))
#define ON_CLASSES		(ON(TASK_BINARY) | ON(TASK_MULTICLASS) | ON(TASK_MULTILABEL))

static const int metric_tasks[METRIC_COUNT] = {
	[METRIC_AUROC] = ON_CLASSES,
	[METRIC_AP] = ON_CLASSES,
	[METRIC_F1] = ON(TASK_BINARY) | ON(TASK_MULTILABEL),
	[METRIC_ACCURACY] = ON(TASK_BINARY) | ON(TASK_MULTICLASS),
	[METRIC_MACRO_F1] = ON(TASK_MULTICLASS) | ON(TASK_MULTILABEL),
	[METRIC_LOG_LOSS] = ON_CLASSES,
	[METRIC_MAE] = ON(TASK_REGRESSION),
	[METRIC_RMSE] = ON(TASK_REGRESSION),
	[METRIC_R2] = ON(TASK_REGRESSION),
};

/* A row of a ranking. */
typedef struct RankedRow
{
	float		score;
	bool		positive;
} RankedRow;

#define ST_SORT sort_ranked_rows
#define ST_ELEMENT_TYPE RankedRow
#define ST_COMPARE(a, b) (((a)->score < (b)->score) - ((a)->score > (b)->score))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

int
metric_find(const char *name)
{
	for (int i = 0; i < METRIC_COUNT; i++)
	{
		if (strcmp(metric_names[i], name) == 0)
			return i;
	}
	return -1;
}

bool
metric_higher_is_better(Metric metric)
{
	return metric != METRIC_LOG_LOSS && metric != METRIC_MAE && metric != METRIC_RMSE;
}

bool
metric_suits(Metric metric, ModelTask task)
{
	return (metric_tasks[metric] & ON(task)) != 0;
}

/*
 * The metric that decides when nobody chose one.  For several labels it is
 * the ranking, because F1 at a threshold stays at 0 for the first epochs of
 * rare labels and would stop a training that has only begun.
 */
Metric
metric_default(ModelTask task)
{
	switch (task)
	{
		case TASK_BINARY:
		case TASK_MULTILABEL:
			return METRIC_AUROC;
		case TASK_MULTICLASS:
			return METRIC_ACCURACY;
		case TASK_REGRESSION:
			break;
	}
	return METRIC_MAE;
}

/* Scores and labels in a row. */
static int
row_width(const MetricInput *input)
{
	return input->task == TASK_MULTICLASS || input->task == TASK_MULTILABEL ? input->nclasses : 1;
}

/* Whether a row has a class; of binary input, whether it is positive. */
static bool
is_positive(const MetricInput *input, int64 row, int class)
{
	switch (input->task)
	{
		case TASK_BINARY:
			return input->classes[row] == 1;
		case TASK_MULTICLASS:
			return input->classes[row] == class;
		default:
			return input->values[row * input->nclasses + class] >= THRESHOLD;
	}
}

/* The class with the largest score, the first of equals. */
static int
predicted_class(const MetricInput *input, int64 row)
{
	const float *scores = input->scores + row * input->nclasses;
	int			best = 0;

	for (int class = 1; class < input->nclasses; class++)
	{
		if (scores[class] > scores[best])
			best = class;
	}
	return best;
}

/*
 * AUROC of a ranking (scores descending) = pairs of a positive above a
 * negative, a tie being half a pair, over all pairs.  This equals the formula
 * with midranks.
 */
static double
ranking_auroc(const RankedRow *rows, int64 n, int64 npositive)
{
	double		pairs = 0;
	int64		above = 0;		/* positives with a larger score */

	for (int64 start = 0, end; start < n; start = end)
	{
		int64		positives = 0;

		for (end = start; end < n && rows[end].score == rows[start].score; end++)
			positives += rows[end].positive;
		pairs += (double) (end - start - positives) * ((double) above + 0.5 * (double) positives);
		above += positives;
	}
	return pairs / ((double) npositive * (double) (n - npositive));
}

/*
 * Average precision of a ranking = sum over distinct scores of the precision
 * down to there, times the share of positives that have that score.
 */
static double
ranking_ap(const RankedRow *rows, int64 n, int64 npositive)
{
	double		sum = 0;
	int64		found = 0;

	for (int64 start = 0, end; start < n; start = end)
	{
		int64		positives = 0;

		for (end = start; end < n && rows[end].score == rows[start].score; end++)
			positives += rows[end].positive;
		found += positives;
		sum += (double) positives * ((double) found / (double) end);
	}
	return sum / (double) npositive;
}

/*
 * AUROC or average precision, as the mean over the classes that have positive
 * and negative rows, each class against the rest.
 */
static double
ranking_metric(Metric metric, const MetricInput *input)
{
	int			width = row_width(input);
	RankedRow  *rows = memory_alloc(input->n, sizeof(RankedRow));
	double		sum = 0;
	int			defined = 0;

	for (int class = 0; class < width; class++)
	{
		int64		npositive = 0;

		for (int64 i = 0; i < input->n; i++)
		{
			rows[i].score = input->scores[i * width + class];
			rows[i].positive = is_positive(input, i, class);
			npositive += rows[i].positive;
		}
		CHECK_FOR_INTERRUPTS();
		if (npositive == 0 || npositive == input->n)
			continue;

		sort_ranked_rows(rows, input->n);
		sum += metric == METRIC_AUROC ? ranking_auroc(rows, input->n, npositive) :
			ranking_ap(rows, input->n, npositive);
		defined++;
	}
	pfree(rows);
	return defined > 0 ? sum / defined : (double) NAN;
}

/* The share of rows whose class is predicted. */
static double
accuracy(const MetricInput *input)
{
	int64		right = 0;

	for (int64 i = 0; i < input->n; i++)
	{
		int			predicted = input->task == TASK_BINARY ? input->scores[i] >= THRESHOLD :
			predicted_class(input, i);

		right += predicted == input->classes[i];
	}
	return (double) right / (double) input->n;
}

/* 2TP / (2TP + FP + FN), where the divisor is what is predicted plus what is true. */
static double
f1_of_counts(int64 hits, int64 predicted_and_true)
{
	return predicted_and_true > 0 ? 2.0 * (double) hits / (double) predicted_and_true : 0;
}

/* F1 of a threshold, all labels pooled. */
static double
micro_f1(const MetricInput *input)
{
	int			width = row_width(input);
	int64		hits = 0;
	int64		both = 0;

	for (int64 i = 0; i < input->n; i++)
	{
		for (int class = 0; class < width; class++)
		{
			bool		predicted = input->scores[i * width + class] >= THRESHOLD;
			bool		positive = is_positive(input, i, class);

			hits += predicted && positive;
			both += predicted + positive;
		}
	}
	return f1_of_counts(hits, both);
}

/* The mean of each class's F1: of the largest score, or of a threshold. */
static double
macro_f1(const MetricInput *input)
{
	int64	   *hits = palloc0(sizeof(int64) * input->nclasses);
	int64	   *both = palloc0(sizeof(int64) * input->nclasses);
	double		sum = 0;

	for (int64 i = 0; i < input->n; i++)
	{
		if (input->task == TASK_MULTICLASS)
		{
			int			predicted = predicted_class(input, i);

			hits[predicted] += predicted == input->classes[i];
			both[predicted]++;
			both[input->classes[i]]++;
			continue;
		}
		for (int class = 0; class < input->nclasses; class++)
		{
			bool		predicted = input->scores[i * input->nclasses + class] >= THRESHOLD;
			bool		positive = is_positive(input, i, class);

			hits[class] += predicted && positive;
			both[class] += predicted + positive;
		}
	}
	for (int class = 0; class < input->nclasses; class++)
		sum += f1_of_counts(hits[class], both[class]);
	pfree(hits);
	pfree(both);
	return sum / input->nclasses;
}

static double
log_loss(const MetricInput *input)
{
	int			width = row_width(input);
	double		sum = 0;

	for (int64 i = 0; i < input->n; i++)
	{
		for (int class = 0; class < width; class++)
		{
			double		score = input->scores[i * width + class];
			bool		positive = is_positive(input, i, class);

			/* Of exclusive classes only the true one counts. */
			if (input->task == TASK_MULTICLASS && !positive)
				continue;
			if (!positive)
				score = 1 - score;
			sum -= log(Min(Max(score, LOG_LOSS_CLIP), 1 - LOG_LOSS_CLIP));
		}
	}
	return sum / ((double) input->n * (input->task == TASK_MULTILABEL ? width : 1));
}

static double
regression_metric(Metric metric, const MetricInput *input)
{
	double		n = (double) input->n;
	double		mean = 0;
	double		absolute = 0;
	double		squared = 0;
	double		deviation = 0;

	for (int64 i = 0; i < input->n; i++)
		mean += input->values[i];
	mean /= n;
	for (int64 i = 0; i < input->n; i++)
	{
		double		value = input->values[i];
		double		error = (double) input->scores[i] - value;

		absolute += fabs(error);
		squared += error * error;
		deviation += (value - mean) * (value - mean);
	}

	if (metric == METRIC_MAE)
		return absolute / n * input->unit;
	if (metric == METRIC_RMSE)
		return sqrt(squared / n) * input->unit;
	return deviation > 0 ? 1 - squared / deviation : (double) NAN;
}

/*
 * The metric of the scores, or NaN where it is not defined.  The metric must
 * suit the task.
 */
double
metric_compute(Metric metric, const MetricInput *input)
{
	int64		nscores = input->n * row_width(input);

	Assert(metric_suits(metric, input->task));

	if (nscores == 0)
		return (double) NAN;
	for (int64 i = 0; i < nscores; i++)
	{
		if (isnan(input->scores[i]))
			return (double) NAN;
	}

	switch (metric)
	{
		case METRIC_AUROC:
		case METRIC_AP:
			return ranking_metric(metric, input);
		case METRIC_F1:
			return micro_f1(input);
		case METRIC_ACCURACY:
			return accuracy(input);
		case METRIC_MACRO_F1:
			return macro_f1(input);
		case METRIC_LOG_LOSS:
			return log_loss(input);
		case METRIC_MAE:
		case METRIC_RMSE:
		case METRIC_R2:
			return regression_metric(metric, input);
	}
	return (double) NAN;
}
