/*
 * store_candidates.c
 *		See store_candidates.h.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "store/store_candidates.h"

/* Lists up to here are sorted whole. */
#define SORT_WHOLE	64

#define CANDIDATES_FIRST	8

/*
 * The list of a node whose key has the hash, empty, or with the edge that is
 * in its own row.  keep: so many of the smallest will be wanted, and are the
 * least that is kept; 0: all.
 */
void
candidates_begin(Candidates *candidates, uint64 relation_seed, uint64 hash, int32 keep)
{
	candidates->hash = hash;
	candidates->salt = store_priority_salt(relation_seed, hash);
	candidates->keep = candidates->count > 0 ? 0 : keep;
	candidates->threshold = PG_UINT64_MAX;
	candidates->cut = false;
}

/* The list is to be read again. */
void
candidates_forget(Candidates *candidates)
{
	candidates->known = false;
	candidates->count = candidates->sorted = 0;
}

static inline int
candidate_compare(const Candidate *x, const Candidate *y)
{
	return neighbor_order(x->priority, y->priority, x->time, y->time, x->weight, y->weight);
}

#define ST_SORT candidates_sort
#define ST_ELEMENT_TYPE Candidate
#define ST_COMPARE(a, b) candidate_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Brings the candidates up to the threshold to the front; how many they are. */
static int32
candidates_partition(Candidate *list, int32 n, uint64 threshold)
{
	int32		front = 0;

	for (int32 i = 0; i < n; i++)
	{
		if (list[i].priority <= threshold)
		{
			Candidate	candidate = list[i];

			list[i] = list[front];
			list[front++] = candidate;
		}
	}
	return front;
}

/* Takes out repeated pairs among the first "front" candidates, which are in order. */
static void
candidates_unique(Candidates *candidates, int32 front)
{
	Candidate  *list = candidates->list;
	int32		kept = 0;

	for (int32 i = 0; i < front; i++)
	{
		if (kept == 0 || list[i].priority != list[kept - 1].priority)
			list[kept++] = list[i];
	}
	if (kept < front)
		memmove(list + kept, list + front, (candidates->count - front) * sizeof(Candidate));
	candidates->count -= front - kept;
	candidates->sorted = kept;
}

/* Leaves the smallest "keep" in the list. */
static void
candidates_cut(Candidates *candidates)
{
	candidates_sort(candidates->list, candidates->count);
	candidates_unique(candidates, candidates->count);
	candidates->sorted = 0;
	if (candidates->count <= candidates->keep)
		return;
	candidates->count = candidates->keep;
	candidates->threshold = candidates->list[candidates->keep - 1].priority;
	candidates->cut = true;
}

/* Room for one more, in CurrentMemoryContext. */
void
candidates_make_room(Candidates *candidates)
{
	if (candidates->keep > 0 && candidates->count >= 2 * candidates->keep)
	{
		candidates_cut(candidates);
		return;
	}
	candidates->capacity = Max(2 * candidates->capacity, CANDIDATES_FIRST);
	if (candidates->list == NULL)
		candidates->list = memory_alloc(candidates->capacity, sizeof(Candidate));
	else
		candidates->list = memory_grow(candidates->list, candidates->capacity, sizeof(Candidate));
}

/*
 * Makes sure that the first "wanted" candidates (-1: all) are in their place
 * and that no pair stands there twice, unless each row counts.
 * See resident_order() for the threshold.
 */
void
candidates_order(Candidates *candidates, bool each_row, int64 wanted)
{
	int32		front = candidates->count;

	if (candidates->sorted >= candidates->count || (wanted >= 0 && candidates->sorted >= wanted))
		return;
	if (front > SORT_WHOLE && wanted >= 0 && wanted < front / 4 && !each_row)
		front = candidates_partition(candidates->list, candidates->count,
									 (uint64) ((double) PG_UINT64_MAX * ((2.0 * wanted + 32) / candidates->count)));
	candidates_sort(candidates->list, front);
	candidates->sorted = front;
	if (!each_row)
		candidates_unique(candidates, front);
	if (candidates->sorted < wanted)
		candidates_order(candidates, each_row, -1);
}
