/*
 * job_queue.h
 *		The rows of sage.run, from "queued" to their end.
 */
#ifndef SAGE_JOB_QUEUE_H
#define SAGE_JOB_QUEUE_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "train/train_request.h"

/* A run in the background. */
typedef struct JobRow
{
	int64		run;
	char	   *model;
	char	   *graph;
	Oid			owner;
	char	   *state;
	int			attempt;		/* begun so many times */
	bool		cancel_requested;
	bool		background;		/* false: sage_train made the row */
	Jsonb	   *request;
	Jsonb	   *settings;
} JobRow;

/* How a run ended. */
typedef struct JobEnd
{
	const char *state;
	const char *error;			/* NULL: none, as all that follows */
	const char *sqlstate;
	const char *detail;
	const char *hint;
	const char *reason;
} JobEnd;

extern int64 job_submit(const TrainArguments *args);
extern JobRow *job_row(int64 run);	/* NULL: there is none */
extern JobRow *job_row_lock(int64 run, bool wait);
extern bool job_row_hold(int64 run);
extern bool job_is_open(int64 run);
extern const char *job_state_now(int64 run, const char *state);
extern int	job_waiting(void);
extern JobRow *job_claim(void);
extern void job_resumed(int64 run, const char *reason);
extern void job_finish(int64 run, const JobEnd *end);
extern bool job_done(int64 run, int version, const char *result);
extern void job_request_cancel(int64 run);
extern void job_reassign(const char *from, const char *to);

#endif							/* SAGE_JOB_QUEUE_H */
