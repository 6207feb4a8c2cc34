/*
 * encode_time.c
 *		Dates and timestamps: when, and where in year, week and day.
 *
 * All is seconds since 2000-01-01 00:00 UTC; a timestamp without time zone is
 * taken as UTC.  The relative part is standardized like a number.  The cyclic
 * parts are sine and cosine of the phase, for those cycles of which the fit
 * saw at least one whole: within less, the phase says nothing that the
 * relative part does not say better.  An infinite time is at the clamp and
 * has no phase.
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "feature/encode.h"

/* Mean length in days; over 400 years it does not drift. */
#define YEAR_DAYS		365.2425
#define WEEK_DAYS		7

static double
time_seconds(const Column *column, Datum value)
{
	if (column->wire == WIRE_DATE)
	{
		DateADT		date = DatumGetDateADT(value);

		if (DATE_NOT_FINITE(date))
			return DATE_IS_NOBEGIN(date) ? -INFINITY : INFINITY;
		return (double) date * SECS_PER_DAY;
	}
	else
	{
		Timestamp	stamp = DatumGetTimestamp(value);

		Assert(column->wire == WIRE_TIMESTAMP);
		if (TIMESTAMP_NOT_FINITE(stamp))
			return TIMESTAMP_IS_NOBEGIN(stamp) ? -INFINITY : INFINITY;
		return (double) stamp / USECS_PER_SEC;
	}
}

/* Moments, first and last of the finite times; is any not at midnight? */
void
encode_time_fit(const Column *column, ColumnFit *fit, Datum value)
{
	double		seconds = time_seconds(column, value);

	if (!isfinite(seconds))
	{
		fit->infinite = true;
		return;
	}
	if (fit->plain.count == 0)
		fit->min = fit->max = seconds;
	fit->min = Min(fit->min, seconds);
	fit->max = Max(fit->max, seconds);
	moments_add(&fit->plain, seconds);
	if (fmod(seconds, SECS_PER_DAY) != 0)
		fit->time_of_day = true;
}

void
encode_time_finish(Column *column, ColumnFit *fit)
{
	double		days = (fit->max - fit->min) / SECS_PER_DAY;

	column->kind = FEATURE_TIME;
	column->number = encode_numeric_scale(column, &fit->plain, NULL, fit->min, fit->max);
	/* one time or infinity: the clamp tells them apart */
	if (column->number.std == 0 && fit->plain.count > 0 && fit->infinite)
		column->number = (Scale) {fit->min, 1, false};
	column->year = days >= YEAR_DAYS;
	column->week = days >= WEEK_DAYS;
	column->day = days >= 1 && fit->time_of_day;
}

/* phase is in cycles */
static void
put_phase(double phase, float *dense)
{
	double		angle = 2 * M_PI * (phase - floor(phase));

	dense[0] = (float) sin(angle);
	dense[1] = (float) cos(angle);
}

/* dense: [1 if scaled][2 of the year][2 of the week][2 of the day] */
void
encode_time_row(const Column *column, Datum value, float *dense)
{
	double		seconds = time_seconds(column, value);
	double		days = seconds / SECS_PER_DAY;

	if (column->number.std > 0)
		*dense++ = encode_numeric_apply(&column->number, seconds);
	if (!isfinite(seconds))
		return;
	if (column->year)
	{
		put_phase(days / YEAR_DAYS, dense);
		dense += 2;
	}
	if (column->week)
	{
		put_phase(floor(days) / WEEK_DAYS, dense);
		dense += 2;
	}
	if (column->day)
		put_phase(days, dense);
}
