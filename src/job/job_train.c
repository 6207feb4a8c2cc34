/*
 * job_train.c
 *		One run, from its row to a version of the model.
 *
 * Three steps.  In one transaction, with one snapshot, everything is read.
 * Then the training computes, with no transaction open, so that nothing is
 * held back; each epoch leaves what is needed to go on after a crash, and
 * commits a row of its own.  A last transaction stores the version and ends
 * the run.
 *
 * The worker is the submitting role: it is session user and current user, and
 * while tables and the labels query are read, SET ROLE and the like are
 * barred as they are in a security-restricted operation, because the process
 * itself was started as a superuser.  The query runs with the settings that
 * it was submitted with; at all other times the search path is empty of
 * anything but pg_catalog.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/query.h"
#include "base/query_args.h"
#include "base/role.h"
#include "job/job_message.h"
#include "job/job_progress.h"
#include "job/job_state.h"
#include "job/job_train.h"
#include "train/train_save.h"

/* Seconds between two states that are forced to the disk at the least, and their share of the time at the most. */
#define SYNC_INTERVAL	0.5
#define SYNC_SHARE		0.1

/* Seconds between two looks at whether what is trained on is still there. */
#define CHECK_INTERVAL	1.0

/* Epochs shorter than this (seconds) do not wait for the disk. */
#define SHORT_EPOCH		0.1

/* A run while it is trained. */
typedef struct Job
{
	const JobRow *row;
	const Graph *graph;			/* as it was loaded */
	Oid			role;
	MemoryContext cxt;
	JobProgress shown;
	uint64		fingerprint;
	JobStateFiles files;
	bool		unsaved;		/* the last state could not be written */
	double		synced_at;		/* seconds, as those that follow */
	double		sync_cost;
	double		checked_at;
} Job;

static double
seconds_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_DOUBLE(now);
}

/* A transaction with a snapshot; the memory context stays what it is. */
void
job_begin(void)
{
	MemoryContext old = CurrentMemoryContext;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(old);
}

void
job_commit(void)
{
	MemoryContext old = CurrentMemoryContext;

	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(old);
}

/* ------------------------------------------------------------------------
 * Epochs
 * ------------------------------------------------------------------------
 */

SAGE_NORETURN static void
job_vanished(const Job *job)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("run " INT64_FORMAT " is no longer there", job->row->run)));
}

/* What the run is about may have been dropped while it trains. */
static void
check_world(Job *job)
{
	if (!role_exists(job->role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the role that trains was dropped")));
	graph_check_same(job->graph, graph_load(job->row->graph)->id);
}

static void
report(void *arg, const ProgressReport *report)
{
	JobProgress *shown = &((Job *) arg)->shown;

	/* a server whose parent is gone cannot be started again before its processes are */
	if (!PostmasterIsAlive())
		proc_exit(1);
	if (report->phase != PHASE_EVALUATING)
		progress_report(shown, report);
	else
		progress_phase(shown, PHASE_EVALUATING);
}

/*
 * Writes down where the training stands.  A disk that is full is no reason to
 * give up: it is said once.
 */
static void
save_state(Job *job, const EpochEnd *end, bool sync)
{
	double		begin = seconds_now();

	if (job->unsaved && !sync)
		return;
	job->unsaved = !job_state_save(&job->files, job->row->run, job->fingerprint, end, sync);
	if (sync)
	{
		job->synced_at = seconds_now();
		job->sync_cost = job->synced_at - begin;
	}
}

/*
 * An epoch has ended: where the training stands, then its row, so that of an
 * epoch that can be seen nothing is lost.  A short one does not wait for the
 * disk; should its row be lost with the server, train_save writes it again.
 */
static void
epoch(void *arg, const EpochEnd *end)
{
	Job		   *job = arg;
	double		now = seconds_now();
	bool		sync = now - job->synced_at >= Max(SYNC_INTERVAL, job->sync_cost / SYNC_SHARE);
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "sage epoch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);

	job_begin();
	if (end->row.seconds < SHORT_EPOCH)
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
								 false);
	if (!job_row_hold(job->row->run))
		job_vanished(job);
	save_state(job, end, sync);
	if (end->phase != PHASE_REFIT)
		train_save_epoch(job->row->run, end->phase == PHASE_BASELINE, &end->row);
	if (now - job->checked_at >= CHECK_INTERVAL)
	{
		check_world(job);
		job->checked_at = now;
	}
	job_commit();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
}

/* ------------------------------------------------------------------------
 * Loading
 * ------------------------------------------------------------------------
 */

/* The settings that the run was submitted with; the search path only while path is true. */
static void
apply_settings(Jsonb *settings, bool path)
{
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;
	char	   *name = NULL;

	if (settings == NULL)
		return;
	iterator = JsonbIteratorInit(&settings->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE && value.type == jbvString && (path == (strcmp(name, "search_path") == 0)))
			(void) set_config_option(name, pnstrdup(value.val.string.val, value.val.string.len),
									 PGC_USERSET, PGC_S_SESSION, path ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0,
									 false);
	}
}

/* From where a run that was interrupted goes on, for its row. */
static const char *
resumed_reason(const JobRow *row, const JobState *state, bool epochs)
{
	static const char *const of_phase[] = {[PHASE_REFIT] = " of the refit", [PHASE_BASELINE] = " of the baseline"};

	if (state->io == NULL)
		return psprintf("attempt %d begins anew, because %s", row->attempt,
						state->changed ? "the data has changed since the one before" :
						epochs ? "this server does not have what the one before left" :
						"the one before had not ended an epoch");
	return psprintf("attempt %d goes on after epoch %d%s, where the one before was interrupted", row->attempt, state->epoch,
					state->phase == PHASE_TRAINING ? "" : of_phase[state->phase]);
}

/* Takes up what an earlier attempt left, or begins anew and says so. */
static void
resume(Job *job, Training *training)
{
	const JobRow *row = job->row;
	JobState	state;
	int64		epochs = 0;

	job->fingerprint = train_fingerprint(training);
	state = job_state_open(&job->files, row->run, job->fingerprint);
	training->trainer.resume = state.io;
	if (state.io == NULL)
	{
		QueryArgs	args = {0};

		args_add_bigint(&args, row->run);
		epochs = query_catalog_write("DELETE FROM sage.epoch WHERE run = $1", args.count, args.types, args.values,
									 args.nulls, NULL, NULL);
		job_state_forget(row->run);
	}
	if (row->attempt > 1)
		job_resumed(row->run, resumed_reason(row, &state, epochs > 0));
}

/*
 * Everything is read by the submitting role, in one transaction and with one
 * snapshot.
 */
static Training *
load(Job *job, TrainArguments *args, const Progress *progress)
{
	Training   *training;
	TrainRequest *request = palloc(sizeof(TrainRequest));
	Oid			user;
	int			context;

	job_begin();
	apply_settings(job->row->settings, false);
	apply_settings(job->row->settings, true);
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	train_arguments_complete(args);
	*request = train_request_make(args);
	request->options.quiet = true;
	request->progress = progress;
	training = train_load(request);
	job->graph = request->graph;
	SetUserIdAndSecContext(user, context);
	resume(job, training);
	messages_store(job->row->run);
	job_commit();
	return training;
}

/* ------------------------------------------------------------------------
 * The run
 * ------------------------------------------------------------------------
 */

/* The role's number; the caller's transaction ends before it becomes the session's. */
static void
become_owner(Job *job)
{
	bool		super;

	job_begin();
	job->role = job->row->owner;
	if (!role_exists(job->role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the role that submitted the run was dropped")));
	super = superuser_arg(job->role);
	job_commit();
	SetSessionAuthorization(job->role, super);
}

static void
json_number(StringInfo json, const char *name, double value)
{
	if (isfinite(value))
		appendStringInfo(json, ", \"%s\": %.17g", name, value);
}

/* What sage_train would have returned. */
static char *
result_json(int version, const TrainResult *result)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"version\": %d, \"epochs\": %d, \"best_epoch\": %d, \"metric\": \"%s\"", version,
					 result->fit.epochs, result->fit.best_epoch, metric_names[result->metric]);
	json_number(&json, "validation", result->fit.validation);
	json_number(&json, "test", result->fit.test);
	json_number(&json, "baseline", train_baseline_figure(result));
	json_number(&json, "seconds", result->seconds);
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* The version and the end of the run are stored together or not at all. */
static void
store(Job *job, const TrainArguments *args, const TrainResult *result)
{
	int			version;

	progress_phase(&job->shown, PHASE_STORING);
	job_begin();
	check_world(job);
	train_notice_left_out(result);
	version = train_save(args, result, job->row->run, 0);
	messages_store(job->row->run);	/* not earlier: while train_save waits for locks a cancel needs the row */
	if (!job_done(job->row->run, version, result_json(version, result)))
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("run " INT64_FORMAT " was canceled", job->row->run)));
	job_commit();
}

/*
 * Trains a run that is ours.  Works in a context of its own, below
 * CurrentMemoryContext.  No transaction is open before and after it; after an
 * error there may be one, and the session may still be the role's.
 */
void
job_train(const JobRow *row)
{
	Job			job = {.row = row};
	Progress	progress = {.report = report, .epoch = epoch, .arg = &job};
	TrainArguments args = {.model = row->model, .graph = row->graph};
	MemoryContext old;
	Training   *training;

	job.cxt = AllocSetContextCreate(CurrentMemoryContext, "sage training", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(job.cxt);
	job.checked_at = seconds_now();
	become_owner(&job);
	progress_begin(&job.shown, row->run, job.cxt);
	train_arguments_read(row->request, &args);
	training = load(&job, &args, &progress);
	store(&job, &args, train_learn(training));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(job.cxt);
}
