/*
 * job_queue.c
 *		The rows of sage.run, from "queued" to their end.
 *
 * The row is the truth about a run:
 *
 *		queued -> running -> done | failed | canceled
 *		queued -> canceled
 *
 * Workers take rows in the order of their numbers.  Before a run is begun
 * "running, attempt n" is committed; every end replaces it.  What says
 * "running" and has no process (job_lock.c) was interrupted, and is taken
 * again as if it were queued, up to sage.max_attempts times.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/snapmgr.h"

#include "base/guc.h"
#include "base/query.h"
#include "base/query_args.h"
#include "job/job_lock.h"
#include "job/job_queue.h"

/* What the reading of tables and of the labels query may depend on. */
static const char *const kept_settings[] = {
	"search_path", "DateStyle", "IntervalStyle", "TimeZone", "row_security", "sage.max_memory", "sage.max_model_size",
	"sage.threads"
};

#define ROW_SQL "SELECT run, model, graph, owned_by, state, attempt, cancel_requested, request, settings" \
	" FROM sage.run WHERE run = $1"

static int64
queue_write(const char *sql, const QueryArgs *args, QueryRow row, void *arg)
{
	return query_catalog_write(sql, args->count, args->types, args->values, args->nulls, row, arg);
}

static void
number_row(void *arg, Datum *values, bool *nulls)
{
	*(int64 *) arg = DatumGetInt64(values[0]);
}

static char *
settings_json(void)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (int i = 0; i < lengthof(kept_settings); i++)
	{
		if (i > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, kept_settings[i]);
		appendStringInfoString(&json, ": ");
		escape_json(&json, GetConfigOptionByName(kept_settings[i], NULL, false));
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* Adds a run of the current user to the queue; its number. */
int64
job_submit(const TrainArguments *args)
{
	QueryArgs	row = {0};
	int64		run = 0;

	args_add_text(&row, args->model);
	args_add_text(&row, args->graph);
	args_add_text(&row, GetUserNameFromId(GetUserId(), false));
	args_add_text(&row, train_arguments_write(args, true));
	args_add_text(&row, settings_json());
	queue_write("INSERT INTO sage.run (model, graph, owned_by, state, request, settings)"
				" VALUES ($1, $2, $3::sage.role, 'queued', $4::jsonb, $5::jsonb) RETURNING run", &row, number_row, &run);
	return run;
}

static void
job_row_read(void *arg, Datum *values, bool *nulls)
{
	JobRow	  **result = arg;
	JobRow	   *row = palloc0(sizeof(JobRow));

	row->run = DatumGetInt64(values[0]);
	row->model = datum_text(values[1], nulls[1]);
	row->graph = datum_text(values[2], nulls[2]);
	row->owner = DatumGetObjectId(values[3]);
	row->state = datum_text(values[4], nulls[4]);
	row->attempt = DatumGetInt32(values[5]);
	row->cancel_requested = DatumGetBool(values[6]);
	row->background = !nulls[7];
	row->request = nulls[7] ? NULL : (Jsonb *) PG_DETOAST_DATUM_COPY(values[7]);
	row->settings = nulls[8] ? NULL : (Jsonb *) PG_DETOAST_DATUM_COPY(values[8]);
	*result = row;
}

/* The row as it is committed now, whatever the transaction's snapshot sees. */
JobRow *
job_row(int64 run)
{
	QueryArgs	args = {0};
	JobRow	   *row = NULL;

	args_add_bigint(&args, run);
	PushActiveSnapshot(GetLatestSnapshot());
	query_catalog(ROW_SQL, args.count, args.types, args.values, args.nulls, job_row_read, &row);
	PopActiveSnapshot();
	return row;
}

/*
 * The row, locked to the end of the transaction.  NULL: there is none or, if
 * we are not to wait, another transaction has it.
 */
JobRow *
job_row_lock(int64 run, bool wait)
{
	QueryArgs	args = {0};
	JobRow	   *row = NULL;

	args_add_bigint(&args, run);
	queue_write(wait ? ROW_SQL " FOR NO KEY UPDATE" : ROW_SQL " FOR NO KEY UPDATE SKIP LOCKED", &args, job_row_read, &row);
	return row;
}

/* Keeps the row from being deleted in this transaction; false if it is gone. */
bool
job_row_hold(int64 run)
{
	QueryArgs	args = {0};

	args_add_bigint(&args, run);
	return queue_write("SELECT 1 FROM sage.run WHERE run = $1 FOR KEY SHARE", &args, NULL, NULL) == 1;
}

/* Whether a run of the background has not ended yet, nor was dropped. */
bool
job_is_open(int64 run)
{
	JobRow	   *row = OidIsValid(get_extension_oid("sage", true)) ? job_row(run) : NULL;

	return row != NULL && row->background &&
		(strcmp(row->state, "queued") == 0 || strcmp(row->state, "running") == 0);
}

/*
 * A run's state: "interrupted" where the row says "running" and nobody works
 * on it.  The lock is given back after the row is written, so a free lock
 * proves nothing about an older row.  A standby does not know who works on
 * its primary: it shows the row as it is.
 */
const char *
job_state_now(int64 run, const char *state)
{
	JobRow	   *row;

	if (strcmp(state, "running") != 0 || RecoveryInProgress() || job_run_pid(run) != 0)
		return state;
	row = job_row(run);
	if (row == NULL)
		return state;
	if (strcmp(row->state, "running") != 0 || job_run_pid(run) != 0)
		return row->state;
	return "interrupted";
}

static void
open_row(void *arg, Datum *values, bool *nulls)
{
	List	  **runs = arg;
	int64	   *run = palloc(sizeof(int64));

	*run = DatumGetInt64(values[0]);
	*runs = lappend(*runs, run);
}

static List *
open_runs(void)
{
	List	   *runs = NIL;

	PushActiveSnapshot(GetLatestSnapshot());
	query_catalog("SELECT run FROM sage.run WHERE state IN ('queued', 'running') AND request IS NOT NULL ORDER BY run",
				  0, NULL, NULL, NULL, open_row, &runs);
	PopActiveSnapshot();
	return runs;
}

/* How many runs have nobody who works on them, and should have. */
int
job_waiting(void)
{
	List	   *runs = open_runs();
	ListCell   *lc;
	int			count = 0;

	foreach(lc, runs)
		count += job_run_pid(*(int64 *) lfirst(lc)) == 0;
	return count;
}

/* Whether a run that is ours now is to be begun; otherwise its end is written. */
static bool
claim_accepts(const JobRow *row)
{
	JobEnd		end = {0};

	if (row->cancel_requested)
		end.state = "canceled";
	else if (row->attempt >= guc_max_attempts)
	{
		end.state = "failed";
		end.error = psprintf("run was interrupted %d times", row->attempt);
		end.sqlstate = "57P02";
		end.hint = "The server's log says why. sage.max_attempts limits how often a run is resumed.";
	}
	else
		return true;
	job_finish(row->run, &end);
	return false;
}

/*
 * Takes the first run that waits: the transaction that calls this commits it
 * as "running".  NULL: there is none.
 */
JobRow *
job_claim(void)
{
	List	   *runs = open_runs();
	ListCell   *lc;

	foreach(lc, runs)
	{
		int64		run = *(int64 *) lfirst(lc);
		JobRow	   *row;

		if (!job_lock_run(run))
			continue;
		row = job_row_lock(run, false);
		if (row != NULL && (strcmp(row->state, "queued") == 0 || strcmp(row->state, "running") == 0) &&
			claim_accepts(row))
		{
			QueryArgs	args = {0};

			args_add_bigint(&args, run);
			queue_write("UPDATE sage.run SET state = 'running', attempt = attempt + 1,"
						" started = coalesce(started, clock_timestamp()), reason = NULL WHERE run = $1",
						&args, NULL, NULL);
			row->attempt++;
			return row;
		}
		job_unlock_run(run);
	}
	return NULL;
}

/* Says in the row from where the run goes on. */
void
job_resumed(int64 run, const char *reason)
{
	QueryArgs	args = {0};

	args_add_bigint(&args, run);
	args_add_text(&args, reason);
	queue_write("UPDATE sage.run SET reason = $2 WHERE run = $1", &args, NULL, NULL);
}

/* Ends a run, or (if it is still "running") says why its process goes. */
void
job_finish(int64 run, const JobEnd *end)
{
	QueryArgs	args = {0};

	args_add_bigint(&args, run);
	args_add_text(&args, end->state);
	args_add_text(&args, end->error);
	args_add_text(&args, end->sqlstate);
	args_add_text(&args, end->detail);
	args_add_text(&args, end->hint);
	args_add_text(&args, end->reason);
	queue_write("UPDATE sage.run SET state = $2, error = $3, sqlstate = $4, detail = $5, hint = $6, reason = $7,"
				" ended = CASE WHEN $2 <> 'running' THEN clock_timestamp() END WHERE run = $1", &args, NULL, NULL);
}

/* False if the run is to be canceled, or is no longer there: then nothing may stay. */
bool
job_done(int64 run, int version, const char *result)
{
	QueryArgs	args = {0};

	args_add_bigint(&args, run);
	args_add_int(&args, version);
	args_add_text(&args, result);
	return queue_write("UPDATE sage.run SET state = 'done', version = $2, result = $3::jsonb,"
					   " ended = clock_timestamp() WHERE run = $1 AND NOT cancel_requested",
					   &args, NULL, NULL) == 1;
}

void
job_request_cancel(int64 run)
{
	QueryArgs	args = {0};

	args_add_bigint(&args, run);
	queue_write("UPDATE sage.run SET cancel_requested = true WHERE run = $1", &args, NULL, NULL);
}

/*
 * Gives the ended runs of a role, or of ROLE_NONE, to another; by their names.
 * Others run with the rights of who submitted them: nobody may choose a query
 * that is run with another role's.
 */
void
job_reassign(const char *from, const char *to)
{
	QueryArgs	args = {0};

	args_add_text(&args, from);
	args_add_text(&args, to);
	queue_write("UPDATE sage.run SET owned_by = $2::sage.role"
				" WHERE owned_by::text = $1 AND state NOT IN ('queued', 'running')", &args, NULL, NULL);
}
