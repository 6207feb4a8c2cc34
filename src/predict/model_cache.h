/*
 * model_cache.h
 *		Models made ready to score, kept for the session.
 */
#ifndef SAGE_MODEL_CACHE_H
#define SAGE_MODEL_CACHE_H

#include "postgres.h"

#include "base/query.h"
#include "model/model_build.h"
#include "store/store.h"

typedef struct CachedModel
{
	int64		version_id;
	Oid			catalog;		/* the table that the version is in */
	int64		graph_stamp;
	bool		stale;			/* a table of the graph has changed */
	int			users;			/* scorers at work; it is not freed under them */
	MemoryContext cxt;
	char	   *name;
	Graph	   *graph;
	ModelSpec  *spec;
	Model	   *model;
	const char **columns;		/* [node types] for the store's plans */
	StorePlans *plans;
	Oid			row_type;		/* of row_query's argument; InvalidOid: none prepared, or it has changed */
	Oid			row_relid;		/* its entry in pg_class */
	PreparedQuery *row_query;	/* key and columns out of a row value */
	bool		exact;			/* see score_keep.c: as of these, */
	uint64		exact_changes;	/* 0: not known */
	Oid			exact_user;
	bool		exact_row_security;
	double		load_cost;		/* estimated seconds to read and score all */
	double		load_bytes;		/* estimated memory that this takes */
	uint64		last_use;
} CachedModel;

extern CachedModel *model_cache_get(const char *name);
extern void model_cache_release(CachedModel *cached);

#endif							/* SAGE_MODEL_CACHE_H */
