/*
 * job_session.h
 *		The session of a worker between two runs.
 */
#ifndef SAGE_JOB_SESSION_H
#define SAGE_JOB_SESSION_H

#include "postgres.h"

extern void session_defaults(void);
extern void session_reset_settings(void);
extern void session_discard(void);

#endif							/* SAGE_JOB_SESSION_H */
