/*
 * sage.h
 *		What every SQL-callable function of the extension needs.
 */
#ifndef SAGE_SAGE_H
#define SAGE_SAGE_H

#include "postgres.h"

#include "fmgr.h"

/*
 * The library is built with hidden visibility; only what SQL calls is
 * exported.  Before PostgreSQL 16 PG_FUNCTION_INFO_V1 did not export the
 * function itself, so it is declared so here.
 */
#define SAGE_EXPORT __attribute__((visibility("default")))

#define SAGE_FUNCTION(name) \
	extern SAGE_EXPORT Datum name(PG_FUNCTION_ARGS); \
	extern SAGE_EXPORT const Pg_finfo_record *CppConcat(pg_finfo_, name)(void); \
	PG_FUNCTION_INFO_V1(name)

#endif							/* SAGE_SAGE_H */
