/*
 * job_wait.c
 *		Waiting for a run.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "job/job_launch.h"
#include "job/job_lock.h"
#include "job/job_queue.h"
#include "job/job_wait.h"

/* Milliseconds between two looks: short at first, for short runs. */
#define FIRST_PAUSE		10
#define LAST_PAUSE		200

/* Every so many milliseconds a worker is started if one is missing, and locks are looked at. */
#define LOOK_INTERVAL	1000

static double
milliseconds_since(instr_time begin)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, begin);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * A worker that waits for a lock of this transaction waits for ever if we do:
 * the server cannot see it, because we do not wait for a lock.
 */
static void
check_not_blocking(int64 run)
{
	int			pid = job_run_pid(run);
	ArrayType  *blocking;
	const int32 *pids;

	if (pid == 0)
		return;
	blocking = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids, Int32GetDatum(pid)));
	pids = (const int32 *) ARR_DATA_PTR(blocking);
	for (int i = 0; i < ArrayGetNItems(ARR_NDIM(blocking), ARR_DIMS(blocking)); i++)
	{
		if (pids[i] == MyProcPid)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
					 errmsg("run %lld waits for a lock of the transaction that waits for the run", (long long) run),
					 errhint("Commit first, then wait.")));
	}
}

/*
 * Looks at the run: its state.  A run whose row is gone was dropped with its
 * model.
 */
static const char *
current_state(int64 run)
{
	JobRow	   *row = job_row(run);

	if (row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("run %lld was dropped", (long long) run)));
	return job_state_now(run, row->state);
}

/*
 * Waits until the run has ended, or for so many seconds (negative: for ever):
 * its state.
 */
const char *
job_wait(int64 run, double seconds)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "sage wait", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	instr_time	begin;
	double		looked = -LOOK_INTERVAL / 2;
	long		pause = FIRST_PAUSE;
	const char *state;

	INSTR_TIME_SET_CURRENT(begin);
	for (;; MemoryContextReset(cxt))
	{
		double		waited = milliseconds_since(begin);
		bool		open;

		state = current_state(run);
		open = strcmp(state, "queued") == 0 || strcmp(state, "interrupted") == 0;
		if ((!open && strcmp(state, "running") != 0) || (seconds >= 0 && waited >= seconds * 1000))
			break;
		if (waited - looked >= LOOK_INTERVAL)
		{
			if (open && !RecoveryInProgress())
				job_launch_missing();
			check_not_blocking(run);
			looked = waited;
		}
		if (seconds >= 0)
			pause = Min(pause, (long) (seconds * 1000 - waited) + 1);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		pause = Min(pause * 2, LAST_PAUSE);
	}
	MemoryContextSwitchTo(old);
	state = pstrdup(state);
	MemoryContextDelete(cxt);
	return state;
}
