/*
 * query.h
 *		The only door to SPI.
 *
 * Rows of user tables are read as the caller, under the active snapshot and
 * read-only (a query that writes is refused).  Rows reach a callback one by
 * one, without being collected: the datums are valid only during the call.
 * The callback runs in the memory context that was current when the query
 * was started.
 *
 * The extension's own catalog is read and written as its owner by the
 * query_catalog functions; no caller's text may ever be run through them.
 */
#ifndef SAGE_QUERY_H
#define SAGE_QUERY_H

#include "postgres.h"

#include "access/tupdesc.h"

typedef struct PreparedQuery PreparedQuery;
typedef void (*QueryRow) (void *arg, Datum *values, bool *nulls);

/* A statement prepared once, with a generic plan, and run many times. */
extern PreparedQuery *query_prepare(const char *sql, int nargs, const Oid *types);
extern PreparedQuery *query_prepare_for_values(const char *sql, int nargs, const Oid *types);
extern int64 query_run(PreparedQuery *query, const Datum *args, const bool *nulls, QueryRow row, void *arg);
extern void query_free(PreparedQuery *query);
extern TupleDesc query_describe(const char *sql);

/* A statement run once; the plan may use the arguments. */
extern int64 query_once(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls,
						QueryRow row, void *arg);

/* A statement that writes user tables, as the caller (triggers, DDL). */
extern int64 query_write(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls);

/* The extension's catalog, as its owner. */
extern PreparedQuery *query_prepare_catalog(const char *sql, int nargs, const Oid *types);
extern int64 query_catalog(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls,
						   QueryRow row, void *arg);
extern int64 query_catalog_write(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls,
								 QueryRow row, void *arg);

#endif							/* SAGE_QUERY_H */
