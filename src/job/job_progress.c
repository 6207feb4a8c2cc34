/*
 * job_progress.c
 *		What a worker is doing, for other sessions to see.
 *
 * It changes too often for a row, so it is the worker's activity, as
 * pg_stat_activity shows it: people can read it there, and the view
 * sage.progress takes it apart.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "pgstat.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "job/job_progress.h"

/* Seconds between two changes. */
#define INTERVAL	0.4

static const char *const phase_names[] = {
	[PHASE_LOADING] = "loading", [PHASE_TRAINING] = "training", [PHASE_REFIT] = "refit",
	[PHASE_BASELINE] = "baseline", [PHASE_EVALUATING] = "evaluating", [PHASE_STORING] = "storing"
};

#define FIELD(pattern, type) "pg_catalog.substring(a.query, '" pattern "')::pg_catalog." type

const char progress_sql[] =
"SELECT r.owned_by, r.run, r.model, r.attempt, a.pid,"
" " FIELD("^sage: run [0-9]+, ([a-z]+)", "text") ","
" " FIELD("epoch ([0-9]+) of", "int4") ","
" " FIELD("epoch [0-9]+ of ([0-9]+)", "int4") ","
" " FIELD("batch ([0-9]+) of", "int8") ","
" " FIELD("batch [0-9]+ of ([0-9]+)", "int8") ","
" " FIELD(", loss ([^ ,]+)", "float8") ","
" " FIELD(", loss [^ ,]+, ([a-z][a-z_0-9]*) ", "text") ","
" " FIELD(", loss [^ ,]+, [a-z][a-z_0-9]* ([^ ,]+)", "float8") ","
" " FIELD("([0-9]+) rows/s", "float8") ","
" " FIELD("([0-9]+) bytes", "int8") ","
" " FIELD("([0-9.]+) s(,|$)", "float8") ","
" " FIELD("([0-9.]+) s left", "float8")
" FROM pg_catalog.pg_stat_get_activity(NULL) a JOIN sage.run r"
" ON r.run = " FIELD("^sage: run ([0-9]+),", "int8")
" WHERE a.backend_type = 'sage worker' AND r.state = 'running'"
" AND a.datid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())"
" ORDER BY r.run";

void
progress_begin(JobProgress *progress, int64 run, MemoryContext cxt)
{
	memset(progress, 0, sizeof(JobProgress));
	progress->run = run;
	progress->cxt = cxt;
	SetConfigOption("application_name", psprintf("sage run " INT64_FORMAT, run), PGC_USERSET, PGC_S_SESSION);
	progress_phase(progress, PHASE_LOADING);
}

/* A phase that has no epochs. */
void
progress_phase(JobProgress *progress, TrainPhase phase)
{
	char		text[128];

	progress->phase = phase;
	snprintf(text, sizeof(text), "sage: run " INT64_FORMAT ", %s", progress->run, phase_names[phase]);
	pgstat_report_activity(STATE_RUNNING, text);
}

/*
 * Where the training stands.  What is left is told of the phase, from the
 * pace of this process; early stopping may make it shorter.
 */
void
progress_report(JobProgress *progress, const ProgressReport *report)
{
	StringInfoData text;
	double		batches = report->epoch_ended ? report->batches : report->batch;
	double		done = report->epoch - 1 + batches / report->batches;
	double		elapsed;

	if (progress->phase != report->phase)
	{
		progress->phase = report->phase;
		progress->phase_began = report->seconds;
		progress->phase_done = done;
	}
	else if (report->seconds - progress->shown < INTERVAL)
		return;
	progress->shown = report->seconds;
	elapsed = report->seconds - progress->phase_began;
	done -= progress->phase_done;

	initStringInfo(&text);
	appendStringInfo(&text, "sage: run " INT64_FORMAT ", %s, epoch %d of %d, batch " INT64_FORMAT " of " INT64_FORMAT
					 ", loss %.6g", progress->run, phase_names[report->phase], report->epoch, report->epochs,
					 (int64) batches, report->batches, report->loss);
	if (isfinite(report->validation))
		appendStringInfo(&text, ", %s %.6g", report->metric, report->validation);
	if (elapsed > 0)
		appendStringInfo(&text, ", %.0f rows/s", done * report->rows / elapsed);
	appendStringInfo(&text, ", %zu bytes, %.1f s", MemoryContextMemAllocated(progress->cxt, true), report->seconds);
	if (elapsed > 0 && done > 0)
		appendStringInfo(&text, ", %.1f s left",
						 elapsed / done * (report->epochs - progress->phase_done - done));
	pgstat_report_activity(STATE_RUNNING, text.data);
	pfree(text.data);
}

void
progress_end(void)
{
	SetConfigOption("application_name", "sage worker", PGC_USERSET, PGC_S_SESSION);
	pgstat_report_activity(STATE_IDLE, NULL);
}
