/*
 * label_split.c
 *		Which labels train, which stop the training, which judge it.
 *
 * Three rules, the first that applies: the query's own split column; times,
 * where labels have them (label_time.c); shares, drawn by hash of the key, so
 * that a row stays on its side when others come or go.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/random.h"
#include "label/label.h"

#define SPLIT_SALT	UINT64_C(0x73706c6974)

/* The option split: two or three shares; NULL: the defaults. */
static void
split_shares(const JsonbValue *option, double *validation, double *test)
{
	double		share[3] = {0, 0, 0};
	int			count;

	*validation = 0.1;
	*test = 0.1;
	if (option == NULL)
		return;
	count = JsonContainerSize(option->val.binary.data);
	for (int i = 0; i < count && i < 3; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(option->val.binary.data, i);

		share[i] = value->type != jbvNumeric ? NAN :
			DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	}
	if (count < 2 || count > 3 || !(share[0] > 0) || !(share[1] >= 0) || !(share[2] >= 0) ||
		fabs(share[0] + share[1] + share[2] - 1) > 1e-6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("split must be two or three shares that add up to 1"),
				 errhint("For example [0.8, 0.1, 0.1] for training, validation and test.")));
	*validation = share[1];
	*test = share[2];
}

static void
split_by_share(Labels *labels, const ModelOptions *options)
{
	uint64		salt = random_hash(SPLIT_SALT, options->seed);
	double		validation,
				test;

	split_shares(options->split, &validation, &test);
	for (int64 i = 0; i < labels->n; i++)
	{
		double		draw = random_unit(random_hash(salt, key_hash(labels->key_kind, labels->keys[i])));

		labels->split[i] = draw < test ? SPLIT_TEST : draw < test + validation ? SPLIT_VALIDATION : SPLIT_TRAIN;
	}
}

/* With a handful of labels the draw may leave a side empty. */
static void
split_at_least_one(Labels *labels, Split needed, Split from)
{
	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->split[i] == needed)
			return;
	}
	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->split[i] == from)
		{
			labels->split[i] = needed;
			return;
		}
	}
}

/*
 * Mean and standard deviation of the numbers that train.  Deviations are
 * scaled by a power of two before they are squared, so that tiny ones do not
 * vanish.
 */
static void
labels_scale(Labels *labels)
{
	int64		n = Max(labels->counts[SPLIT_TRAIN], 1);
	double		sum = 0,
				squares = 0,
				largest = 0;
	int			exponent;

	for (int64 i = 0; i < labels->n; i++)
		sum += labels->split[i] == SPLIT_TRAIN ? labels->numbers[i] : 0;
	labels->mean = sum / n;
	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->split[i] == SPLIT_TRAIN)
			largest = Max(largest, fabs(labels->numbers[i] - labels->mean));
	}
	(void) frexp(largest, &exponent);
	for (int64 i = 0; i < labels->n; i++)
	{
		double		deviation = labels->split[i] == SPLIT_TRAIN ? ldexp(labels->numbers[i] - labels->mean, -exponent) : 0;

		squares += deviation * deviation;
	}
	labels->std = squares > 0 ? ldexp(sqrt(squares / n), exponent) : 1;
}

static void
labels_count(Labels *labels)
{
	memset(labels->counts, 0, sizeof(labels->counts));
	for (int64 i = 0; i < labels->n; i++)
		labels->counts[labels->split[i]]++;
	labels->mean = 0;
	labels->std = 1;
	if (labels->task == TASK_REGRESSION)
		labels_scale(labels);
}

/* Whether two labels of a classification are of the same class, or of the same set of classes. */
static bool
same_classes(const Labels *labels, int64 a, int64 b)
{
	if (labels->task == TASK_MULTILABEL)
		return memcmp(labels->values + a * labels->nclasses, labels->values + b * labels->nclasses,
					  labels->nclasses * sizeof(float)) == 0;
	return labels->classes[a] == labels->classes[b];
}

/* There must be labels to train, and of more than one class. */
static void
check_training_labels(const Labels *labels)
{
	int64		first = -1;
	bool		differ = false;

	if (labels->counts[SPLIT_TRAIN] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no label is left for training"),
				 errdetail("%lld labels are for validation, %lld are for the test, and %lld have a key without a row.",
						   (long long) labels->counts[SPLIT_VALIDATION], (long long) labels->counts[SPLIT_TEST],
						   (long long) labels->unknown),
				 labels->n > 0 || labels->unknown == 0 ?
				 errhint("See the options split, validation_from and test_from, or the labels' own split.") :
				 errhint("Column \"node\" must hold keys of the node type's rows; a key of several columns is an array of all of them in order, with times in UTC and without an offset.")));
	if (labels->task == TASK_REGRESSION)
		return;
	for (int64 i = 0; i < labels->n && !differ; i++)
	{
		if (labels->split[i] != SPLIT_TRAIN)
			continue;
		if (first < 0)
			first = i;
		differ = !same_classes(labels, first, i);
	}
	if (!differ)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 labels->task == TASK_MULTILABEL ?
				 errmsg("all labels for training are the same set of classes") :
				 errmsg("all labels for training are of class \"%s\"", labels->class_names[labels->classes[first]]),
				 errdetail("%lld labels are for training, %lld for validation, %lld for the test.",
						   (long long) labels->counts[SPLIT_TRAIN], (long long) labels->counts[SPLIT_VALIDATION],
						   (long long) labels->counts[SPLIT_TEST]),
				 errhint("There is nothing to learn from a constant; give more labels, or another split.")));
}

/*
 * Assigns each label its side.  Only what has a node is left by now, so the
 * counts are of labels that are really used.
 */
void
labels_split(Labels *labels, const ModelOptions *options)
{
	bool		by_option = options->validation_from != NULL || options->test_from != NULL;

	if ((options->split != NULL) + by_option + labels->has_split > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the split is given in more than one way"),
				 errhint("Use the column split of the labels query, or validation_from and test_from, or the option split.")));
	if (labels->has_bounds)
		labels_split_by_time(labels);
	else if (!labels->has_split)
	{
		labels->split_drawn = true;
		split_by_share(labels, options);
		split_at_least_one(labels, SPLIT_TRAIN, SPLIT_VALIDATION);
	}
	labels_count(labels);
	check_training_labels(labels);
}
