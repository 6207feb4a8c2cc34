/*
 * job_worker.c
 *		The background worker: takes one run after the other until none waits.
 *
 * Signals.  SIGINT (sage_cancel, pg_cancel_backend) ends the run as canceled.
 * SIGTERM (pg_terminate_backend, DROP DATABASE WITH (FORCE), a shutdown of the
 * server) ends the process, after what became of the run was written down:
 * it failed, or, if the server is stopping, it stays "running" and is resumed
 * when the server is there again.
 */
#include "postgres.h"

#include <signal.h>
#include <sys/resource.h>

#include "access/xact.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/elog.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "job/job_launch.h"
#include "job/job_launcher.h"
#include "job/job_lock.h"
#include "job/job_message.h"
#include "job/job_progress.h"
#include "job/job_session.h"
#include "job/job_state.h"
#include "job/job_train.h"
#include "job/job_worker.h"

static volatile sig_atomic_t terminated = false;

/* The first SIGTERM interrupts what is being done, so that it can be recorded. */
static void
worker_terminate(SIGNAL_ARGS)
{
	if (terminated)
	{
		die(postgres_signal_arg);
		return;
	}
	terminated = true;
	StatementCancelHandler(postgres_signal_arg);
}

/* ------------------------------------------------------------------------
 * Preparing
 * ------------------------------------------------------------------------
 */

/*
 * The server says in its lock file that it is stopping before it tells its
 * processes; there is no other way for them to know.
 */
static bool
server_is_stopping(void)
{
	FILE	   *file = AllocateFile("postmaster.pid", "r");
	char		line[MAXPGPATH];
	bool		stopping = false;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		stopping |= strncmp(line, "stopping", 8) == 0;
	if (file != NULL)
		FreeFile(file);
	return stopping;
}

/* ------------------------------------------------------------------------
 * Ends
 * ------------------------------------------------------------------------
 */

/* How a run ended that was left by an error. */
static JobEnd
end_of(const JobRow *row, const ErrorData *error)
{
	JobEnd		end = {.state = "failed"};

	if (row->cancel_requested)
		end.state = "canceled";
	else if (terminated && server_is_stopping())
	{
		end.state = "running";
		end.reason = "interrupted by a shutdown of the server";
	}
	else if (terminated)
	{
		end.error = "terminating background worker due to administrator command";
		end.sqlstate = "57P01";
	}
	else if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
	{
		end.state = "canceled";
		end.reason = "canceled by a signal";
	}
	else
	{
		end.error = error->message;
		end.sqlstate = unpack_sql_state(error->sqlerrcode);
		end.detail = error->detail;
		end.hint = error->hint;
	}
	return end;
}

/* Writes down how the run ended; false if that was interrupted. */
static bool
record_end(int64 run, const ErrorData *error)
{
	MemoryContext cxt = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		JobRow	   *row = NULL;

		job_begin();
		if (OidIsValid(get_extension_oid("sage", true)))
			row = job_row_lock(run, true);
		if (row != NULL && strcmp(row->state, "running") == 0)
		{
			JobEnd		end = end_of(row, error);

			job_finish(run, &end);
			messages_store(run);
		}
		job_commit();
		done = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(cxt);
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
		MemoryContextSwitchTo(cxt);
	}
	PG_END_TRY();
	return done;
}

/* Back to a clean session of our own after an error; a copy of the error. */
static ErrorData *
worker_recover(MemoryContext cxt)
{
	ErrorData  *error;

	MemoryContextSwitchTo(cxt);
	EmitErrorReport();
	error = CopyErrorData();
	FlushErrorState();
	AbortCurrentTransaction();
	MemoryContextSwitchTo(cxt);
	return error;
}

/* ------------------------------------------------------------------------
 * Runs
 * ------------------------------------------------------------------------
 */

/* Trains one run to its end, whatever that is. */
static void
work_on(const JobRow *row)
{
	MemoryContext cxt = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	messages_begin(cxt);
	PG_TRY();
	{
		job_train(row);
	}
	PG_CATCH();
	{
		error = worker_recover(cxt);
	}
	PG_END_TRY();
	session_reset_settings();
	if (error != NULL)
	{
		for (int i = 0; i < 3 && !record_end(row->run, error); i++)
			CHECK_FOR_INTERRUPTS();
	}
	messages_end();
	progress_end();
	job_begin();
	if (!job_is_open(row->run))
		job_state_forget(row->run);
	job_unlock_run(row->run);
	job_commit();
	session_discard();
}

/*
 * Takes the next run and trains it; false if there is none.  If still more
 * wait, another worker is started.  *busy is set when one was taken.  A signal that came late for the run
 * before is not meant for this one.
 */
static bool
work_once(MemoryContext cxt, bool *busy)
{
	MemoryContext old = MemoryContextSwitchTo(cxt);
	JobRow	   *row = NULL;

	QueryCancelPending = false;
	if (terminated)
		return false;
	job_begin();
	if (OidIsValid(get_extension_oid("sage", true)))
	{
		row = job_claim();
		if (row != NULL)
			job_launch_missing();
	}
	job_commit();
	if (row != NULL)
	{
		*busy = true;
		work_on(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(cxt);
	return row != NULL;
}

static bool
work_is_waiting(void)
{
	int			waiting = 0;

	job_begin();
	if (OidIsValid(get_extension_oid("sage", true)))
		waiting = job_waiting();
	job_commit();
	return waiting > 0;
}

static void
worker_pause(long milliseconds)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * A worker that ends while runs may wait leaves its place to another.  Called
 * when its locks are released.
 */
static void
worker_replace(int code, Datum busy)
{
	if (*(bool *) DatumGetPointer(busy) && !job_launch(MyDatabaseId))
		launcher_ask(MyDatabaseId);
}

/*
 * A worker whose slot could not be had goes away: those that have them look
 * again after they gave theirs back, and so find what was submitted meanwhile.
 */
void
sage_worker_main(Datum arg)
{
	MemoryContext cxt;
	int			slot;
	bool		busy = false;

	pqsignal(SIGTERM, worker_terminate);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid, 0);
	session_defaults();
	if (guc_worker_nice > 0)
		(void) setpriority(PRIO_PROCESS, 0, guc_worker_nice);
	on_shmem_exit(worker_replace, PointerGetDatum(&busy));
	messages_install();
	progress_end();
	cxt = AllocSetContextCreate(TopMemoryContext, "worker", ALLOCSET_DEFAULT_SIZES);

	job_begin();
	job_state_clean();
	job_commit();
	do
	{
		job_begin();
		slot = job_lock_slot(guc_max_workers);
		job_commit();
		if (slot < 0)
			break;
		while (work_once(cxt, &busy))
		{
			/* the slot went with all else that the session held */
			job_begin();
			slot = job_lock_slot(guc_max_workers);
			job_commit();
			if (slot < 0)
				break;
			if (ConfigReloadPending)
			{
				ConfigReloadPending = false;
				ProcessConfigFile(PGC_SIGHUP);
			}
		}
		if (slot < 0)
			break;
		job_begin();
		job_unlock_slot(slot);
		job_commit();
		if (terminated || !work_is_waiting())
			break;
		worker_pause(100);
	} while (!terminated);
	busy &= terminated;
	proc_exit(0);
}
