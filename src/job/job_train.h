/*
 * job_train.h
 *		One run, from its row to a version of the model.
 */
#ifndef SAGE_JOB_TRAIN_H
#define SAGE_JOB_TRAIN_H

#include "postgres.h"

#include "job/job_queue.h"

extern void job_begin(void);
extern void job_commit(void);
extern void job_train(const JobRow *row);

#endif							/* SAGE_JOB_TRAIN_H */
