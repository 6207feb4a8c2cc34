/*
 * scorer.h
 *		Scores as one snapshot, one user and one model see them.
 *
 * A Scorer belongs to all of: the version of the model, the seed time, the
 * active snapshot, the current user and the settings that change what is
 * read.  As long as none of these changes it may remember what it has read.
 */
#ifndef SAGE_SCORER_H
#define SAGE_SCORER_H

#include "postgres.h"

#include "access/htup.h"

#include "datatype/timestamp.h"
#include "lib/ilist.h"
#include "nodes/nodes.h"

#include "predict/model_cache.h"

typedef struct Scorer Scorer;

/* One place in a query that scores; it holds on to the scorer it used last. */
typedef struct ScoreSite
{
	dlist_node	node;			/* in the scorer's list */
	Scorer	   *scorer;			/* NULL: none, or it is gone */
	char	   *model;			/* as named; NULL: the default */
	TimestampTz at;
	const Node *call;			/* the expression that calls; NULL: not known */
	MemoryContextCallback callback;
} ScoreSite;

extern ScoreSite *score_site_create(MemoryContext cxt, const Node *call);
extern Scorer *score_site_scorer(ScoreSite *site, const char *model, TimestampTz at);

extern const ModelSpec *scorer_spec(const Scorer *scorer);
extern const Graph *scorer_graph(const Scorer *scorer);
extern const char *scorer_model_name(const Scorer *scorer);

/*
 * outputs [n x scorer_spec()->noutputs]: probabilities, or a regression's
 * numbers in standard deviations from the mean; hidden
 * [n x hidden].  Either may be NULL.  found[i]: the key has a row.
 */
extern void scorer_score(Scorer *scorer, const Datum *keys, int64 n, float *outputs, float *hidden, bool *found);

/* Each key as of a time of its own. */
extern void scorer_score_timed(Scorer *scorer, const Datum *keys, const TimestampTz *times, int64 n, float *outputs,
							   bool *found);

/* score_keep.c: since the session began, and now */
typedef struct ScoreKeepCounts
{
	int64		reads;			/* times everything was read and scored */
	int64		reuses;			/* times that was not necessary */
	const char *model;			/* whose scores are kept; NULL: nobody's */
	int64		rows;
	int64		bytes;
} ScoreKeepCounts;

extern ScoreKeepCounts score_keep_counts(void);

/* predict_row.c */
extern void scorer_score_row(Scorer *scorer, HeapTupleHeader row, float *outputs, float *hidden);

#endif							/* SAGE_SCORER_H */
