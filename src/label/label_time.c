/*
 * label_time.c
 *		Labels with times: the past trains, what follows judges, and encoders
 *		are fitted on rows that the training could have seen.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/memory.h"
#include "label/label.h"

/* Shares of the labels for training, and for that and validation. */
#define TRAIN_SHARE			0.8
#define VALIDATION_SHARE	0.9

static void
option_context(void *name)
{
	errcontext("option \"%s\"", (char *) name);
}

/* The time that an option gives as text; DT_NOEND: none. */
TimestampTz
label_option_time(const char *name, const char *text)
{
	ErrorContextCallback context = {error_context_stack, option_context, (void *) name};
	TimestampTz result;

	if (text == NULL)
		return DT_NOEND;
	error_context_stack = &context;
	result = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
													 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	error_context_stack = context.previous;
	return result;
}

static int
time_compare(const void *a, const void *b)
{
	TimestampTz x = *(const TimestampTz *) a;
	TimestampTz y = *(const TimestampTz *) b;

	return (x > y) - (x < y);
}

/*
 * The last tenth of the labels by time, and the tenth before it.  Labels of
 * one time stay together, so there must be three times that are far enough
 * apart; if not, there are no bounds.
 */
static void
bounds_by_share(Labels *labels)
{
	TimestampTz *times = memory_alloc(labels->n, sizeof(TimestampTz));

	memcpy(times, labels->times, labels->n * sizeof(TimestampTz));
	qsort(times, labels->n, sizeof(TimestampTz), time_compare);
	labels->validation_from = times[(int64) (labels->n * TRAIN_SHARE)];
	labels->test_from = times[(int64) (labels->n * VALIDATION_SHARE)];
	labels->has_bounds = times[0] < labels->validation_from && labels->validation_from < labels->test_from;
	pfree(times);
}

/*
 * Finds the times that part the labels, where times do: those of the options,
 * else, if nobody says how to split, those of the last tenths.
 */
void
labels_find_bounds(Labels *labels, const ModelOptions *options)
{
	if (options->validation_from != NULL || options->test_from != NULL)
	{
		if (labels->times == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("validation_from and test_from need labels that have a time"),
					 errhint("Give labels => with a query that returns node, label and at.")));
		labels->validation_from = label_option_time("validation_from", options->validation_from);
		labels->test_from = label_option_time("test_from", options->test_from);
		if (labels->test_from < labels->validation_from && options->validation_from != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("test_from is before validation_from")));
		labels->has_bounds = true;
	}
	else if (labels->times != NULL && !labels->has_split && options->split == NULL)
		bounds_by_share(labels);
}

static Split
side_of_time(const Labels *labels, TimestampTz time)
{
	return time >= labels->test_from ? SPLIT_TEST : time >= labels->validation_from ? SPLIT_VALIDATION : SPLIT_TRAIN;
}

void
labels_split_by_time(Labels *labels)
{
	for (int64 i = 0; i < labels->n; i++)
		labels->split[i] = side_of_time(labels, labels->times[i]);
}

/*
 * The time up to which rows may be looked at to fit encoders; DT_NOEND if
 * labels have no times.  It is validation_from if that is given, else that of
 * the first label held out if all of them are later than those that train,
 * and never later than the last label: what comes after it makes no
 * difference to any training.
 */
TimestampTz
labels_horizon(const Labels *labels, const ModelOptions *options)
{
	TimestampTz train = DT_NOBEGIN,
				held_out = DT_NOEND,
				last = DT_NOBEGIN;

	if (labels->times == NULL)
		return DT_NOEND;
	for (int64 i = 0; i < labels->n; i++)
	{
		TimestampTz time = labels->times[i];
		Split		side = labels->has_bounds ? side_of_time(labels, time) : labels->has_split ? labels->split[i] : SPLIT_TRAIN;

		last = Max(last, time);
		if (side == SPLIT_TRAIN)
			train = Max(train, time);
		else if (side != SPLIT_NONE)
			held_out = Min(held_out, time);
	}
	if (options->validation_from != NULL)
		return Min(labels->validation_from, last);
	return held_out > train ? Min(held_out, last) : last;
}
