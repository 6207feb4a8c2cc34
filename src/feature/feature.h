/*
 * feature.h
 *		Columns of a node type's rows, or of an edge type's, -> numbers.
 *
 * A FeatureSet is the list of columns with their encoders.  It is chosen from
 * the table (feature_choose), fitted once on the rows that the training may
 * see (feature_fit), and from then on it is data: stored with the model
 * (feature_write, feature_read) and applied to rows one by one
 * (feature_table_row), old ones and new ones alike.  The select list is to be
 * asked for after that: columns that turn out to say nothing are not read.
 *
 * An encoded row has a dense part (standardized numbers, vectors, missing
 * indicators, cyclic parts of times) and a sparse part (one-hot categories,
 * members of sets, hashed words).  A FeatureTable holds the encoded rows of
 * one table, in the order in which they were read.  Tables are known by their
 * number in the graph (graph_table_count); the rows of an edge table have no
 * key.
 */
#ifndef SAGE_FEATURE_H
#define SAGE_FEATURE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "graph/graph.h"
#include "tensor/tensor.h"

typedef enum FeatureKind
{
	FEATURE_NUMERIC,			/* numbers and booleans: standardized */
	FEATURE_CATEGORY,			/* one-hot over a fitted vocabulary */
	FEATURE_TIME,				/* relative, and cyclic parts */
	FEATURE_VECTOR,				/* arrays of numbers of one length */
	FEATURE_SET,				/* int[] or text[] as members of a vocabulary */
	FEATURE_TEXT,				/* hashed words */
	FEATURE_KEY					/* the node's key: one-hot */
} FeatureKind;

typedef struct FeatureSet FeatureSet;
typedef struct FeatureTable FeatureTable;

/*
 * Where in an encoded row a column landed; for the leak check and for
 * telling the user.
 */
typedef struct FeatureColumn
{
	const char *name;
	FeatureKind kind;
	int			dense_offset;
	int			dense_width;
	int			sparse_offset;
	int			sparse_width;
} FeatureColumn;

/* feature_estimate.c: numbers of an encoded row, on average */
typedef struct FeatureWidths
{
	double		dense;
	double		entries;		/* of the sparse part */
	double		sparse;			/* slots that they may fall on */
} FeatureWidths;

extern FeatureWidths feature_estimate(const FeatureSet *set);

/* feature.c, feature_state.c: choosing columns, and the state as jsonb */
extern FeatureSet *feature_choose(const Graph *graph, int table, const char *target_column);
extern FeatureSet *feature_choose_key(const Graph *graph, int node_type);
extern void feature_write(const FeatureSet *set, StringInfo json);
extern FeatureSet *feature_read(const Graph *graph, int table, JsonbContainer *json);
extern const char *feature_select_list(const FeatureSet *set);	/* ", a, b::real[]" */
extern int	feature_dense_width(const FeatureSet *set);
extern int	feature_sparse_width(const FeatureSet *set);
extern int	feature_column_count(const FeatureSet *set);
extern FeatureColumn feature_column(const FeatureSet *set, int index);

/* feature_fit.c */
extern int64 feature_fit(FeatureSet *set, const char *where, bool labeled);	/* rows read; 0 if there are no columns */

/* feature_fetch.c: encoded rows */
extern FeatureTable *feature_table_create(const FeatureSet *set, int64 expected_rows, MemoryContext parent);
extern void feature_table_row(void *table, int32 node, Datum *values, bool *nulls); /* a NodeReader's row */
extern uint64 feature_table_hash(void *arg, int32 row); /* its hash */
extern void feature_table_trim(void *arg);	/* its end */
extern void feature_table_truncate(FeatureTable *table, int64 count);
extern int64 feature_table_count(const FeatureTable *table);
extern const float *feature_table_dense(const FeatureTable *table);	/* [count x dense_width] */
extern SparseRows feature_table_sparse(const FeatureTable *table);

/* feature_age.c: rows as of a time */
#define FEATURE_AGE_WIDTH	6

extern void feature_age(TimestampTz row, TimestampTz at, float *age);	/* [FEATURE_AGE_WIDTH] */
extern void feature_times_as_of(const FeatureSet *set, TimestampTz at, float *dense);

#endif							/* SAGE_FEATURE_H */
