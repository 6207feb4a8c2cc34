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

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/memory.h"
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

/* ------------------------------------------------------------------------
 * Labels and nodes
 * ------------------------------------------------------------------------
 */

static void
label_copy(Labels *to, int64 to_row, const Labels *from, int64 from_row)
{
	to->keys[to_row] = from->keys[from_row];
	to->nodes[to_row] = from->nodes[from_row];
	to->split[to_row] = from->split[from_row];
	if (to->times != NULL)
		to->times[to_row] = from->times[from_row];
	if (to->task == TASK_REGRESSION)
		to->numbers[to_row] = from->numbers[from_row];
	else if (to->task == TASK_MULTILABEL)
		memmove(to->values + to_row * to->nclasses, from->values + from_row * to->nclasses,
				to->nclasses * sizeof(float));
	else
		to->classes[to_row] = from->classes[from_row];
}

/* The arrays of labels that were copied elsewhere. */
static void
labels_free_arrays(Labels *labels)
{
	pfree(labels->keys);
	pfree(labels->nodes);
	pfree(labels->split);
	if (labels->times != NULL)
		pfree(labels->times);
	if (labels->classes != NULL)
		pfree(labels->classes);
	if (labels->numbers != NULL)
		pfree(labels->numbers);
	if (labels->values != NULL)
		pfree(labels->values);
}

static int
place_compare(const void *a, const void *b, void *arg)
{
	const Labels *labels = arg;
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	if (labels->nodes[x] != labels->nodes[y])
		return labels->nodes[x] < labels->nodes[y] ? -1 : 1;
	if (labels->times != NULL && labels->times[x] != labels->times[y])
		return labels->times[x] < labels->times[y] ? -1 : 1;
	return 0;
}

/* Two labels for one node and time contradict each other, or count double. */
static void
check_duplicates(Labels *labels)
{
	int64	   *order = memory_alloc(labels->n, sizeof(int64));

	for (int64 i = 0; i < labels->n; i++)
		order[i] = i;
	qsort_arg(order, labels->n, sizeof(int64), place_compare, labels);
	for (int64 i = 1; i < labels->n; i++)
	{
		if (place_compare(&order[i - 1], &order[i], labels) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("labels query returns the same node%s twice", labels->times != NULL ? " and time" : ""),
					 errdetail("The node's key is %s.", key_text(labels->key_kind, labels->keys[order[i]])),
					 errhint("Return each node once%s; see DISTINCT or GROUP BY.",
							 labels->times != NULL ? " for each time" : "")));
	}
	pfree(order);
}

typedef struct PlacedLabel
{
	uint64		hash;
	int64		row;
} PlacedLabel;

static int
placed_label_compare(const void *a, const void *b)
{
	const PlacedLabel *x = a;
	const PlacedLabel *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/*
 * Puts the labels into an order made of their keys and times.  Sums of floats
 * over them then come out the same in whatever order the rows were read.
 */
static void
labels_order(Labels *labels)
{
	PlacedLabel *order = memory_alloc(labels->n, sizeof(PlacedLabel));
	Labels		sorted = *labels;

	for (int64 i = 0; i < labels->n; i++)
	{
		order[i].hash = key_hash(labels->key_kind, labels->keys[i]);
		if (labels->times != NULL)
			order[i].hash = random_hash(order[i].hash, labels->times[i]);
		order[i].row = i;
	}
	qsort(order, labels->n, sizeof(PlacedLabel), placed_label_compare);

	sorted.keys = memory_alloc(labels->n, sizeof(Datum));
	sorted.nodes = memory_alloc(labels->n, sizeof(int32));
	sorted.split = memory_alloc(labels->n, sizeof(uint8));
	if (labels->times != NULL)
		sorted.times = memory_alloc(labels->n, sizeof(TimestampTz));
	if (labels->classes != NULL)
		sorted.classes = memory_alloc(labels->n, sizeof(int32));
	if (labels->numbers != NULL)
		sorted.numbers = memory_alloc(labels->n, sizeof(double));
	if (labels->values != NULL)
		sorted.values = memory_alloc(labels->n * labels->nclasses, sizeof(float));
	for (int64 i = 0; i < labels->n; i++)
		label_copy(&sorted, i, labels, order[i].row);
	labels_free_arrays(labels);
	*labels = sorted;
	pfree(order);
}

/*
 * Finds the labels' nodes; labels of keys that have no (visible) row are
 * counted and left out.
 */
void
labels_resolve(Labels *labels, GraphStore *store, int node_type)
{
	int64		kept = 0;

	labels->nodes = memory_alloc(labels->n, sizeof(int32));
	store_find(store, node_type, labels->keys, labels->n, labels->nodes);
	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->nodes[i] < 0 || labels->split[i] == SPLIT_NONE)
		{
			labels->unknown += labels->nodes[i] < 0;
			continue;
		}
		if (kept != i)
			label_copy(labels, kept, labels, i);
		kept++;
	}
	labels->n = kept;
	check_duplicates(labels);
	labels_order(labels);
}

/* ------------------------------------------------------------------------
 * Class weights
 * ------------------------------------------------------------------------
 */

static void
weights_balanced(const Labels *labels, double *weights)
{
	int64	   *counts = palloc0(labels->nclasses * sizeof(int64));

	for (int64 i = 0; i < labels->n; i++)
		counts[labels->classes[i]] += labels->split[i] == SPLIT_TRAIN;
	for (int c = 0; c < labels->nclasses; c++)
		weights[c] = counts[c] > 0 ? (double) labels->counts[SPLIT_TRAIN] / (labels->nclasses * counts[c]) : 1;
}

SAGE_NORETURN static void
weights_unknown_class(const Labels *labels, const char *name)
{
	const char *nearest = options_nearest(name, (const char *const *) labels->class_names, labels->nclasses);
	StringInfoData all;

	initStringInfo(&all);
	for (int c = 0; c < Min(labels->nclasses, 20); c++)
		appendStringInfo(&all, "%s\"%s\"", c > 0 ? ", " : "", labels->class_names[c]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("class_weights names an unknown class \"%s\"", name),
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) :
			 errhint("The classes are %s%s.", all.data, labels->nclasses > 20 ? " and others" : "")));
}

static void
weights_given(const Labels *labels, JsonbContainer *object, double *weights)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key,
				value;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *name;
		int			c;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(key.val.string.val, key.val.string.len);
		(void) JsonbIteratorNext(&it, &value, true);
		for (c = 0; c < labels->nclasses; c++)
		{
			if (strcmp(name, labels->class_names[c]) == 0)
				break;
		}
		if (c == labels->nclasses)
			weights_unknown_class(labels, name);
		weights[c] = value.type != jbvNumeric ? NAN :
			DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
		if (!(weights[c] >= 0 && weights[c] <= 1e6))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("class_weights has no valid weight for class \"%s\"", name),
					 errhint("Weights are numbers from 0 to 1000000.")));
	}
}

/* One weight a label, or NULL if all weigh the same. */
float *
labels_weights(const Labels *labels, JsonbValue *option)
{
	double	   *by_class;
	double		total = 0;
	float	   *weights;

	if (option == NULL)
		return NULL;
	if (labels->task != TASK_BINARY && labels->task != TASK_MULTICLASS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class_weights are for binary and multiclass tasks"),
				 errdetail("The task is %s.", model_task_name(labels->task))));
	by_class = palloc(labels->nclasses * sizeof(double));
	for (int c = 0; c < labels->nclasses; c++)
		by_class[c] = 1;
	if (option->type == jbvString && option->val.string.len == 8 &&
		memcmp(option->val.string.val, "balanced", 8) == 0)
		weights_balanced(labels, by_class);
	else if (option->type == jbvBinary && JsonContainerIsObject(option->val.binary.data))
		weights_given(labels, option->val.binary.data, by_class);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class_weights must be \"balanced\" or an object"),
				 errhint("For example {\"class_weights\": {\"yes\": 3, \"no\": 1}}.")));
	weights = memory_alloc(labels->n, sizeof(float));
	for (int64 i = 0; i < labels->n; i++)
	{
		weights[i] = (float) by_class[labels->classes[i]];
		total += labels->split[i] == SPLIT_TRAIN ? weights[i] : 0;
	}
	if (total == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class_weights are 0 for all labels that train")));
	return weights;
}
