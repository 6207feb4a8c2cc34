/*
 * model_catalog.h
 *		Models in the tables of schema sage, and who may use them.
 */
#ifndef SAGE_MODEL_CATALOG_H
#define SAGE_MODEL_CATALOG_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "base/query.h"

typedef enum ModelRight
{
	MODEL_SCORE,				/* the owner's members, and grantees */
	MODEL_OWN					/* the owner's members */
} ModelRight;

/* A row of sage.model, with the deployed version's identity. */
typedef struct ModelEntry
{
	char	   *model;
	char	   *graph;
	Oid			owner;
	List	   *granted;		/* oids of roles */
	int			deployed;		/* 0: no version */
	int64		version_id;		/* of the deployed version; 0: none */
	Oid			catalog;		/* the table it is in: a new installation counts from 1 again */
	int64		graph_stamp;	/* of the graph's definition; 0: the graph is gone */
} ModelEntry;

/* Look-ups that are prepared once a session. */
typedef struct ModelQueries
{
	PreparedQuery *named;
	PreparedQuery *all;
} ModelQueries;

/* A version's data. */
typedef struct ModelVersion
{
	int64		id;
	int			version;
	Jsonb	   *spec;
	Jsonb	   *request;
	bytea	   *weights;
	double		validation;		/* NaN: not known */
	char	   *metric;
	Oid			trained_by;
} ModelVersion;

/* What a new version has to say about itself. */
typedef struct NewVersion
{
	const char *model;
	const char *graph;
	const char *task;
	const char *spec;			/* JSON */
	bytea	   *weights;
	const char *request;		/* JSON */
	const char *metric;			/* NULL: unknown */
	double		validation;
	double		test;
	double		baseline;
	const char *metrics;		/* JSON */
	const char *rows_read;		/* JSON */
	int			epochs;
	int			best_epoch;
	double		seconds;
	int64		run;			/* 0: none */
	bool		deploy;
} NewVersion;

extern ModelQueries *model_queries_prepare(void);
extern ModelEntry *model_catalog_scored(const ModelQueries *queries, const char *model);
extern ModelEntry *model_catalog_find(const char *model);	/* NULL: none */
extern ModelEntry *model_catalog_open(const char *model, ModelRight right);
extern bool model_catalog_allowed(Oid owner, List *granted, ModelRight right);
extern void model_catalog_check(const ModelEntry *entry, ModelRight right);
extern ModelVersion *model_catalog_version(const char *model, int version);
extern ModelVersion *model_catalog_version_by_id(int64 id);
extern bool model_catalog_query_is_own(const ModelVersion *version);

extern void model_catalog_lock(const char *model, const char *graph);
extern int	model_catalog_add_version(const NewVersion *version);
extern void model_catalog_deploy(const char *model, int version);
extern void model_catalog_drop(const char *model);
extern bool model_catalog_drop_runs(const char *model);
extern void model_catalog_drop_version(const char *model, int version);
extern void model_catalog_grant(const char *model, const char *role, bool grant);
extern void model_catalog_reassign(const char *from, const char *to);

#endif							/* SAGE_MODEL_CATALOG_H */
