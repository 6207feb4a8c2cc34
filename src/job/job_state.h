/*
 * job_state.h
 *		The table sage.run_state: where a run stands, to go on from there.
 */
#ifndef SAGE_JOB_STATE_H
#define SAGE_JOB_STATE_H

#include "postgres.h"

#include "train/progress.h"

extern void job_state_save(int64 run, uint64 fingerprint, const EpochEnd *end);
extern StateIO *job_state_open(int64 run, uint64 fingerprint, bool *changed);
extern void job_state_forget(int64 run);

#endif							/* SAGE_JOB_STATE_H */
