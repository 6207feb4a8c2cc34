/*
 * score_keep.c
 *		What one statement has read, kept for the next: the scores of a whole
 *		table, or, where nodes were scored one by one, their neighborhoods.
 *
 * A wrong score is worse than a slow one, so they are kept only where it can
 * be proved that reading again would give the same.
 *
 * Two snapshots of transactions that have written nothing themselves see the
 * same rows if and only if the same transactions count as over in both: that
 * is, if xmin, xmax and the lists of those in progress are the same.  Any
 * transaction that has written and ends moves xmax or leaves a list.  (Core
 * relies on the same when it uses a snapshot again.)  So:
 *
 * - neither the transaction that read nor the one that asks has an xid;
 * - the snapshots' values are the same, and the list of subtransactions is
 *   complete, and less than half the space of xids has passed;
 * - all tables keep the rows of each snapshot (graph_exact.c);
 * - no invalidation of any table, schema, role or membership has been met
 *   since.  So the same rights hold, and nothing was truncated or rewritten,
 *   which would be seen in old snapshots, too.  (What sends these has mostly
 *   an xid, so to be strict here costs nothing.);
 * - user, row_security and version of the model are the same, and there is
 *   no seed time;
 * - the transaction is not serializable: it must be seen to have read;
 * - it is not a parallel worker, which has its leader's snapshot.
 *
 * One state is kept, until another one is made: scores in at most a quarter of
 * sage.max_memory, neighborhoods in KEEP_LIVE at the most, but not in place of
 * scores that are still good.  What is worth keeping are hubs, which cost most
 * and belong to many nodes.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "base/guc.h"
#include "base/spill.h"
#include "predict/scorer_internal.h"

/* Neighborhoods may take so much, or a 32nd of sage.max_memory; then they begin anew. */
#define KEEP_LIVE	((Size) 32 * 1024 * 1024)

/* What is kept, and what it is good for. */
typedef struct Kept
{
	TableScores *all;			/* NULL: none */
	LiveState	live;			/* cxt is NULL: none */
	CachedModel *cached;		/* in use, so that it is not freed; NULL: nothing is kept */
	uint64		changes;		/* when it was put here */
	Oid			user;
	bool		row_security;
	FullTransactionId next;		/* xid, then */
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	bool		in_recovery;
	TransactionId *xip;			/* [xcnt], then [subxcnt], in what is kept */
} Kept;

static Kept kept;
static bool watching = false;
static uint64 changes = 0;		/* invalidations met */
static ScoreKeepCounts counts;

static void
note_change(void)
{
	changes++;
}

static MemoryContext
kept_context(void)
{
	return kept.all != NULL ? kept.all->cxt : kept.live.cxt;
}

void
keep_drop(void)
{
	if (kept.cached == NULL)
		return;
	MemoryContextDelete(kept_context());
	model_cache_release(kept.cached);
	kept.all = NULL;
	kept.live.cxt = NULL;
	kept.cached = NULL;
}

/*
 * The conditions that hold for the one who reads as for the one who asks.
 * Where rows have an age the scores of now are not those of the next moment.
 */
static bool
may_share(const Scorer *scorer)
{
	Snapshot	snapshot = scorer->snapshot;

	return scorer->at == STORE_ALWAYS && !scorer->cached->spec->temporal &&
		snapshot->snapshot_type == SNAPSHOT_MVCC && !snapshot->suboverflowed &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()) && !IsolationIsSerializable() &&
		!IsParallelWorker() && !scorer->cached->stale;
}

/* Whether it is known if the graph is exact for the scorer's user, as of the last change. */
static bool
exact_is_known(const Scorer *scorer)
{
	const CachedModel *cached = scorer->cached;

	return cached->exact_changes == changes + 1 && cached->exact_user == scorer->user &&
		cached->exact_row_security == scorer->row_security;
}

/*
 * Finds out whether what a scorer has read by itself may be kept.  That looks
 * into the catalogs, and so may fail or be canceled: it is done when a
 * scoring ends, and not when the scorer goes, where no error may be raised.
 * It is not done again for each row that is scored.
 */
void
keep_decide(const Scorer *scorer)
{
	CachedModel *cached = scorer->cached;
	uint64		now = changes + 1;	/* what is looked up may meet some more */

	if (exact_is_known(scorer) || scorer->live.cxt == NULL || scorer->live.resident || !may_share(scorer))
		return;
	cached->exact = graph_is_exact(cached->graph);
	cached->exact_changes = now;
	cached->exact_user = scorer->user;
	cached->exact_row_security = scorer->row_security;
}

/* Whether the scores that a scorer has just made of everything may be kept. */
bool
keep_allowed(const Scorer *scorer)
{
	counts.reads++;
	return may_share(scorer) && graph_is_exact(scorer->cached->graph);
}

/* The same for the neighborhoods that a scorer has read. */
static bool
live_lasts(const Scorer *scorer)
{
	const LiveState *live = &scorer->live;

	return live->cxt != NULL && !live->resident && may_share(scorer) && scorer->user == GetUserId() &&
		scorer->row_security == row_security && exact_is_known(scorer) && scorer->cached->exact &&
		MemoryContextMemAllocated(live->cxt, true) <= Min(KEEP_LIVE, (Size) guc_max_memory * 1024 / 32);
}

static bool
scores_last(const Scorer *scorer)
{
	const TableScores *all = scorer->all;

	return all != NULL && all->lasting &&
		MemoryContextMemAllocated(all->cxt, true) <= (Size) guc_max_memory * 1024 / 4;
}

/* Both arrays may be NULL where n is 0. */
static bool
same_transactions(const TransactionId *a, const TransactionId *b, uint32 n)
{
	return n == 0 || memcmp(a, b, n * sizeof(TransactionId)) == 0;
}

static bool
same_snapshot(Snapshot snapshot)
{
	uint64		passed = U64FromFullTransactionId(ReadNextFullTransactionId()) - U64FromFullTransactionId(kept.next);

	return snapshot->xmin == kept.xmin && snapshot->xmax == kept.xmax && snapshot->xcnt == kept.xcnt &&
		snapshot->subxcnt == kept.subxcnt && snapshot->takenDuringRecovery == kept.in_recovery &&
		same_transactions(snapshot->xip, kept.xip, kept.xcnt) &&
		same_transactions(snapshot->subxip, kept.xip + kept.xcnt, kept.subxcnt) &&
		passed < PG_INT32_MAX;
}

/* Whether scores of a whole table are kept, of whichever model, and are good: they cost more than neighborhoods. */
static bool
scores_are_good(Snapshot snapshot)
{
	return kept.all != NULL && kept.changes == changes && !kept.cached->stale && same_snapshot(snapshot);
}

/*
 * Takes what the scorer has read, if that may be kept, and nobody else's is
 * any more.  The scorer is about to be freed; where that is by an error,
 * nothing can be looked up, and nothing is kept.
 */
void
keep_put(Scorer *scorer)
{
	Snapshot	snapshot = scorer->snapshot;

	if (!IsTransactionState() || scorer->changes != changes || scorer->cached->stale || spill_in_use())
		return;
	if (scores_last(scorer))
	{
		keep_drop();
		kept.all = scorer->all;
		scorer->all = NULL;
	}
	else if (!scores_are_good(snapshot) && live_lasts(scorer))
	{
		keep_drop();
		kept.live = scorer->live;
		scorer->live.cxt = NULL;
	}
	else
		return;
	MemoryContextSetParent(kept_context(), TopMemoryContext);
	kept.xip = MemoryContextAlloc(kept_context(), Max(snapshot->xcnt + snapshot->subxcnt, 1) * sizeof(TransactionId));
	if (snapshot->xcnt > 0)
		memcpy(kept.xip, snapshot->xip, snapshot->xcnt * sizeof(TransactionId));
	if (snapshot->subxcnt > 0)
		memcpy(kept.xip + snapshot->xcnt, snapshot->subxip, snapshot->subxcnt * sizeof(TransactionId));
	kept.xcnt = snapshot->xcnt;
	kept.subxcnt = snapshot->subxcnt;
	kept.xmin = snapshot->xmin;
	kept.xmax = snapshot->xmax;
	kept.in_recovery = snapshot->takenDuringRecovery;
	kept.next = ReadNextFullTransactionId();
	kept.changes = scorer->changes;
	kept.user = scorer->user;
	kept.row_security = scorer->row_security;
	kept.cached = scorer->cached;
	kept.cached->users++;
}

/* Whether what is kept is of use where it is said how the scorer reads. */
static bool
access_suits(int access)
{
	return access != (kept.all != NULL ? ACCESS_LIVE : ACCESS_RESIDENT);
}

/* For a new scorer: gives it what is kept, if it would read the same. */
void
keep_take(Scorer *scorer)
{
	if (!watching)
		graph_watch_all(note_change);
	watching = true;
	AcceptInvalidationMessages();
	scorer->changes = changes;
	if (kept.cached == NULL)
		return;
	if (kept.changes != changes || kept.cached->stale || (kept.all == NULL && !same_snapshot(scorer->snapshot)))
	{
		keep_drop();
		return;
	}
	if (scorer->cached != kept.cached || !access_suits(scorer->access) || scorer->user != kept.user ||
		scorer->row_security != kept.row_security || !may_share(scorer) || !same_snapshot(scorer->snapshot))
		return;
	ereport(DEBUG1,
			(errmsg_internal("%s of model \"%s\" are kept from an earlier statement",
							 kept.all != NULL ? "scores" : "neighborhoods", scorer->cached->name)));
	counts.reuses += kept.all != NULL;
	pfree(kept.xip);
	MemoryContextSetParent(kept_context(), scorer->cxt);
	scorer->all = kept.all;
	scorer->live = kept.live;
	model_cache_release(kept.cached);
	kept.all = NULL;
	kept.live.cxt = NULL;
	kept.cached = NULL;
}

/* What has been done in this session, and what is kept now. */
ScoreKeepCounts
score_keep_counts(void)
{
	ScoreKeepCounts now = counts;

	now.model = kept.cached != NULL ? kept.cached->name : NULL;
	now.rows = kept.all != NULL ? kept.all->output.rows : 0;
	now.bytes = kept.cached != NULL ? MemoryContextMemAllocated(kept_context(), true) : 0;
	return now;
}
