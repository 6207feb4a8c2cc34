/*
 * query_args.h
 *		A statement's arguments, collected one by one.
 */
#ifndef SAGE_QUERY_ARGS_H
#define SAGE_QUERY_ARGS_H

#include "postgres.h"

#include "nodes/pg_list.h"

#define QUERY_MAX_ARGS	24

typedef struct QueryArgs
{
	int			count;
	Oid			types[QUERY_MAX_ARGS];
	Datum		values[QUERY_MAX_ARGS];
	bool		nulls[QUERY_MAX_ARGS];
} QueryArgs;

extern void args_add(QueryArgs *args, Oid type, Datum value, bool isnull);
extern void args_add_text(QueryArgs *args, const char *text);	/* NULL: null */
extern void args_add_names(QueryArgs *args, List *names, bool null);	/* of char * */
extern void args_add_int(QueryArgs *args, int value);
extern void args_add_bigint(QueryArgs *args, int64 value);
extern void args_add_number(QueryArgs *args, double value); /* NaN: null */
extern void args_add_bytes(QueryArgs *args, bytea *value);

/* Reading back: NULL and NIL for null. */
extern char *datum_text(Datum value, bool isnull);
extern List *datum_names(Datum value, bool isnull);

#endif							/* SAGE_QUERY_ARGS_H */
