/*
 * job_state.h
 *		Where a run stands, to go on from there.
 */
#ifndef SAGE_JOB_STATE_H
#define SAGE_JOB_STATE_H

#include "postgres.h"

#include "train/progress.h"

/* What was found of a run. */
typedef struct JobState
{
	StateIO    *io;				/* to be read from; NULL: nothing to go on from */
	TrainPhase	phase;			/* if there is: the last epoch that ended */
	int			epoch;
	bool		changed;		/* if there is not: what was left belongs to other data */
} JobState;

/* Which of a run's files are not to be written over; -1: none. */
typedef struct JobStateFiles
{
	int			newest;
	int			synced;			/* the newest that was forced to the disk */
} JobStateFiles;

extern bool job_state_save(JobStateFiles *files, int64 run, uint64 fingerprint, const EpochEnd *end, bool sync);
extern JobState job_state_open(JobStateFiles *files, int64 run, uint64 fingerprint);
extern void job_state_forget(int64 run);
extern void job_state_clean(void);

#endif							/* SAGE_JOB_STATE_H */
