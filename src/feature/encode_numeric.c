/*
 * encode_numeric.c
 *		Numbers, booleans and durations: standardized.
 *
 * A number becomes (x - mean) / std, clamped.  Where no value is negative and
 * the largest is more than HEAVY_TAIL times the mean, log(1 + x) is taken
 * first: a handful of huge values would otherwise be all that the column
 * says.  The decision is part of the fitted state.
 *
 * Mean and std are rounded to about nine digits.  Sums of floats depend on
 * the order of the rows in the last digits, and the order of a scan is not
 * defined; what is rounded is the same for the same data.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "feature/encode.h"

#define HEAVY_TAIL		50.0
#define SCALE_BITS		30

static double
signed_log(double x)
{
	return x < 0 ? -log1p(-x) : log1p(x);
}

/* The value as a double, whatever the column's wire. */
double
encode_numeric_value(const Column *column, Datum value)
{
	switch (column->wire)
	{
		case WIRE_INT2:
			return DatumGetInt16(value);
		case WIRE_INT4:
			return DatumGetInt32(value);
		case WIRE_INT8:
			return (double) DatumGetInt64(value);
		case WIRE_FLOAT4:
			return DatumGetFloat4(value);
		case WIRE_FLOAT8:
			return DatumGetFloat8(value);
		case WIRE_BOOL:
			return DatumGetBool(value) ? 1.0 : 0.0;
		default:
			break;
	}
	elog(ERROR, "column \"%s\" is not a number", column->name);
	return 0;					/* keep compiler quiet */
}

/* An error if the value of a row is NaN or infinite. */
void
encode_numeric_check(const Column *column, double value)
{
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("feature column \"%s\" of table \"%s\" contains %s", column->name, column->table,
						isnan(value) ? "NaN" : "infinity"),
				 errhint("Store NULL where the value is not known, or leave the column out of the graph's features.")));
}

/* x to a multiple of the power of two that is SCALE_BITS below unit. */
static double
round_to(double x, double unit)
{
	int			exponent;
	double		quantum;
	double		result;

	frexp(unit, &exponent);
	quantum = ldexp(1.0, exponent - SCALE_BITS);
	result = rint(x / quantum) * quantum;
	return quantum > 0 && isfinite(result) ? result : x;
}

/*
 * The scale that follows from the values' moments, plain and of their
 * logarithms; without the latter (logs is NULL) it is a plain one.
 */
Scale
encode_numeric_scale(const Column *column, const Moments *plain, const Moments *logs, double min, double max)
{
	Scale		scale = {0, 0, false};
	const Moments *moments = plain;

	if (plain->count == 0 || min == max)
		return scale;
	if (logs != NULL && (!isfinite(plain->squares) || (min >= 0 && max > HEAVY_TAIL * plain->mean)))
	{
		scale.log = true;
		moments = logs;
	}
	scale.std = sqrt(moments->squares / (double) moments->count);
	if (!isfinite(scale.std))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("values in feature column \"%s\" of table \"%s\" are too large", column->name, column->table)));
	if (!(scale.std > DBL_MIN))
		return (Scale) {0, 0, false};
	scale.mean = round_to(moments->mean, scale.std);
	scale.std = round_to(scale.std, scale.std);
	return scale;
}

/* A finite or infinite value standardized; 0 if the scale is constant. */
float
encode_numeric_apply(const Scale *scale, double value)
{
	double		x;

	if (scale->std == 0)
		return 0;
	if (scale->log)
		value = signed_log(value);
	x = (value - scale->mean) / scale->std;
	return (float) Max(-ENCODE_CLAMP, Min(ENCODE_CLAMP, x));
}

void
encode_numeric_fit(const Column *column, ColumnFit *fit, Datum value)
{
	double		x = encode_numeric_value(column, value);

	encode_numeric_check(column, x);
	if (fit->plain.count == 0)
		fit->min = fit->max = x;
	fit->min = Min(fit->min, x);
	fit->max = Max(fit->max, x);
	moments_add(&fit->plain, x);
	moments_add(&fit->logs, signed_log(x));
}

void
encode_numeric_finish(Column *column, ColumnFit *fit)
{
	column->kind = FEATURE_NUMERIC;
	column->number = encode_numeric_scale(column, &fit->plain, &fit->logs, fit->min, fit->max);
}

/* dense: where the column's number goes, if it has a slot. */
void
encode_numeric_row(const Column *column, Datum value, float *dense)
{
	double		x = encode_numeric_value(column, value);

	encode_numeric_check(column, x);
	if (column->number.std > 0)
		dense[0] = encode_numeric_apply(&column->number, x);
}
