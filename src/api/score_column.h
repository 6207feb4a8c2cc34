/*
 * score_column.h
 *		A column that is kept filled with a model's scores.
 */
#ifndef SAGE_SCORE_COLUMN_H
#define SAGE_SCORE_COLUMN_H

#include "postgres.h"

#include "access/htup.h"

#include "predict/scorer.h"

/* What the column gets, by its type. */
typedef enum ScoreKind
{
	SCORE_NUMBER,				/* numbers: as sage_predict */
	SCORE_LABEL,				/* texts: as sage_predict_label */
	SCORE_EMBEDDING				/* real[]: as sage_embed */
} ScoreKind;

typedef struct ScoreColumn
{
	char	   *name;
	AttrNumber	attnum;
	Oid			type;			/* of the column, domains looked through */
	Oid			declared;		/* the same, or the domain */
	int32		typmod;
	ScoreKind	kind;
} ScoreColumn;

extern void score_column_check_generated(Oid relid, const Scorer *scorer);
extern void score_column_find(ScoreColumn *column, Oid relid, const char *name, const Scorer *scorer);
extern Datum score_column_of_row(Scorer *scorer, const ScoreColumn *column, HeapTupleHeader row);
extern void score_column_update(Scorer *scorer, const ScoreColumn *column, const Datum *keys, int64 n);

#endif							/* SAGE_SCORE_COLUMN_H */
