/*
 * encode_array.c
 *		Arrays of numbers as vectors: one length, each element standardized.
 *
 * Also the reading of arrays of fixed-width elements, for sets too.  Short
 * arrays are stored with a header of one byte, behind which nothing is
 * aligned; they are read in place by memcpy, because unpacking would cost
 * more than all the rest.
 */
#include "postgres.h"

#include <math.h>

#include "utils/array.h"

#include "base/compat.h"
#include "base/memory.h"
#include "feature/encode.h"

/* The header of an array as it is after its length word. */
typedef struct ArrayHead
{
	int			ndim;
	int32		dataoffset;		/* counted from the length word; 0: no NULLs */
	Oid			elemtype;
} ArrayHead;

/*
 * A view on an array of elements of fixed width.  It must be closed; it is
 * valid no longer than the datum.
 */
NumberArray
encode_array_open(Datum value)
{
	NumberArray array = {0};
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	const char *body = VARDATA_ANY(packed);
	const char *dims = body + sizeof(ArrayHead);
	ArrayHead	head;
	int			size;

	if ((Pointer) packed != DatumGetPointer(value))
		array.copy = packed;
	memcpy(&head, body, sizeof(head));
	array.ndim = head.ndim;
	array.count = head.ndim > 0 ? 1 : 0;
	for (int i = 0; i < head.ndim; i++)
	{
		memcpy(&size, dims + i * sizeof(int), sizeof(int));
		array.count *= size;
	}
	if (head.dataoffset != 0)
	{
		array.nulls = (const bits8 *) (dims + 2 * head.ndim * sizeof(int));
		array.data = body + head.dataoffset - VARHDRSZ;
	}
	else
		array.data = body + ARR_OVERHEAD_NONULLS(head.ndim) - VARHDRSZ;
	return array;
}

void
encode_array_close(NumberArray *array)
{
	if (array->copy != NULL)
		pfree(array->copy);
}

/* The next element that is not NULL; moves on behind it. */
static inline double
element_next(ColumnWire wire, const char **at)
{
	if (wire == WIRE_FLOAT4_ARRAY)
	{
		float4		x;

		memcpy(&x, *at, sizeof(x));
		*at += sizeof(x);
		return x;
	}
	else
	{
		float8		x;

		memcpy(&x, *at, sizeof(x));
		*at += sizeof(x);
		return x;
	}
}

static void
check_element(const Column *column, int i, double x)
{
	if (!isfinite(x))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("element %d of feature column \"%s\" of table \"%s\" is %s", i + 1, column->name,
						column->table, isnan(x) ? "NaN" : "infinity"),
				 errhint("Store NULL where the value is not known, or leave the column out of the graph's features.")));
}

static void
check_shape(const Column *column, const NumberArray *array, int length)
{
	if (array->ndim > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("feature column \"%s\" of table \"%s\" contains an array of %d dimensions", column->name,
						column->table, array->ndim),
				 errhint("Store vectors as arrays of one dimension, or leave the column out of the graph's features.")));
	if (array->count != length)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("arrays in feature column \"%s\" of table \"%s\" differ in length: %d and %d", column->name,
						column->table, length, array->count),
				 errhint("Store arrays of one length, or leave the column out of the graph's features.")));
}

/* The length of the first array is the length of all. */
void
encode_array_fit(const Column *column, ColumnFit *fit, Datum value)
{
	NumberArray array = encode_array_open(value);
	const char *at = array.data;

	if (fit->values == 0)
	{
		if (array.count > VECTOR_LIMIT)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("arrays in feature column \"%s\" of table \"%s\" have more than %d elements", column->name,
							column->table, VECTOR_LIMIT)));
		fit->length = array.count;
		fit->elements = MemoryContextAllocZero(fit->context, Max(array.count, 1) * sizeof(ElementFit));
	}
	check_shape(column, &array, fit->length);
	for (int i = 0; i < array.count; i++)
	{
		ElementFit *element = &fit->elements[i];
		double		x;

		if (encode_array_is_null(&array, i))
			continue;
		x = element_next(column->wire, &at);
		check_element(column, i, x);
		if (element->moments.count == 0)
			element->min = element->max = x;
		element->min = Min(element->min, x);
		element->max = Max(element->max, x);
		moments_add(&element->moments, x);
	}
	encode_array_close(&array);
}

/*
 * Vectors keep the shape of their values: no logarithms here.  If every
 * element is constant, the column has no slots.
 */
void
encode_array_finish(Column *column, ColumnFit *fit, MemoryContext context)
{
	bool		constant = true;

	column->kind = FEATURE_VECTOR;
	column->length = fit->length;
	column->elements = MemoryContextAllocZero(context, Max(fit->length, 1) * sizeof(Scale));
	for (int i = 0; i < fit->length; i++)
	{
		ElementFit *element = &fit->elements[i];

		column->elements[i] = encode_numeric_scale(column, &element->moments, NULL, element->min, element->max);
		if (column->elements[i].std > 0)
			constant = false;
	}
	if (constant)
		column->length = 0;
}

/* dense: [length]; where an element is NULL it stays 0, the mean. */
void
encode_array_row(const Column *column, Datum value, float *dense)
{
	NumberArray array;
	const char *at;

	if (column->length == 0)
		return;
	array = encode_array_open(value);
	at = array.data;
	check_shape(column, &array, column->length);
	for (int i = 0; i < array.count; i++)
	{
		double		x;

		if (encode_array_is_null(&array, i))
			continue;
		x = element_next(column->wire, &at);
		check_element(column, i, x);
		dense[i] = encode_numeric_apply(&column->elements[i], x);
	}
	encode_array_close(&array);
}
