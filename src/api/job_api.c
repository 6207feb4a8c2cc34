/*
 * job_api.c
 *		Training in the background, as SQL sees it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/train_api.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/query.h"
#include "base/query_args.h"
#include "base/role.h"
#include "job/job_launch.h"
#include "job/job_lock.h"
#include "job/job_progress.h"
#include "job/job_queue.h"
#include "job/job_wait.h"
#include "model/model_catalog.h"
#include "sage.h"

SAGE_FUNCTION(sage_train_async);
SAGE_FUNCTION(sage_cancel);
SAGE_FUNCTION(sage_wait);
SAGE_FUNCTION(sage_resume);
SAGE_FUNCTION(sage_run_state_now);
SAGE_FUNCTION(sage_run_reason);
SAGE_FUNCTION(sage_list_progress);

Datum
sage_train_async(PG_FUNCTION_ARGS)
{
	TrainArguments args;
	TrainRequest request;
	int64		run;

	PreventCommandIfReadOnly("sage_train_async()");
	train_api_arguments(fcinfo, &args);
	request = train_request_make(&args);
	labels_check(request.graph, request.node_type, &request.source);
	run = job_submit(&args);
	job_launch_at_commit(run);
	PG_RETURN_INT64(run);
}

SAGE_NORETURN static void
run_unknown(int64 run)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("run %lld does not exist", (long long) run),
			 errhint("See sage.runs.")));
}

static void
check_owner(const JobRow *row)
{
	if (!model_catalog_allowed(row->owner, NIL, MODEL_OWN))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for run %lld", (long long) row->run),
				 errdetail("It belongs to role \"%s\".", role_name(row->owner))));
}

/* The row as it is committed; one that this transaction made is not to be waited for. */
static JobRow *
visible_row(int64 run)
{
	JobRow	   *row = job_row(run);

	if (row == NULL)
		run_unknown(run);
	check_owner(row);
	return row;
}

/*
 * (run): what waits is canceled in the row; what is trained is told when
 * this transaction commits.
 */
Datum
sage_cancel(PG_FUNCTION_ARGS)
{
	int64		run = PG_GETARG_INT64(0);
	JobRow	   *row;
	int			pid;

	PreventCommandIfReadOnly("sage_cancel()");
	(void) visible_row(run);
	row = job_row_lock(run, true);
	if (row == NULL)
		run_unknown(run);
	if (strcmp(row->state, "queued") != 0 && strcmp(row->state, "running") != 0)
		PG_RETURN_BOOL(false);
	pid = strcmp(row->state, "running") == 0 ? job_run_pid(run) : 0;
	if (pid != 0)
		job_request_cancel(run);
	else
	{
		JobEnd		end = {.state = "canceled"};

		job_finish(run, &end);
	}
	job_signal_at_commit(run, pid);
	PG_RETURN_BOOL(true);
}

static double
interval_seconds(const Interval *interval)
{
	return interval->time / (double) USECS_PER_SEC +
		(interval->day + interval->month * (double) DAYS_PER_MONTH) * SECS_PER_DAY;
}

/* (run, timeout): the state at last. */
Datum
sage_wait(PG_FUNCTION_ARGS)
{
	int64		run;
	double		seconds = -1;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = PG_GETARG_INT64(0);
	if (job_is_pending(run))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for run %lld in the transaction that submitted or canceled it", (long long) run),
				 errhint("Commit first; the run begins, or ends, then.")));
	if (!PG_ARGISNULL(1))
	{
		seconds = interval_seconds(PG_GETARG_INTERVAL_P(1));
		if (seconds < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("timeout must not be negative"),
					 errhint("Leave it out to wait for as long as it takes.")));
	}
	(void) visible_row(run);
	PG_RETURN_TEXT_P(cstring_to_text(job_wait(run, seconds)));
}

/* What waits, or was interrupted, gets its workers. */
Datum
sage_resume(PG_FUNCTION_ARGS)
{
	int			waiting;

	PreventCommandIfReadOnly("sage_resume()");
	waiting = job_waiting();
	job_launch_missing();
	PG_RETURN_INT32(waiting);
}

/* (run, state) */
Datum
sage_run_state_now(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(job_state_now(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1)))));
}

/* (state, reason): why a run waits, or what its row says. */
Datum
sage_run_reason(PG_FUNCTION_ARGS)
{
	char	   *state = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (strcmp(state, "queued") == 0 && !RecoveryInProgress())
	{
		int			held = job_slots_held();

		PG_RETURN_TEXT_P(cstring_to_text(guc_max_workers == 0 ? "sage.max_workers is 0" :
										 held >= guc_max_workers ?
										 psprintf("waits for its turn: %d of sage.max_workers = %d are at work",
												  held, guc_max_workers) :
										 "waits for a free background worker (max_worker_processes)"));
	}
	if (strcmp(state, "interrupted") == 0 && PG_ARGISNULL(1))
		PG_RETURN_TEXT_P(cstring_to_text("its process is gone; it goes on with the next worker, or with sage_resume()"));
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}

/* ------------------------------------------------------------------------
 * Progress
 * ------------------------------------------------------------------------
 */

typedef struct ProgressRow
{
	Oid			owner;
	HeapTuple	tuple;
} ProgressRow;

typedef struct ProgressRows
{
	TupleDesc	desc;
	List	   *rows;
} ProgressRows;

static void
progress_row(void *arg, Datum *values, bool *nulls)
{
	ProgressRows *rows = arg;
	ProgressRow *row = palloc(sizeof(ProgressRow));

	row->owner = DatumGetObjectId(values[0]);
	row->tuple = heap_form_tuple(rows->desc, values + 1, nulls + 1);
	rows->rows = lappend(rows->rows, row);
}

/* Who may see a run is asked after the query, which runs as the catalog's owner. */
Datum
sage_list_progress(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ProgressRows rows = {0};
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	rows.desc = rsinfo->setDesc;
	query_catalog(progress_sql, 0, NULL, NULL, NULL, progress_row, &rows);
	foreach(lc, rows.rows)
	{
		ProgressRow *row = lfirst(lc);

		if (model_catalog_allowed(row->owner, NIL, MODEL_OWN))
			tuplestore_puttuple(rsinfo->setResult, row->tuple);
	}
	return (Datum) 0;
}
