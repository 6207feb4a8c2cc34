/*
 * scorer_internal.h
 *		For the files that score only.
 */
#ifndef SAGE_SCORER_INTERNAL_H
#define SAGE_SCORER_INTERNAL_H

#include "utils/snapshot.h"

#include "model/model_forward.h"
#include "predict/scorer.h"
#include "tensor/tape.h"

/* A store to sample from, and the rows it has read. */
typedef struct LiveState
{
	MemoryContext cxt;			/* NULL: not open */
	bool		resident;		/* it has read everything */
	GraphStore *store;
	FeatureTable **tables;		/* [graph_table_count()] */
} LiveState;

/* Everything scored: each key's number, and the outputs by number. */
typedef struct TableScores
{
	MemoryContext cxt;			/* of this struct and all in it */
	IdMap	   *nodes;
	ModelOutput output;
	bool		lasting;		/* may be kept for other statements, see score_keep.c */
} TableScores;

struct Scorer
{
	dlist_node	node;			/* in the list of all scorers */
	dlist_head	sites;
	MemoryContext cxt;

	/* what it belongs to */
	CachedModel *cached;
	char	   *default_setting;	/* sage.default_model where that chose the model; NULL: it was named */
	TimestampTz at;
	Snapshot	snapshot;		/* registered, so that its address stays its own */
	CommandId	curcid;
	Oid			user;
	bool		row_security;
	int			access;
	uint64		changes;		/* see score_keep.c */

	/* at work */
	bool		busy;
	int			nest_level;		/* of the (sub)transaction that it works for */

	/* live */
	LiveState	live;
	Tape	   *tape;
	double		live_seconds;	/* spent so far */
	double		calls_expected; /* by the planner; 0: not known */

	/* resident: everything was scored */
	TableScores *all;			/* NULL: it was not, or not yet */
	bool		resident_failed;	/* and is not tried again */
	MemoryContext loading;		/* of what is being read and scored; NULL: nothing is */
};

extern void live_state_open(LiveState *live, Scorer *scorer, MemoryContext parent);
extern void live_state_close(LiveState *live);
extern void live_state_score(LiveState *live, Scorer *scorer, const int32 *seeds, const TimestampTz *seed_times,
							 int64 n, float *outputs, float *hidden);
/* score_keep.c */
extern bool keep_allowed(const Scorer *scorer);
extern void keep_decide(const Scorer *scorer);
extern void keep_put(Scorer *scorer);
extern void keep_take(Scorer *scorer);
extern void keep_drop(void);

extern void scorer_enter(Scorer *scorer);
extern void scorer_leave(Scorer *scorer);

#endif							/* SAGE_SCORER_INTERNAL_H */
