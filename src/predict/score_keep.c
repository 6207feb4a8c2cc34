/*
 * score_keep.c
 *		The scores of a whole table, kept from statement to statement.
 *
 * A wrong score is worse than a slow one, so they are kept only where it can
 * be proved that reading everything again would give the same.
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
 * One state is kept, in at most a quarter of sage.max_memory, until another
 * one is made.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/guc.h"
#include "base/spill.h"
#include "predict/scorer_internal.h"

typedef struct KeptScores
{
	TableScores *all;			/* NULL: nothing is kept */
	CachedModel *cached;		/* in use, so that it is not freed */
	uint64		changes;		/* when it was put here */
	Oid			user;
	bool		row_security;
	FullTransactionId next;		/* xid, then */
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	bool		in_recovery;
	TransactionId *xip;			/* [xcnt], then [subxcnt], in all->cxt */
} KeptScores;

static KeptScores kept;
static bool watching = false;
static uint64 changes = 0;		/* invalidations met */
static ScoreKeepCounts counts;

static void
note_change(void)
{
	changes++;
}

void
keep_drop(void)
{
	if (kept.all == NULL)
		return;
	MemoryContextDelete(kept.all->cxt);
	model_cache_release(kept.cached);
	kept.all = NULL;
}

/*
 * The conditions that hold for the one who reads as for the one who asks.
 * Where rows have an age the scores of now are not those of the next moment.
 */
static bool
may_share(const Scorer *scorer)
{
	Snapshot	snapshot = scorer->snapshot;

	return scorer->at == STORE_ALWAYS && !scorer->cached->spec->temporal && snapshot->snapshot_type == SNAPSHOT_MVCC && !snapshot->suboverflowed &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()) && !IsolationIsSerializable() &&
		!IsParallelWorker() && !scorer->cached->stale;
}

/* Whether what a scorer has just read may be kept. */
bool
keep_allowed(const Scorer *scorer)
{
	counts.reads++;
	return may_share(scorer) && graph_is_exact(scorer->cached->graph);
}

/*
 * Takes what the scorer has scored, if that may be kept, and nobody else's is
 * any more.  The scorer is about to be freed.
 */
void
keep_put(Scorer *scorer)
{
	TableScores *all = scorer->all;
	Snapshot	snapshot = scorer->snapshot;

	if (all == NULL || !all->lasting || scorer->changes != changes || scorer->cached->stale || spill_in_use() ||
		MemoryContextMemAllocated(all->cxt, true) > (Size) guc_max_memory * 1024 / 4)
		return;
	keep_drop();
	kept.xip = MemoryContextAlloc(all->cxt, Max(snapshot->xcnt + snapshot->subxcnt, 1) * sizeof(TransactionId));
	memcpy(kept.xip, snapshot->xip, snapshot->xcnt * sizeof(TransactionId));
	memcpy(kept.xip + snapshot->xcnt, snapshot->subxip, snapshot->subxcnt * sizeof(TransactionId));
	kept.xcnt = snapshot->xcnt;
	kept.subxcnt = snapshot->subxcnt;
	kept.xmin = snapshot->xmin;
	kept.xmax = snapshot->xmax;
	kept.in_recovery = snapshot->takenDuringRecovery;
	kept.next = ReadNextFullTransactionId();
	kept.changes = changes;
	kept.user = scorer->user;
	kept.row_security = scorer->row_security;
	kept.cached = scorer->cached;
	kept.cached->users++;
	kept.all = all;
	scorer->all = NULL;
	MemoryContextSetParent(all->cxt, TopMemoryContext);
}

static bool
same_snapshot(Snapshot snapshot)
{
	uint64		passed = U64FromFullTransactionId(ReadNextFullTransactionId()) - U64FromFullTransactionId(kept.next);

	return snapshot->xmin == kept.xmin && snapshot->xmax == kept.xmax && snapshot->xcnt == kept.xcnt &&
		snapshot->subxcnt == kept.subxcnt && snapshot->takenDuringRecovery == kept.in_recovery &&
		memcmp(snapshot->xip, kept.xip, kept.xcnt * sizeof(TransactionId)) == 0 &&
		memcmp(snapshot->subxip, kept.xip + kept.xcnt, kept.subxcnt * sizeof(TransactionId)) == 0 &&
		passed < PG_INT32_MAX;
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
	if (kept.all == NULL)
		return;
	if (kept.changes != changes || kept.cached->stale)
	{
		keep_drop();
		return;
	}
	if (scorer->cached != kept.cached || scorer->access == ACCESS_LIVE || scorer->user != kept.user ||
		scorer->row_security != kept.row_security || !may_share(scorer) || !same_snapshot(scorer->snapshot))
		return;
	ereport(DEBUG1,
			(errmsg_internal("scores of model \"%s\" are kept from an earlier statement", scorer->cached->name)));
	counts.reuses++;
	pfree(kept.xip);
	scorer->all = kept.all;
	MemoryContextSetParent(scorer->all->cxt, scorer->cxt);
	model_cache_release(kept.cached);
	kept.all = NULL;
}

/* What has been done in this session, and what is kept now. */
ScoreKeepCounts
score_keep_counts(void)
{
	ScoreKeepCounts now = counts;

	now.model = kept.all != NULL ? kept.cached->name : NULL;
	now.rows = kept.all != NULL ? kept.all->output.rows : 0;
	now.bytes = kept.all != NULL ? MemoryContextMemAllocated(kept.all->cxt, true) : 0;
	return now;
}
