/*
 * feature_age.c
 *		What a row says as of a time: how old it is, and how long ago its dates
 *		were.
 *
 * A model that learns from many seed times must not learn from the calendar:
 * an absolute time tells the years of the training from those in which the
 * model is used, and nothing else.  So where seeds have times, times become
 * ages.
 */
#include "postgres.h"

#include <math.h>

#include "feature/encode.h"
#include "utils/timestamp.h"

/* Half-lives would do as well; neighboring scales overlap. */
static const double age_scales[] = {1, 7, 30, 180, 720};

/* log(1 + days) is about 7 for three years. */
#define AGE_LOG_SCALE	5.0

/*
 * The age of a row as FEATURE_AGE_WIDTH numbers: exp(-days / scale) for some
 * scales, which are sharp for what is young, and a logarithm, which tells the
 * old from the very old.  A row without a time, and one of the future, which
 * only a seed itself can be, are all zero.
 */
void
feature_age(TimestampTz row, TimestampTz at, float *age)
{
	double		days = ((double) at - (double) row) / USECS_PER_DAY;

	StaticAssertStmt(lengthof(age_scales) + 1 == FEATURE_AGE_WIDTH, "one number a scale, and the logarithm");
	memset(age, 0, FEATURE_AGE_WIDTH * sizeof(float));
	if (TIMESTAMP_NOT_FINITE(row) || TIMESTAMP_NOT_FINITE(at) || days < 0)
		return;
	for (int i = 0; i < lengthof(age_scales); i++)
		age[i] = (float) exp(-days / age_scales[i]);
	age[lengthof(age_scales)] = (float) (log1p(days) / AGE_LOG_SCALE);
}

/*
 * Turns the relative part of a row's time columns, which is (time - mean) /
 * std, into the time from then to "at", in the same unit.  Missing times stay
 * zero.
 */
void
feature_times_as_of(const FeatureSet *set, TimestampTz at, float *dense)
{
	double		seconds = (double) at / USECS_PER_SEC;

	if (TIMESTAMP_NOT_FINITE(at))
		return;
	for (int i = 0; i < set->nread; i++)
	{
		const Column *column = &set->columns[set->read[i]];
		float	   *value = dense + column->dense_offset;

		if (column->kind != FEATURE_TIME || column->number.std == 0 ||
			(column->missing && value[column->dense_width - 1] == 1))
			continue;
		*value = (float) Max(Min((seconds - column->number.mean) / column->number.std - *value, ENCODE_CLAMP), -ENCODE_CLAMP);
	}
}
