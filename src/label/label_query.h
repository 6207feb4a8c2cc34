/*
 * label_query.h
 *		Where labels come from: for the files that read them.
 */
#ifndef SAGE_LABEL_QUERY_H
#define SAGE_LABEL_QUERY_H

#include "postgres.h"

#include "label/label.h"

/* The sorts of types that labels may have. */
typedef enum LabelKind
{
	LABEL_BOOL,
	LABEL_INTEGER,
	LABEL_NUMBER,
	LABEL_TEXT,
	LABEL_ARRAY,
	LABEL_NUMBER_ARRAY
} LabelKind;

static inline bool
kind_is_number(LabelKind kind)
{
	return kind == LABEL_INTEGER || kind == LABEL_NUMBER;
}

static inline bool
kind_is_array(LabelKind kind)
{
	return kind == LABEL_ARRAY || kind == LABEL_NUMBER_ARRAY;
}

extern char *labels_sql(const Graph *graph, int node_type, const TargetSource *source, LabelKind *kind, Oid *type,
						bool *timed, bool *has_split);

#endif							/* SAGE_LABEL_QUERY_H */
