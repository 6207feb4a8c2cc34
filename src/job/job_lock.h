/*
 * job_lock.h
 *		Who works on what: session-level advisory locks of the workers.
 */
#ifndef SAGE_JOB_LOCK_H
#define SAGE_JOB_LOCK_H

#include "postgres.h"

extern bool job_lock_run(int64 run);
extern void job_unlock_run(int64 run);
extern int	job_run_pid(int64 run); /* 0: nobody */
extern int	job_lock_slot(int slots);	/* -1: none is free */
extern void job_unlock_slot(int slot);
extern int	job_slots_held(void);

#endif							/* SAGE_JOB_LOCK_H */
