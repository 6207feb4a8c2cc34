/*
 * arguments.c
 *		Reading the arguments of SQL functions.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "api/arguments.h"

char *
arg_text(FunctionCallInfo fcinfo, int index)
{
	return PG_ARGISNULL(index) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(index));
}

void
require_arg(FunctionCallInfo fcinfo, int index, const char *name)
{
	if (PG_ARGISNULL(index))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

char *
required_text(FunctionCallInfo fcinfo, int index, const char *name)
{
	require_arg(fcinfo, index, name);
	return arg_text(fcinfo, index);
}
