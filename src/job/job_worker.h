/*
 * job_worker.h
 *		The background worker.
 */
#ifndef SAGE_JOB_WORKER_H
#define SAGE_JOB_WORKER_H

#include "postgres.h"

#include "sage.h"

extern SAGE_EXPORT void sage_worker_main(Datum arg);

#endif							/* SAGE_JOB_WORKER_H */
