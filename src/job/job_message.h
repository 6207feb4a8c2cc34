/*
 * job_message.h
 *		Warnings and notices of a run, for the role that submitted it.
 */
#ifndef SAGE_JOB_MESSAGE_H
#define SAGE_JOB_MESSAGE_H

#include "postgres.h"

extern void messages_install(void);
extern void messages_begin(MemoryContext cxt);
extern void messages_end(void);
extern void messages_store(int64 run);

#endif							/* SAGE_JOB_MESSAGE_H */
