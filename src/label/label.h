/*
 * label.h
 *		What is to be learned: labels, their classes and their split.
 */
#ifndef SAGE_LABEL_H
#define SAGE_LABEL_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "model/model_spec.h"
#include "store/store.h"

typedef enum Split
{
	SPLIT_NONE,					/* not used */
	SPLIT_TRAIN,
	SPLIT_VALIDATION,
	SPLIT_TEST
} Split;

/*
 * Labels by row; which of classes, numbers and values is filled depends on
 * the task.  Numbers are kept as they are; what is learned and judged is how
 * many standard deviations they are from the mean, because single precision
 * would lose the detail of, say, 1e9 + 1.
 */
typedef struct Labels
{
	ModelTask	task;
	int			nclasses;
	char	  **class_names;
	int64		n;
	KeyKind		key_kind;
	Datum	   *keys;
	int32	   *nodes;			/* numbers in the store, set by labels_resolve() */
	TimestampTz *times;			/* NULL: none */
	int32	   *classes;
	double	   *numbers;		/* regression */
	float	   *values;			/* multilabel */
	uint8	   *split;			/* [n] a Split each */
	bool		has_split;		/* the query said it */
	bool		split_drawn;	/* by shares, that is at random */
	bool		has_bounds;		/* times part the labels: */
	TimestampTz validation_from;	/* of this time and later: validation */
	TimestampTz test_from;		/* of this time and later: test */
	int64		counts[4];		/* rows by Split */
	int64		unlabeled;		/* rows without a label */
	int64		unknown;		/* labels of keys that are no node */
	double		mean;			/* regression: of the training part, or as the judged model has it */
	double		std;
} Labels;

/* What to read: a column of the node type's table, or a query. */
typedef struct TargetSource
{
	const char *column;			/* NULL: query */
	const char *query;
	const char *task;			/* NULL: by the label's type */
	const ModelSpec *model;		/* NULL; else the labels judge this model and must be of its classes */
} TargetSource;

/* A number in standard deviations from the mean. */
static inline float
label_standardized(const Labels *labels, int64 row)
{
	return (float) ((labels->numbers[row] - labels->mean) / labels->std);
}

extern char *target_column(const Graph *graph, const char *target, int *node_type);
extern void labels_check(const Graph *graph, int node_type, const TargetSource *source);
extern Labels *labels_read(const Graph *graph, int node_type, const TargetSource *source);
extern void labels_split(Labels *labels, const ModelOptions *options);
extern TimestampTz label_option_time(const char *name, const char *text);
extern void labels_find_bounds(Labels *labels, const ModelOptions *options);
extern void labels_split_by_time(Labels *labels);
extern TimestampTz labels_horizon(const Labels *labels, const ModelOptions *options);
extern void labels_resolve(Labels *labels, GraphStore *store, int node_type);
extern float *labels_weights(const Labels *labels, JsonbValue *class_weights);

#endif							/* SAGE_LABEL_H */
