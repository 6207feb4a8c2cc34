/*
 * label.c
 *		Reading labels, and finding out what kind of task they make.
 *
 * Labels come from a column (NULL: not labeled) or from any query of the
 * user's.  They are first collected as they are; only when all were seen is
 * it clear what they are: two values make a binary task, few integers or
 * texts a multiclass one, arrays a multilabel one, other numbers a
 * regression.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/memory.h"
#include "base/query.h"
#include "graph/graph_column.h"
#include "label/label.h"
#include "label/label_query.h"

/* More integers than this are a quantity, not names of classes. */
#define MAX_INTEGER_CLASSES	64
#define MAX_CLASSES			10000
#define MAX_CLASS_NAME		256

/* Regression: a column of type real must have room for the predictions. */
#define MAX_VALUE			1e30

/* A distinct label and its number, in order of appearance. */
typedef struct ClassEntry
{
	char		name[MAX_CLASS_NAME];	/* the hash key */
	int			number;
} ClassEntry;

/* What the row callback collects. */
typedef struct LabelReading
{
	Labels	   *labels;
	const char *what;			/* the target's name, for messages */
	LabelKind	kind;
	Oid			class_type;		/* of a single label; of arrays, of their elements */
	MemoryContext row_cxt;		/* reset after each row */
	int64		capacity;
	double	   *numbers;		/* [n] bool, integer, number */
	int32	   *first;			/* [n] class of a scalar; -1: too many classes */
	HTAB	   *classes;
	int			nclasses;
	int64	   *member_offsets; /* [n + 1] arrays: classes of row i */
	int32	   *members;
	int64		member_capacity;
} LabelReading;

/* ------------------------------------------------------------------------
 * Collecting rows
 * ------------------------------------------------------------------------
 */

/*
 * The number of a class.  Numbers stop being counted as classes once they are
 * clearly too many, or have more digits than a name: -1.
 */
static int
class_number(LabelReading *reading, const char *name)
{
	bool		number = kind_is_number(reading->kind);
	char		key[MAX_CLASS_NAME] = {0};
	ClassEntry *entry;
	bool		found;

	if (number && strlen(name) >= sizeof(key))
		reading->nclasses = MAX_INTEGER_CLASSES + 1;
	if (number && reading->nclasses > MAX_INTEGER_CLASSES)
		return -1;
	if (strlen(name) >= sizeof(key))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("label of target \"%s\" is too long to name a class", reading->what),
				 errdetail("It begins with \"%.*s\".", pg_mbcliplen(name, strlen(name), 40), name),
				 errhint("Labels of a classification must be shorter than %d bytes.", MAX_CLASS_NAME)));
	strlcpy(key, name, sizeof(key));
	entry = hash_search(reading->classes, key, HASH_ENTER, &found);
	if (!found)
	{
		if (reading->nclasses >= MAX_CLASSES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("target \"%s\" has more than %d classes", reading->what, MAX_CLASSES),
					 errhint("A column with so many values is rather a key or a number.")));
		entry->number = reading->nclasses++;
	}
	return entry->number;
}

static Split
split_of_text(const char *text)
{
	if (pg_strcasecmp(text, "train") == 0)
		return SPLIT_TRAIN;
	if (pg_strcasecmp(text, "validation") == 0 || pg_strcasecmp(text, "valid") == 0 || pg_strcasecmp(text, "val") == 0)
		return SPLIT_VALIDATION;
	if (pg_strcasecmp(text, "test") == 0)
		return SPLIT_TEST;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("split \"%s\" is not known", text),
			 errhint("A label's split is train, validation, test or NULL (not used).")));
}

/* The members of an array label, text[]. */
static void
label_array(LabelReading *reading, Datum value, int64 row)
{
	int64		used = reading->member_offsets[row];
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		memory_reserve(reading->members, reading->member_capacity, used + 1);
		reading->members[used++] = class_number(reading, TextDatumGetCString(elements[i]));
	}
	reading->member_offsets[row + 1] = used;
}

static void
labels_grow(LabelReading *reading)
{
	Labels	   *labels = reading->labels;

	reading->capacity *= 2;
	labels->keys = memory_grow(labels->keys, reading->capacity, sizeof(Datum));
	labels->split = memory_grow(labels->split, reading->capacity, sizeof(uint8));
	if (labels->times != NULL)
		labels->times = memory_grow(labels->times, reading->capacity, sizeof(TimestampTz));
	reading->numbers = memory_grow(reading->numbers, reading->capacity, sizeof(double));
	reading->first = memory_grow(reading->first, reading->capacity, sizeof(int32));
	reading->member_offsets = memory_grow(reading->member_offsets, reading->capacity + 1, sizeof(int64));
}

/* A row arrives: (key, label as text or text[], as number, time, split). */
static void
label_row(void *arg, Datum *values, bool *nulls)
{
	LabelReading *reading = arg;
	Labels	   *labels = reading->labels;
	int64		row = labels->n;
	MemoryContext old;

	if (nulls[1])
	{
		labels->unlabeled++;
		return;
	}
	if (nulls[0])
	{
		labels->unknown++;
		return;
	}
	if (row == reading->capacity)
		labels_grow(reading);
	labels->keys[row] = key_copy(labels->key_kind, values[0]);
	if (labels->times != NULL)
	{
		if (nulls[3])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("column \"at\" of the labels query is NULL in some row"),
					 errhint("Give every label its time, or leave the column out.")));
		labels->times[row] = DatumGetTimestampTz(values[3]);
		if (labels->times[row] == TIME_BEYOND)
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
					 errmsg("time \"at\" of a label is out of range"),
					 errhint("Whole numbers are seconds since 1970, and dates must be before the year 294277.")));
	}
	old = MemoryContextSwitchTo(reading->row_cxt);
	labels->split[row] = nulls[4] ? SPLIT_NONE : split_of_text(TextDatumGetCString(values[4]));
	if (kind_is_array(reading->kind))
		label_array(reading, values[1], row);
	else
	{
		reading->numbers[row] = nulls[2] ? 0 : DatumGetFloat8(values[2]);
		if (!isfinite(reading->numbers[row]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("target \"%s\" has a value that is not finite", reading->what),
					 errhint("Store NULL where there is no label.")));
		reading->first[row] = class_number(reading, TextDatumGetCString(values[1]));
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(reading->row_cxt);
	labels->n++;
}

/* ------------------------------------------------------------------------
 * What task it is
 * ------------------------------------------------------------------------
 */

static ModelTask
task_of(const LabelReading *reading, const char *given)
{
	if (given != NULL)
	{
		for (ModelTask task = TASK_BINARY; task <= TASK_REGRESSION; task++)
		{
			if (strcmp(given, model_task_name(task)) == 0)
				return task;
		}
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("task \"%s\" is not known", given),
				 errhint("The tasks are binary, multiclass, multilabel and regression.")));
	}
	if (kind_is_array(reading->kind))
		return TASK_MULTILABEL;
	if (reading->kind == LABEL_BOOL)
		return TASK_BINARY;
	if (reading->kind == LABEL_NUMBER)
	{
		for (int64 i = 0; i < reading->labels->n; i++)
		{
			if (reading->numbers[i] != 0 && reading->numbers[i] != 1)
				return TASK_REGRESSION;
		}
		return TASK_BINARY;
	}
	if (reading->kind == LABEL_INTEGER && reading->nclasses > MAX_INTEGER_CLASSES)
		return TASK_REGRESSION;
	return reading->nclasses == 2 ? TASK_BINARY : TASK_MULTICLASS;
}

/* A class while the classes are put in order. */
typedef struct ClassValue
{
	const ClassEntry *entry;
	Datum		value;
} ClassValue;

/* What the type's order needs. */
typedef struct ClassOrder
{
	FmgrInfo   *compare;
	Oid			collation;
} ClassOrder;

static int
class_value_compare(const void *a, const void *b, void *arg)
{
	const ClassValue *x = a;
	const ClassValue *y = b;
	ClassOrder *order = arg;
	int			result = DatumGetInt32(FunctionCall2Coll(order->compare, order->collation, x->value, y->value));

	/* a collation may call different texts equal */
	return result != 0 ? result : strcmp(x->entry->name, y->entry->name);
}

/*
 * Sorts classes by the order of their type: numbers by value, an enum as it
 * was declared, text by the type's default collation, false before true.
 */
static void
classes_sort(ClassEntry **entries, int n, Oid type)
{
	ClassOrder	order = {&lookup_type_cache(type, TYPECACHE_CMP_PROC_FINFO)->cmp_proc_finfo, get_typcollation(type)};
	ClassValue *values = palloc(Max(n, 1) * sizeof(ClassValue));
	Oid			input;
	Oid			param;

	if (!OidIsValid(order.compare->fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify a comparison function for type %s", format_type_be(type)),
				 errhint("Cast the labels to text.")));
	getTypeInputInfo(type, &input, &param);
	for (int i = 0; i < n; i++)
	{
		values[i].entry = entries[i];
		values[i].value = OidInputFunctionCall(input, entries[i]->name, param, -1);
	}
	qsort_arg(values, n, sizeof(ClassValue), class_value_compare, &order);
	for (int i = 0; i < n; i++)
		entries[i] = unconstify(ClassEntry *, values[i].entry);
}

/*
 * Puts the classes into their final order, that of their type, and returns
 * the new place of each.
 */
static int32 *
labels_order_classes(LabelReading *reading)
{
	Labels	   *labels = reading->labels;
	ClassEntry **entries = palloc(Max(reading->nclasses, 1) * sizeof(ClassEntry *));
	int32	   *place = palloc(Max(reading->nclasses, 1) * sizeof(int32));
	HASH_SEQ_STATUS scan;
	ClassEntry *entry;
	int			n = 0;

	hash_seq_init(&scan, reading->classes);
	while ((entry = hash_seq_search(&scan)) != NULL)
		entries[n++] = entry;
	classes_sort(entries, n, reading->class_type);
	labels->nclasses = n;
	labels->class_names = palloc(Max(n, 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		labels->class_names[i] = pstrdup(entries[i]->name);
		place[entries[i]->number] = i;
	}
	return place;
}

/*
 * The place of each class among those of a model that is judged.
 */
static int32 *
labels_match_classes(LabelReading *reading, const ModelSpec *model)
{
	Labels	   *labels = reading->labels;
	int32	   *place = palloc(Max(reading->nclasses, 1) * sizeof(int32));
	HASH_SEQ_STATUS scan;
	ClassEntry *entry;

	labels->nclasses = model->nclasses;
	labels->class_names = model->classes;
	hash_seq_init(&scan, reading->classes);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		int			c = 0;

		while (c < model->nclasses && strcmp(model->classes[c], entry->name) != 0)
			c++;
		if (c == model->nclasses)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("label \"%s\" is not a class of the model", entry->name),
					 errhint("See sage_classes.")));
		place[entry->number] = c;
	}
	return place;
}

static void
check_task(const LabelReading *reading, bool judging)
{
	const Labels *labels = reading->labels;
	const char *what = reading->what;
	bool		arrays = kind_is_array(reading->kind);

	if (labels->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target \"%s\" has no labeled row", what),
				 errdetail("%lld rows were read, all without a label.", (long long) labels->unlabeled),
				 judging ? 0 : errhint("At least some rows need a value to learn from.")));
	if (arrays != (labels->task == TASK_MULTILABEL) ||
		(labels->task == TASK_REGRESSION && !kind_is_number(reading->kind)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("target \"%s\" does not suit task %s", what, model_task_name(labels->task)),
				 errhint("Arrays are for multilabel, numbers for regression, single values for binary and multiclass.")));
	if (reading->nclasses < 2 && !arrays && !judging)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target \"%s\" has the same value in all labeled rows", what),
				 errhint("There is nothing to learn from a constant.")));
	if (arrays && reading->nclasses == 0 && !judging)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target \"%s\" has only empty arrays", what)));
	if (labels->task == TASK_BINARY && reading->nclasses > 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target \"%s\" has more than two values, which task binary does not allow", what),
				 judging ? 0 : errhint("Use task multiclass.")));
	if (labels->task == TASK_MULTICLASS && kind_is_number(reading->kind) && reading->nclasses > MAX_INTEGER_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("target \"%s\" has more than %d different numbers", what, MAX_INTEGER_CLASSES),
				 errhint("Use task regression, or labels cast to text.")));
}

/* From what was collected to what the task wants. */
static void
labels_finish(LabelReading *reading, const ModelSpec *model)
{
	Labels	   *labels = reading->labels;
	int32	   *place;

	if (labels->task == TASK_REGRESSION)
	{
		labels->numbers = memory_alloc(labels->n, sizeof(double));
		for (int64 i = 0; i < labels->n; i++)
		{
			if (fabs(reading->numbers[i]) > MAX_VALUE)
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("target \"%s\" has a value beyond %g", reading->what, MAX_VALUE),
						 errhint("Learn its logarithm, or another unit.")));
			labels->numbers[i] = reading->numbers[i];
		}
		if (model != NULL)
		{
			labels->mean = model->target_mean;
			labels->std = model->target_std;
		}
		return;
	}
	place = model != NULL ? labels_match_classes(reading, model) : labels_order_classes(reading);
	if (labels->task == TASK_MULTILABEL)
	{
		labels->values = memory_alloc_zero(labels->n * labels->nclasses, sizeof(float));
		for (int64 i = 0; i < labels->n; i++)
		{
			for (int64 m = reading->member_offsets[i]; m < reading->member_offsets[i + 1]; m++)
				labels->values[i * labels->nclasses + place[reading->members[m]]] = 1;
		}
		return;
	}
	labels->classes = memory_alloc(labels->n, sizeof(int32));
	for (int64 i = 0; i < labels->n; i++)
		labels->classes[i] = place[reading->first[i]];
}

/*
 * Reads all labels, in CurrentMemoryContext.  The split is what the query
 * says, and train where it says nothing.
 */
Labels *
labels_read(const Graph *graph, int node_type, const TargetSource *source)
{
	HASHCTL		ctl = {.keysize = MAX_CLASS_NAME, .entrysize = sizeof(ClassEntry), .hcxt = CurrentMemoryContext};
	Labels	   *labels = palloc0(sizeof(Labels));
	LabelReading reading = {
		.labels = labels, .what = source->column != NULL ? source->column : "label",
		.row_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage label", ALLOCSET_SMALL_SIZES),
		.capacity = 1024, .member_capacity = 1024
	};
	bool		timed;
	char	   *sql = labels_sql(graph, node_type, source, &reading.kind, &reading.class_type, &timed,
								 &labels->has_split);

	labels->key_kind = graph->node_types[node_type].key_kind;
	labels->keys = memory_alloc(reading.capacity, sizeof(Datum));
	labels->split = memory_alloc(reading.capacity, sizeof(uint8));
	if (timed)
		labels->times = memory_alloc(reading.capacity, sizeof(TimestampTz));
	reading.numbers = memory_alloc(reading.capacity, sizeof(double));
	reading.first = memory_alloc(reading.capacity, sizeof(int32));
	reading.member_offsets = memory_alloc(reading.capacity + 1, sizeof(int64));
	reading.member_offsets[0] = 0;
	reading.members = memory_alloc(reading.member_capacity, sizeof(int32));
	reading.classes = hash_create("sage classes", 64, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);

	query_once(sql, 0, NULL, NULL, NULL, label_row, &reading);
	labels->task = source->model != NULL ? source->model->task : task_of(&reading, source->task);
	check_task(&reading, source->model != NULL);
	labels_finish(&reading, source->model);
	hash_destroy(reading.classes);
	MemoryContextDelete(reading.row_cxt);
	pfree(reading.numbers);
	pfree(reading.first);
	pfree(reading.member_offsets);
	pfree(reading.members);
	return labels;
}

/* The errors that can be found without reading a label: columns, types, the query's syntax. */
void
labels_check(const Graph *graph, int node_type, const TargetSource *source)
{
	LabelKind	kind;
	Oid			type;
	bool		timed,
				has_split;

	(void) labels_sql(graph, node_type, source, &kind, &type, &timed, &has_split);
}
