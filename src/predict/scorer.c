/*
 * scorer.c
 *		Who may use which scorer: snapshots, sites and the ends of transactions.
 *
 * Two facts make this harder than it looks.  A function's fn_extra outlives
 * its statement (PL/pgSQL evaluates r := f() with the same FmgrInfo while the
 * snapshot moves on).  And no tuple of a snapshot's values identifies it once
 * the transaction has written: xmin, xmax and curcid can be the same while
 * other rows are seen.  So a scorer holds a reference to the active snapshot
 * and compares its address, which cannot be given to another snapshot while
 * it is held, and curcid, which may be moved on in place.
 *
 * A site holds on to its scorer until the memory of its FmgrInfo goes, which
 * for a query is when the executor ends; a scorer without sites is freed.
 * What it had read or scored may be kept for other statements (score_keep.c).
 * All are gone before the transaction ends.  A scorer that was at work when
 * an error was thrown may be half done, and goes with the subtransaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "base/guc.h"
#include "predict/score_calls.h"
#include "predict/scorer_internal.h"

/* Scorings of a model inside one another. */
#define MAX_RECURSION	8

static dlist_head scorers = DLIST_STATIC_INIT(scorers);
static bool callbacks_registered = false;

/* ------------------------------------------------------------------------
 * Ends
 * ------------------------------------------------------------------------
 */

static void
scorer_free(Scorer *scorer)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &scorer->sites)
	{
		ScoreSite  *site = dlist_container(ScoreSite, node, iter.cur);

		dlist_delete(iter.cur);
		site->scorer = NULL;
	}
	dlist_delete(&scorer->node);
	if (scorer->snapshot != NULL)
		UnregisterSnapshotFromOwner(scorer->snapshot, TopTransactionResourceOwner);
	model_cache_release(scorer->cached);
	MemoryContextDelete(scorer->cxt);
}

static void
scorers_at_end(XactEvent event, void *arg)
{
	dlist_mutable_iter iter;

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			dlist_foreach_modify(iter, &scorers)
			{
				Scorer	   *scorer = dlist_container(Scorer, node, iter.cur);

				if (event == XACT_EVENT_PRE_COMMIT && !scorer->busy)
					keep_put(scorer);
				scorer_free(scorer);
			}
			break;
		default:
			break;
	}
}

/* What was at work in the subtransaction that ends by an error is half done. */
static void
scorers_at_subabort(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	dlist_mutable_iter iter;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	dlist_foreach_modify(iter, &scorers)
	{
		Scorer	   *scorer = dlist_container(Scorer, node, iter.cur);

		if (scorer->busy && scorer->nest_level >= GetCurrentTransactionNestLevel())
			scorer_free(scorer);
	}
}

/* ------------------------------------------------------------------------
 * Sites
 * ------------------------------------------------------------------------
 */

static void
site_let_go(ScoreSite *site)
{
	Scorer	   *scorer = site->scorer;

	if (scorer == NULL)
		return;
	dlist_delete(&site->node);
	site->scorer = NULL;
	if (dlist_is_empty(&scorer->sites) && !scorer->busy)
	{
		keep_put(scorer);
		scorer_free(scorer);
	}
}

static void
site_callback(void *arg)
{
	site_let_go(arg);
}

/*
 * A site that ends with the memory context.  call: the expression in a query
 * that it stands for, or NULL.
 */
ScoreSite *
score_site_create(MemoryContext cxt, const Node *call)
{
	ScoreSite  *site = MemoryContextAllocZero(cxt, sizeof(ScoreSite));

	site->call = call;
	site->callback.func = site_callback;
	site->callback.arg = site;
	MemoryContextRegisterResetCallback(cxt, &site->callback);
	return site;
}

static bool
scorer_is_current(const Scorer *scorer, TimestampTz at)
{
	Snapshot	active = GetActiveSnapshot();

	return !scorer->busy && scorer->snapshot == active && scorer->curcid == active->curcid &&
		scorer->user == GetUserId() && scorer->row_security == row_security &&
		scorer->access == guc_access && scorer->at == at;
}

/* sage.default_model as it is set at this moment. */
static const char *
default_setting(void)
{
	return guc_default_model != NULL ? guc_default_model : "";
}

static bool
scorer_is_of_model(const Scorer *scorer, const char *model)
{
	if (model == NULL)
		return scorer->default_setting != NULL && strcmp(scorer->default_setting, default_setting()) == 0;
	return strcmp(scorer->cached->name, model) == 0;
}

static Scorer *
scorer_create(const char *model, TimestampTz at)
{
	CachedModel *cached;
	MemoryContext cxt;
	Scorer	   *scorer;

	if (!callbacks_registered)
	{
		RegisterXactCallback(scorers_at_end, NULL);
		RegisterSubXactCallback(scorers_at_subabort, NULL);
		callbacks_registered = true;
	}
	cached = model_cache_get(model);
	cxt = AllocSetContextCreate(TopMemoryContext, "sage scorer", ALLOCSET_DEFAULT_SIZES);
	scorer = MemoryContextAllocZero(cxt, sizeof(Scorer));
	scorer->cxt = cxt;
	scorer->cached = cached;
	scorer->default_setting = model == NULL ? MemoryContextStrdup(cxt, default_setting()) : NULL;
	scorer->at = at;
	scorer->user = GetUserId();
	scorer->row_security = row_security;
	scorer->access = guc_access;
	dlist_init(&scorer->sites);
	dlist_push_head(&scorers, &scorer->node);
	scorer->snapshot = RegisterSnapshotOnOwner(GetActiveSnapshot(), TopTransactionResourceOwner);
	scorer->curcid = scorer->snapshot->curcid;
	keep_take(scorer);
	return scorer;
}

/*
 * The scorer for a model (NULL: the default one) and a seed time, as of now.
 * A model that is asked for while it is being read for, again and again, is
 * needed to make the rows that it scores, and would never come to an end.
 */
Scorer *
score_site_scorer(ScoreSite *site, const char *model, TimestampTz at)
{
	dlist_iter	iter;
	Scorer	   *scorer = NULL;
	int			depth = 0;

	if (site->scorer != NULL && scorer_is_current(site->scorer, at) && scorer_is_of_model(site->scorer, model))
		return site->scorer;
	site_let_go(site);
	dlist_foreach(iter, &scorers)
	{
		Scorer	   *other = dlist_container(Scorer, node, iter.cur);

		if (scorer_is_current(other, at) && scorer_is_of_model(other, model))
			scorer = other;
		depth += other->busy && scorer_is_of_model(other, model);
	}
	if (depth > MAX_RECURSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_RECURSION),
				 errmsg("infinite recursion detected in scoring"),
				 errdetail("Reading the rows that a model scores calls for the scores of the same model."),
				 errhint("See the views, policies and functions that the graph's tables are made of.")));
	if (scorer == NULL)
		scorer = scorer_create(model, at);
	scorer->calls_expected = Max(scorer->calls_expected, score_calls_expected(site->call));
	dlist_push_tail(&scorer->sites, &site->node);
	site->scorer = scorer;
	return scorer;
}

/*
 * While a scorer works it is not for others: reading a table may call a
 * function that scores.
 */
void
scorer_enter(Scorer *scorer)
{
	if (scorer->busy)
		elog(ERROR, "scorer of model \"%s\" is working already", scorer->cached->name);
	check_stack_depth();
	scorer->busy = true;
	scorer->nest_level = GetCurrentTransactionNestLevel();
}

void
scorer_leave(Scorer *scorer)
{
	keep_decide(scorer);
	scorer->busy = false;
}

const ModelSpec *
scorer_spec(const Scorer *scorer)
{
	return scorer->cached->spec;
}

const Graph *
scorer_graph(const Scorer *scorer)
{
	return scorer->cached->graph;
}

const char *
scorer_model_name(const Scorer *scorer)
{
	return scorer->cached->name;
}
