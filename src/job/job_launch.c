/*
 * job_launch.c
 *		Starting workers: at commit, and when one is missing.
 *
 * What a transaction submits begins when it commits.  Nothing has to be taken
 * back when it, or one of its savepoints, is rolled back: a worker only ever
 * looks for committed rows, and one that finds none goes away.
 *
 * A cancel is sent just before the commit, while the run's row is still
 * locked by it: the worker cannot end the run, and take up another one, before
 * the lock is gone, so that the signal meets whom it was meant for.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/memory.h"
#include "job/job_launch.h"
#include "job/job_launcher.h"
#include "job/job_lock.h"
#include "job/job_queue.h"
#include "job/job_state.h"

/* What this transaction has asked for. */
typedef struct PendingRun
{
	int64		run;
	bool		submitted;		/* else canceled */
	int			pid;			/* whom to tell of the cancel; 0: nobody */
	int			level;			/* of the subtransaction */
} PendingRun;

static PendingRun *pending = NULL;
static int	npending = 0;
static int	pending_capacity = 0;

/* Registers a worker for a database; false if no process is free. */
bool
job_launch(Oid database)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "sage");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "sage_worker_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "sage worker for database %u", database);
	snprintf(worker.bgw_type, BGW_MAXLEN, "sage worker");
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

/* Starts a worker if runs wait and there may be one more. */
void
job_launch_missing(void)
{
	if (job_slots_held() < guc_max_workers && job_waiting() > 0 && !job_launch(MyDatabaseId))
		launcher_ask(MyDatabaseId);
}

/* ------------------------------------------------------------------------
 * At commit
 * ------------------------------------------------------------------------
 */

static void
launch_pending(bool committed)
{
	bool		wanted = false;

	for (int i = 0; i < npending; i++)
	{
		wanted |= pending[i].submitted == committed;
		if (committed && !pending[i].submitted && pending[i].pid == 0)
			job_state_forget(pending[i].run);
	}
	npending = 0;

	/* workers pass over a row that is locked, so a cancel that was rolled back leaves it to us */
	if (!wanted || job_launch(MyDatabaseId))
		return;
	launcher_ask(MyDatabaseId);
	if (committed)
		ereport(WARNING,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("no background worker is free; the run stays queued"),
				 errhint("It begins when one is free; see view sage.runs. You might need to raise max_worker_processes.")));
}

static void
job_xact_event(XactEvent event, void *arg)
{
	if (npending == 0)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot PREPARE a transaction that has submitted or canceled a training run")));
			break;
		case XACT_EVENT_PRE_COMMIT:
			for (int i = 0; i < npending; i++)
			{
				if (pending[i].pid != 0)
					(void) kill(pending[i].pid, SIGINT);
			}
			break;
		case XACT_EVENT_COMMIT:
			launch_pending(true);
			break;
		case XACT_EVENT_ABORT:
			launch_pending(false);
			break;
		default:
			break;
	}
}

static void
job_subxact_event(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	int			kept = 0;

	for (int i = 0; i < npending; i++)
	{
		if (event == SUBXACT_EVENT_ABORT_SUB && pending[i].level >= level)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB && pending[i].level >= level)
			pending[i].level = level - 1;
		pending[kept++] = pending[i];
	}
	npending = kept;
}

static void
pending_add(int64 run, bool submitted, int pid)
{
	if (pending == NULL)
	{
		pending_capacity = 8;
		pending = MemoryContextAlloc(TopMemoryContext, pending_capacity * sizeof(PendingRun));
		RegisterXactCallback(job_xact_event, NULL);
		RegisterSubXactCallback(job_subxact_event, NULL);
	}
	memory_reserve(pending, pending_capacity, npending + 1);
	pending[npending].run = run;
	pending[npending].submitted = submitted;
	pending[npending].pid = pid;
	pending[npending].level = GetCurrentTransactionNestLevel();
	npending++;
}

void
job_launch_at_commit(int64 run)
{
	pending_add(run, true, 0);
}

/* pid: the worker that has the run; 0: nobody has. */
void
job_signal_at_commit(int64 run, int pid)
{
	pending_add(run, false, pid);
}

/* Whether this very transaction has submitted or canceled the run. */
bool
job_is_pending(int64 run)
{
	for (int i = 0; i < npending; i++)
	{
		if (pending[i].run == run)
			return true;
	}
	return false;
}
