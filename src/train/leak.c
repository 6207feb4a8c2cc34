/*
 * leak.c
 *		Finds the commonest mistake: a column that is the target in other words.
 *
 * Each column alone predicts the training labels by the best guess for each
 * of its values (a category) or for each run of values (a number).  If that
 * is nearly always right where guessing without it is not, the user is
 * warned.  Values and runs of a few labels prove nothing, so a unique number,
 * a key, is not suspected.
 */
#include "postgres.h"

#include <math.h>

#include "train/train.h"

#define FEW				5		/* labels of one value or run */
#define ENOUGH_LABELS	50
#define MOST_LABELS		65536	/* looked at: a warning must not cost memory */
#define SUSPICIOUS		0.995

/* One label, with a column's value beside it: a number, or the slot of a category. */
typedef struct LeakRow
{
	float		value;
	int32		class;
} LeakRow;

/*
 * The training labels that are looked at: the first, which are drawn at
 * random, as labels are in an order made by hash.
 */
typedef struct LeakSample
{
	int			n;
	int64	   *labels;			/* [n] rows of the labels */
	LeakRow    *rows;			/* [n] of the column at hand */
} LeakSample;

static LeakSample
sample_labels(const Labels *labels)
{
	int			most = Min(labels->counts[SPLIT_TRAIN], MOST_LABELS);
	LeakSample	sample = {.labels = palloc(most * sizeof(int64)),.rows = palloc(most * sizeof(LeakRow))};

	for (int64 i = 0; i < labels->n && sample.n < most; i++)
	{
		if (labels->split[i] == SPLIT_TRAIN)
			sample.labels[sample.n++] = i;
	}
	return sample;
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
leak_row_compare(const void *a, const void *b)
{
	const LeakRow *x = a;
	const LeakRow *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x->class > y->class) - (x->class < y->class);
}

/* The largest class among some rows, which are in order of class. */
static int64
largest_class(const LeakRow *rows, int64 n)
{
	int64		best = 0;
	int64		first = 0;

	for (int64 i = 0; i < n; i++)
	{
		if (rows[i].class != rows[first].class)
			first = i;
		best = Max(best, i - first + 1);
	}
	return best;
}

/* The share guessed right when nothing is known. */
static double
majority_share(const Labels *labels, const LeakSample *sample)
{
	int64	   *counts = palloc0(labels->nclasses * sizeof(int64));
	int64		best = 0;

	for (int i = 0; i < sample->n; i++)
		counts[labels->classes[sample->labels[i]]]++;
	for (int c = 0; c < labels->nclasses; c++)
		best = Max(best, counts[c]);
	pfree(counts);
	return (double) best / sample->n;
}

/* The column's value beside each label's class, in order of both. */
static void
read_column(LeakSample *sample, const Labels *labels, FeatureTable *table, int dense_width, const FeatureColumn *column)
{
	const float *dense = feature_table_dense(table);
	SparseRows	sparse = feature_table_sparse(table);

	for (int i = 0; i < sample->n; i++)
	{
		int64		row = sample->labels[i];
		int32		node = labels->nodes[row];

		sample->rows[i].value = column->kind == FEATURE_CATEGORY ? sparse_slot(&sparse, node, column) :
			dense[(int64) node * dense_width + column->dense_offset];
		sample->rows[i].class = labels->classes[row];
	}
	qsort(sample->rows, sample->n, sizeof(LeakRow), leak_row_compare);
}

/*
 * How many labels the best guess for each value of a category gets right.
 */
static int64
category_right(const LeakRow *rows, int n)
{
	int64		right = 0;

	for (int from = 0, to; from < n; from = to)
	{
		for (to = from + 1; to < n && rows[to].value == rows[from].value;)
			to++;
		right += to - from >= FEW ? largest_class(rows + from, to - from) : 0;
	}
	return right;
}

/*
 * How many labels the best guess for each run of a number's values gets
 * right.  A run goes on as long as all labels are of one class; a value that
 * has labels of several classes is a run by itself.
 */
static int64
number_right(const LeakRow *rows, int n)
{
	int64		right = 0;
	int64		run = 0;		/* its length; 0: none */

	for (int from = 0, to; from < n; from = to)
	{
		bool		pure;

		for (to = from + 1; to < n && rows[to].value == rows[from].value;)
			to++;
		pure = rows[from].class == rows[to - 1].class;
		if (run > 0 && !(pure && rows[from].class == rows[from - 1].class))
		{
			right += run >= FEW ? run : 0;
			run = 0;
		}
		if (pure)
			run += to - from;
		else
			right += to - from >= FEW ? largest_class(rows + from, to - from) : 0;
	}
	return right + (run >= FEW ? run : 0);
}

/* True if the column alone nearly determines the class. */
static bool
leak_in_classes(LeakSample *sample, const Labels *labels, FeatureTable *table, int dense_width,
				const FeatureColumn *column)
{
	double		majority = majority_share(labels, sample);
	double		purity;

	read_column(sample, labels, table, dense_width, column);
	purity = (double) (column->kind == FEATURE_CATEGORY ? category_right(sample->rows, sample->n) :
					   number_right(sample->rows, sample->n)) / sample->n;
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
		y = (labels->numbers[i] - labels->mean) / labels->std;
		sum += x;
		squares += x * x;
		product += x * y;
	}
	variance = squares / n - sum / n * (sum / n);
	covariance = product / n;
	return variance > 1e-12 && covariance * covariance / variance > SUSPICIOUS;
}

/*
 * Warns of each column of the labeled node type that nearly gives the
 * target away.
 */
void
leak_check(const Graph *graph, const ModelSpec *spec, FeatureTable *const *tables, const Labels *labels)
{
	const FeatureSet *set = spec->features[spec->node_type];
	FeatureTable *table = tables[spec->node_type];
	int			dense_width = feature_dense_width(set);
	bool		classes = labels->task == TASK_BINARY || labels->task == TASK_MULTICLASS;
	LeakSample	sample;

	if (labels->counts[SPLIT_TRAIN] < ENOUGH_LABELS || labels->task == TASK_MULTILABEL)
		return;
	sample = sample_labels(labels);
	for (int i = 0; i < feature_column_count(set); i++)
	{
		FeatureColumn column = feature_column(set, i);
		bool		number = column.dense_width > 0 &&
			(column.kind == FEATURE_NUMERIC || column.kind == FEATURE_TIME || column.kind == FEATURE_CATEGORY);
		bool		leak;

		if (classes)
			leak = (number || column.kind == FEATURE_CATEGORY) &&
				leak_in_classes(&sample, labels, table, dense_width, &column);
		else
			leak = number && leak_in_values(labels, table, dense_width, &column);
		if (leak)
			ereport(WARNING,
					(errmsg("column \"%s\" of table %s may be the target in other words",
							column.name, graph->node_types[spec->node_type].table),
					 errdetail("It alone predicts the target almost perfectly."),
					 errhint("If it is not known at the time of prediction, leave it out with the option \"exclude\".")));
	}
	pfree(sample.labels);
	pfree(sample.rows);
}
