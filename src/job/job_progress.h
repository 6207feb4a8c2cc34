/*
 * job_progress.h
 *		What a worker is doing, for other sessions to see.
 */
#ifndef SAGE_JOB_PROGRESS_H
#define SAGE_JOB_PROGRESS_H

#include "postgres.h"

#include "train/progress.h"

/* Of one run in one process. */
typedef struct JobProgress
{
	int64		run;
	MemoryContext cxt;			/* whose size is shown */
	TrainPhase	phase;
	double		shown;			/* seconds, as those that follow */
	double		phase_began;
	double		phase_done;		/* epochs that an earlier attempt did in it */
} JobProgress;

extern void progress_begin(JobProgress *progress, int64 run, MemoryContext cxt);
extern void progress_phase(JobProgress *progress, TrainPhase phase);
extern void progress_report(JobProgress *progress, const ProgressReport *report);
extern void progress_end(void);

/* Columns of view sage.progress, after the run's owner, from pg_stat_activity. */
extern const char progress_sql[];

#endif							/* SAGE_JOB_PROGRESS_H */
