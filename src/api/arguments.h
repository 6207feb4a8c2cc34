/*
 * arguments.h
 *		Reading the arguments of SQL functions.
 */
#ifndef SAGE_ARGUMENTS_H
#define SAGE_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

extern char *arg_text(FunctionCallInfo fcinfo, int index);	/* NULL: null */
extern void require_arg(FunctionCallInfo fcinfo, int index, const char *name);
extern char *required_text(FunctionCallInfo fcinfo, int index, const char *name);

#endif							/* SAGE_ARGUMENTS_H */
