/*
 * job_wait.c
 *		Waiting for a run.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "storage/latch.h"
#include "storage/proc.h"

#include "job/job_launch.h"
#include "job/job_queue.h"
#include "job/job_wait.h"

/* Milliseconds between two looks: short at first, for short runs. */
#define FIRST_PAUSE		10
#define LAST_PAUSE		200

/* Looks at the queue, to start a worker if one is missing, every so many milliseconds. */
#define LAUNCH_INTERVAL	1000

static double
milliseconds_since(instr_time begin)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, begin);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * Waits until the run has ended, or for so many seconds (negative: for ever):
 * its state.  A run whose row is gone was dropped with its model.
 */
const char *
job_wait(int64 run, double seconds)
{
	instr_time	begin;
	double		launched = -LAUNCH_INTERVAL / 2;
	long		pause = FIRST_PAUSE;

	INSTR_TIME_SET_CURRENT(begin);
	for (;;)
	{
		JobRow	   *row = job_row(run);
		const char *state;
		double		waited = milliseconds_since(begin);
		bool		open;

		if (row == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("run %lld was dropped", (long long) run)));
		state = job_state_now(run, row->state);
		open = strcmp(state, "queued") == 0 || strcmp(state, "interrupted") == 0;
		if (!open && strcmp(state, "running") != 0)
			return state;
		if (seconds >= 0 && waited >= seconds * 1000)
			return state;
		if (open && waited - launched >= LAUNCH_INTERVAL)
		{
			job_launch_missing();
			launched = waited;
		}
		if (seconds >= 0)
			pause = Min(pause, (long) (seconds * 1000 - waited) + 1);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		pause = Min(pause * 2, LAST_PAUSE);
	}
}
