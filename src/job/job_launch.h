/*
 * job_launch.h
 *		Starting workers: at commit, at server start, and when one is missing.
 */
#ifndef SAGE_JOB_LAUNCH_H
#define SAGE_JOB_LAUNCH_H

#include "postgres.h"

extern bool job_launch(Oid database);
extern void job_launch_missing(void);
extern void job_launch_at_commit(int64 run);
extern void job_signal_at_commit(int64 run, int pid);
extern bool job_is_pending(int64 run);

#endif							/* SAGE_JOB_LAUNCH_H */
