/*
 * job_launcher.h
 *		The process that resumes runs at server start, where the library is
 *		preloaded.
 */
#ifndef SAGE_JOB_LAUNCHER_H
#define SAGE_JOB_LAUNCHER_H

#include "postgres.h"

extern void launcher_register(void);
extern void launcher_ask(Oid database);

#endif							/* SAGE_JOB_LAUNCHER_H */
