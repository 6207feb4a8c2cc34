/*
 * job_wait.h
 *		Waiting for a run.
 */
#ifndef SAGE_JOB_WAIT_H
#define SAGE_JOB_WAIT_H

#include "postgres.h"

extern const char *job_wait(int64 run, double seconds);

#endif							/* SAGE_JOB_WAIT_H */
