/*
 * compat.h
 *		The only place that asks for PG_VERSION_NUM.
 */
#ifndef SAGE_COMPAT_H
#define SAGE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "sage needs PostgreSQL 15 or later"
#endif

/* varatt.h was split off in 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* pg_attribute_noreturn() became pg_noreturn, in another place, in 18. */
#define SAGE_NORETURN __attribute__((noreturn))

/* What an ExecutorRun_hook takes, and passes on: 18 has one argument less. */
#if PG_VERSION_NUM >= 180000
#define COMPAT_EXECUTOR_RUN_PARAMETERS	QueryDesc *queryDesc, ScanDirection direction, uint64 count
#define COMPAT_EXECUTOR_RUN_ARGUMENTS	queryDesc, direction, count
#else
#define COMPAT_EXECUTOR_RUN_PARAMETERS	QueryDesc *queryDesc, ScanDirection direction, uint64 count, bool execute_once
#define COMPAT_EXECUTOR_RUN_ARGUMENTS	queryDesc, direction, count, execute_once
#endif

#endif							/* SAGE_COMPAT_H */
