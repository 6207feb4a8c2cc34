/*
 * store_candidates.h
 *		The neighbors that a live store has found for one node, until it is
 *		known which of them will be picked.
 *
 * They come in the order of the table and are wanted in that of their
 * priorities.  Where only the first few are wanted, only about so many are
 * kept: a threshold, lowered as smaller ones come, lets the rest pass by
 * without being stored.  A hub so costs no more memory than others, and
 * little more than the reading.
 */
#ifndef SAGE_STORE_CANDIDATES_H
#define SAGE_STORE_CANDIDATES_H

#include "base/memory.h"
#include "store/store_internal.h"

#define NODE_UNKNOWN	(-1)	/* its row was not asked for yet */
#define NODE_ASKED		(-2)	/* on the list of those to ask for */
#define NODE_ABSENT		(-3)	/* it has no row */

typedef struct Candidate
{
	uint64		priority;
	TimestampTz time;
	Datum		key;
	int32		node;			/* or NODE_UNKNOWN and so on */
	float		weight;
	int32		row;			/* the edge's, as the reader knows it */
} Candidate;

/* All candidates of one node; all zero: not begun. */
typedef struct Candidates
{
	bool		known;			/* the query was run, */
	StoreBounds bounds;			/* for edges within these */
	bool		cut;			/* some were left out, none of them smaller than the threshold */
	int32		keep;			/* so many at least stay; 0: all */
	uint64		threshold;		/* larger priorities are left out */
	uint64		hash;			/* of the node's key */
	uint64		salt;			/* for the priorities */
	int32		sorted;			/* so many are in their final place */
	int32		count;
	int32		capacity;
	Candidate  *list;
	int32	   *newer;			/* [count] as in RankedNeighbor; NULL: repeated pairs were taken out, or all count */
} Candidates;

extern void candidates_begin(Candidates *candidates, uint64 relation_seed, uint64 hash, int32 keep);
extern void candidates_forget(Candidates *candidates);
extern void candidates_make_room(Candidates *candidates);
extern void candidates_order(Candidates *candidates, bool each_row, int64 wanted);

/*
 * One more candidate, of which the edge's own number and hash are as of
 * store_edge_row(); in CurrentMemoryContext, the store's.  loops: the
 * neighbor is of the node's own type, and not counted if it is the node.
 */
static inline void
candidates_add(Candidates *candidates, bool loops, KeyKind kind, Datum key, TimestampTz time, float weight, int32 row,
			   uint64 row_hash)
{
	uint64		hash = kind == KEY_INT ? (uint64) DatumGetInt64(key) : key_hash(kind, key);
	uint64		priority = store_row_priority(candidates->salt, hash, row_hash);
	Candidate  *candidate;

	if (loops && hash == candidates->hash)
		return;
	if (candidates->count == candidates->capacity)
		candidates_make_room(candidates);
	if (priority > candidates->threshold)
	{
		candidates->cut = true;
		return;
	}
	candidate = &candidates->list[candidates->count++];
	candidate->priority = priority;
	candidate->time = time;
	candidate->key = kind == KEY_INT ? key : key_copy(kind, key);
	candidate->node = NODE_UNKNOWN;
	candidate->weight = weight;
	candidate->row = row;
}

#endif							/* SAGE_STORE_CANDIDATES_H */
