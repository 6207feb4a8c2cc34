/*
 * query_args.c
 *		A statement's arguments, collected one by one.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/query_args.h"

void
args_add(QueryArgs *args, Oid type, Datum value, bool isnull)
{
	if (args->count == QUERY_MAX_ARGS)
		elog(ERROR, "statement has more than %d arguments", QUERY_MAX_ARGS);
	args->types[args->count] = type;
	args->values[args->count] = value;
	args->nulls[args->count] = isnull;
	args->count++;
}

void
args_add_text(QueryArgs *args, const char *text)
{
	args_add(args, TEXTOID, text == NULL ? (Datum) 0 : CStringGetTextDatum(text), text == NULL);
}

void
args_add_names(QueryArgs *args, List *names, bool null)
{
	Datum	   *elements = palloc(Max(list_length(names), 1) * sizeof(Datum));
	ArrayType  *array;

	for (int i = 0; i < list_length(names); i++)
		elements[i] = CStringGetTextDatum(list_nth(names, i));
	array = construct_array(elements, list_length(names), TEXTOID, -1, false, TYPALIGN_INT);
	args_add(args, TEXTARRAYOID, PointerGetDatum(array), null);
}

void
args_add_int(QueryArgs *args, int value)
{
	args_add(args, INT4OID, Int32GetDatum(value), false);
}

void
args_add_bigint(QueryArgs *args, int64 value)
{
	args_add(args, INT8OID, Int64GetDatum(value), false);
}

void
args_add_number(QueryArgs *args, double value)
{
	args_add(args, FLOAT8OID, Float8GetDatum(value), isnan(value));
}

void
args_add_bytes(QueryArgs *args, bytea *value)
{
	args_add(args, BYTEAOID, PointerGetDatum(value), value == NULL);
}

char *
datum_text(Datum value, bool isnull)
{
	return isnull ? NULL : TextDatumGetCString(value);
}

List *
datum_names(Datum value, bool isnull)
{
	List	   *names = NIL;
	Datum	   *elements;
	int			count;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
	for (int i = 0; i < count; i++)
		names = lappend(names, TextDatumGetCString(elements[i]));
	return names;
}
