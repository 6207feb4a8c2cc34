/*
 * train_api.c
 *		sage_train: arguments in, a version and its figures out.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "api/arguments.h"
#include "api/train_api.h"
#include "sage.h"
#include "train/train_options.h"
#include "train/train_save.h"

SAGE_FUNCTION(sage_train);
SAGE_FUNCTION(sage_list_options);

/* ------------------------------------------------------------------------
 * Arguments
 * ------------------------------------------------------------------------
 */

/* The arguments of sage_train and sage_train_async, checked and completed. */
void
train_api_arguments(FunctionCallInfo fcinfo, TrainArguments *args)
{
	args->model = arg_text(fcinfo, 0);
	args->graph = arg_text(fcinfo, 1);
	args->target = arg_text(fcinfo, 2);
	args->labels = arg_text(fcinfo, 3);
	args->node_type = arg_text(fcinfo, 4);
	args->task = arg_text(fcinfo, 5);
	args->options = PG_ARGISNULL(6) ? NULL : PG_GETARG_JSONB_P(6);
	train_arguments_complete(args);
}

/* ------------------------------------------------------------------------
 * Speaking
 * ------------------------------------------------------------------------
 */

typedef struct Speaker
{
	double		last;			/* seconds at which it last spoke */
	TrainPhase	phase;
	double		phase_began;	/* in seconds, too */
} Speaker;

/* An INFO line about once a second. */
static void
speak(void *arg, const ProgressReport *report)
{
	static const char *const phase_names[] = {
		[PHASE_TRAINING] = "", [PHASE_REFIT] = "all labels, ", [PHASE_BASELINE] = "baseline, "
	};
	Speaker    *speaker = arg;
	char		validation[64] = "";
	char		batch[64] = "";
	double		done;

	if (report->phase == PHASE_EVALUATING)
		return;
	if (speaker->phase != report->phase)
	{
		speaker->phase = report->phase;
		speaker->phase_began = report->seconds;
	}
	if (report->seconds - speaker->last < 1.0)
		return;
	speaker->last = report->seconds;
	if (isfinite(report->validation))
		snprintf(validation, sizeof(validation), ", %s %.4f", report->metric, report->validation);
	if (!report->epoch_ended)
		snprintf(batch, sizeof(batch), ", batch %lld of %lld", (long long) report->batch, (long long) report->batches);
	done = (report->epoch - (report->epoch_ended ? 0 : 1.0 - (double) report->batch / report->batches)) / report->epochs;
	ereport(INFO,
			(errmsg("%sepoch %d of at most %d%s: loss %.4f%s; %.0f s, at most %.0f s more",
					phase_names[report->phase], report->epoch, report->epochs, batch, report->loss, validation,
					report->seconds, (report->seconds - speaker->phase_began) * (1 - done) / done)));
}

/* What the model has to beat. */
static void
speak_of_baselines(const TrainResult *result)
{
	bool		tested = isfinite(result->fit.test);
	double		figure = tested ? result->fit.test : result->fit.validation;
	double		aggregate = tested ? result->aggregate.test : result->aggregate.validation;
	StringInfoData text;

	if (!isfinite(figure))
		return;
	initStringInfo(&text);
	appendStringInfo(&text, "%s on the %s labels: %.4f; without neighbors %.4f", metric_names[result->metric],
					 tested ? "test" : "validation", figure, train_baseline_figure(result));
	if (isfinite(aggregate))
		appendStringInfo(&text, "; %s alone %.4f", result->aggregate.name, aggregate);
	ereport(INFO, (errmsg_internal("%s", text.data)));
}

/* ------------------------------------------------------------------------
 * The functions
 * ------------------------------------------------------------------------
 */

/* One row: version, epochs, best_epoch, metric, validation, test, baseline, seconds. */
static void
return_result(ReturnSetInfo *rsinfo, int version, const TrainResult *result)
{
	double		figures[] = {result->fit.validation, result->fit.test, train_baseline_figure(result), result->seconds};
	Datum		values[8];
	bool		nulls[8] = {0};

	values[0] = Int32GetDatum(version);
	values[1] = Int32GetDatum(result->fit.epochs);
	values[2] = Int32GetDatum(result->fit.best_epoch);
	values[3] = CStringGetTextDatum(metric_names[result->metric]);
	for (int i = 0; i < 4; i++)
	{
		values[4 + i] = Float8GetDatum(figures[i]);
		nulls[4 + i] = !isfinite(figures[i]);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
sage_train(PG_FUNCTION_ARGS)
{
	TrainArguments args;
	TrainRequest request;
	TrainResult *result;
	Speaker		speaker = {0};
	Progress	progress = {.report = speak, .arg = &speaker};
	TimestampTz started = GetCurrentTimestamp();
	MemoryContext training,
				old;
	int			version;

	InitMaterializedSRF(fcinfo, 0);
	PreventCommandIfReadOnly("sage_train()");
	training = AllocSetContextCreate(CurrentMemoryContext, "sage training", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(training);

	train_api_arguments(fcinfo, &args);
	request = train_request_make(&args);
	request.progress = request.options.quiet ? NULL : &progress;
	result = train_learn(train_load(&request));
	if (!request.options.quiet)
		speak_of_baselines(result);
	train_notice_left_out(result);
	version = train_save(&args, result, 0, started);

	MemoryContextSwitchTo(old);
	return_result((ReturnSetInfo *) fcinfo->resultinfo, version, result);
	MemoryContextDelete(training);
	return (Datum) 0;
}

static void
option_row(void *arg, const OptionInfo *info)
{
	ReturnSetInfo *rsinfo = arg;
	const char *texts[] = {info->name, info->type, info->value, info->range, info->description};
	Datum		values[5];
	bool		nulls[5];

	for (int i = 0; i < 5; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
sage_list_options(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	train_options_rows(option_row, fcinfo->resultinfo);
	return (Datum) 0;
}
