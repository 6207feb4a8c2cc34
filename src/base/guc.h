/*
 * guc.h
 *		The extension's settings.
 */
#ifndef SAGE_GUC_H
#define SAGE_GUC_H

#include "postgres.h"

typedef enum AccessMode
{
	ACCESS_AUTO,				/* live first, resident once that is cheaper */
	ACCESS_LIVE,				/* always ask the tables */
	ACCESS_RESIDENT				/* read the tables once, then memory */
} AccessMode;

#define GUC_MAX_THREADS	64

extern int	guc_access;			/* an AccessMode */
extern char *guc_default_model;
extern int	guc_max_memory;		/* kilobytes */
extern int	guc_max_model_size; /* kilobytes */
extern int	guc_threads;		/* of one training or scoring */
extern int	guc_max_workers;	/* runs at once in a database */
extern int	guc_max_attempts;
extern int	guc_worker_nice;

extern void guc_define(void);

#endif							/* SAGE_GUC_H */
