/*
 * leak.c
 *		Finds the commonest mistake: a column that is the target in other words.
 *
 * Each column alone predicts the training labels by the best guess for each
 * of its values (a category) or for each of some value ranges (a number).  If
 * that is nearly always right where guessing without it is not, the user is
 * warned.  Ranges and values that hold only a few labels prove nothing, so a
 * unique number, a key, is not suspected.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "train/train.h"

#define MAX_VALUES		128		/* of a column, or ranges of a number */
#define ENOUGH_LABELS	50
#define SUSPICIOUS		0.995

/* Labels of the training part by value of one column. */
typedef struct LeakTable
{
	int			nvalues;
	int			nclasses;
	int64	   *counts;			/* [nvalues x nclasses] */
} LeakTable;

/*
 * The share of labels guessed right when the value is known, corrected for
 * what small groups guess right by chance: a group's best class counts one
 * label less.
 */
static double
leak_purity(const LeakTable *table, int64 n)
{
	int64		right = 0;

	for (int v = 0; v < table->nvalues; v++)
	{
		int64		best = 0;

		for (int c = 0; c < table->nclasses; c++)
			best = Max(best, table->counts[v * table->nclasses + c]);
		right += Max(best - 1, 0);
	}
	return (double) (right + table->nvalues) / n - (double) table->nvalues / n * 0.5;
}

/* The share guessed right when nothing is known. */
static double
majority_share(const Labels *labels)
{
	int64	   *counts = palloc0(labels->nclasses * sizeof(int64));
	int64		best = 0;

	for (int64 i = 0; i < labels->n; i++)
		counts[labels->classes[i]] += labels->split[i] == SPLIT_TRAIN;
	for (int c = 0; c < labels->nclasses; c++)
		best = Max(best, counts[c]);
	pfree(counts);
	return (double) best / labels->counts[SPLIT_TRAIN];
}

/* Which slot of the column's one-hot part a row has; width: none. */
static int
sparse_slot(const SparseRows *rows, int32 node, const FeatureColumn *column)
{
	for (int64 e = rows->offsets[node]; e < rows->offsets[node + 1]; e++)
	{
		int			slot = rows->ids[e] - column->sparse_offset;

		if (slot >= 0 && slot < column->sparse_width)
			return slot;
	}
	return column->sparse_width;
}

static int
float_compare(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return (x > y) - (x < y);
}

/*
 * Bounds of ranges with about equally many of the n values, which get sorted;
 * equal bounds are left out.  Returns how many.
 */
static int
range_bounds(float *values, int64 n, float *bounds)
{
	int			nbounds = 0;

	qsort(values, n, sizeof(float), float_compare);
	for (int b = 1; b < MAX_VALUES; b++)
	{
		float		bound = values[n * b / MAX_VALUES];

		if (bound > values[0] && (nbounds == 0 || bound > bounds[nbounds - 1]))
			bounds[nbounds++] = bound;
	}
	return nbounds;
}

static int
range_of(const float *bounds, int nbounds, float value)
{
	int			low = 0;

	while (low < nbounds && value >= bounds[low])
		low++;
	return low;
}

/* True if the column alone nearly determines the class. */
static bool
leak_in_classes(const Labels *labels, FeatureTable *table, int dense_width, const FeatureColumn *column, double majority)
{
	SparseRows	sparse = feature_table_sparse(table);
	const float *dense = feature_table_dense(table);
	bool		category = column->kind == FEATURE_CATEGORY;
	float		bounds[MAX_VALUES];
	int			nbounds = 0;
	int64		n = 0;
	LeakTable	counts;
	double		purity;

	if (!category)
	{
		float	   *values = memory_alloc(labels->n, sizeof(float));

		for (int64 i = 0; i < labels->n; i++)
		{
			if (labels->split[i] == SPLIT_TRAIN)
				values[n++] = dense[(int64) labels->nodes[i] * dense_width + column->dense_offset];
		}
		nbounds = range_bounds(values, n, bounds);
		pfree(values);
	}
	counts.nvalues = category ? column->sparse_width + 1 : nbounds + 1;
	counts.nclasses = labels->nclasses;
	if (counts.nvalues < 2 || counts.nvalues > labels->counts[SPLIT_TRAIN] / 10)
		return false;
	counts.counts = memory_alloc_zero((int64) counts.nvalues * counts.nclasses, sizeof(int64));
	n = 0;
	for (int64 i = 0; i < labels->n; i++)
	{
		int32		node = labels->nodes[i];
		int			value;

		if (labels->split[i] != SPLIT_TRAIN)
			continue;
		value = category ? sparse_slot(&sparse, node, column) :
			range_of(bounds, nbounds, dense[(int64) node * dense_width + column->dense_offset]);
		counts.counts[(int64) value * counts.nclasses + labels->classes[i]]++;
		n++;
	}
	purity = leak_purity(&counts, n);
	pfree(counts.counts);
	return purity >= SUSPICIOUS && purity - majority > (1 - majority) * 0.9;
}

/* True if the column is nearly a linear function of the target. */
static bool
leak_in_values(const Labels *labels, FeatureTable *table, int dense_width, const FeatureColumn *column)
{
	const float *dense = feature_table_dense(table);
	double		n = labels->counts[SPLIT_TRAIN];
	double		sum = 0,
				squares = 0,
				product = 0;
	double		variance,
				covariance;

	for (int64 i = 0; i < labels->n; i++)
	{
		double		x,
					y;

		if (labels->split[i] != SPLIT_TRAIN)
			continue;
		x = dense[(int64) labels->nodes[i] * dense_width + column->dense_offset];
		y = (labels->values[i] - labels->mean) / labels->std;
		sum += x;
		squares += x * x;
		product += x * y;
	}
	variance = squares / n - sum / n * (sum / n);
	covariance = product / n;
	return variance > 1e-12 && covariance * covariance / variance > SUSPICIOUS;
}

/*
 * Warns of each column of the labelled node type that nearly gives the
 * target away.
 */
void
leak_check(const Graph *graph, const ModelSpec *spec, FeatureTable *const *tables, const Labels *labels)
{
	const FeatureSet *set = spec->features[spec->node_type];
	FeatureTable *table = tables[spec->node_type];
	int			dense_width = feature_dense_width(set);
	bool		classes = labels->task == TASK_BINARY || labels->task == TASK_MULTICLASS;
	double		majority;

	if (labels->counts[SPLIT_TRAIN] < ENOUGH_LABELS || labels->task == TASK_MULTILABEL)
		return;
	majority = classes ? majority_share(labels) : 0;
	for (int i = 0; i < feature_column_count(set); i++)
	{
		FeatureColumn column = feature_column(set, i);
		bool		number = column.dense_width > 0 &&
			(column.kind == FEATURE_NUMERIC || column.kind == FEATURE_TIME || column.kind == FEATURE_CATEGORY);
		bool		leak;

		if (classes)
			leak = (number || column.kind == FEATURE_CATEGORY) &&
				leak_in_classes(labels, table, dense_width, &column, majority);
		else
			leak = number && leak_in_values(labels, table, dense_width, &column);
		if (leak)
			ereport(WARNING,
					(errmsg("column \"%s\" of table %s may be the target in other words",
							column.name, graph->node_types[spec->node_type].table),
					 errdetail("It alone predicts the target almost perfectly."),
					 errhint("If it is not known at the time of prediction, leave it out with exclude.")));
	}
}
