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
#include "base/query_args.h"
#include "model/model_catalog.h"
#include "model/model_store.h"
#include "sage.h"
#include "train/train.h"

SAGE_FUNCTION(sage_train);
SAGE_FUNCTION(sage_list_options);

/* sage_train's arguments, as text; NULL: not given. */
typedef struct TrainArguments
{
	char	   *model;
	char	   *graph;
	char	   *target;
	char	   *labels;
	char	   *node_type;
	char	   *task;
	Jsonb	   *options;
} TrainArguments;

/* ------------------------------------------------------------------------
 * Arguments
 * ------------------------------------------------------------------------
 */

static void
name_row(void *arg, Datum *values, bool *nulls)
{
	List	  **names = arg;

	*names = lappend(*names, datum_text(values[0], nulls[0]));
}

/* The graph where none is named: the model's own, else the only one. */
static char *
default_graph(const char *model)
{
	ModelEntry *entry = model_catalog_find(NULL, model);
	List	   *names = NIL;

	if (entry != NULL)
		return entry->graph;
	query_catalog("SELECT graph FROM sage.graph ORDER BY graph", 0, NULL, NULL, NULL, name_row, &names);
	if (names == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no graph"),
				 errhint("Define one with sage_create_graph.")));
	if (list_length(names) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("there are several graphs, and none is named"),
				 errhint("Give graph =>; see sage.graphs.")));
	return linitial(names);
}

/* A text member of the stored request; NULL: not there. */
static char *
request_text(Jsonb *request, const char *name)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&request->root, name, strlen(name), NULL);

	return value == NULL || value->type != jbvString ? NULL : pnstrdup(value->val.string.val, value->val.string.len);
}

/*
 * Training again without saying on what: as the deployed version was, with
 * the given options over the old ones.
 */
static void
arguments_from_version(TrainArguments *args)
{
	ModelEntry *entry = model_catalog_find(NULL, args->model);
	ModelVersion *version;
	JsonbValue *options;

	if (entry == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("neither target nor labels is given"),
				 errhint("Name a column with target =>, or give a query with labels =>.")));
	model_catalog_check(entry, MODEL_OWN);
	version = model_catalog_version(args->model, 0);
	args->target = request_text(version->request, "target");
	args->labels = request_text(version->request, "labels");
	if (args->node_type == NULL)
		args->node_type = request_text(version->request, "node_type");
	if (args->node_type == NULL)
		args->node_type = request_text(version->spec, "node_type");
	if (args->task == NULL)
		args->task = request_text(version->request, "task");
	options = getKeyJsonValueFromContainer(&version->request->root, "options", 7, NULL);
	if (options != NULL && options->type == jbvBinary)
		args->options = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
														   JsonbPGetDatum(JsonbValueToJsonb(options)),
														   JsonbPGetDatum(args->options)));
	if (args->labels != NULL && !model_catalog_query_is_own(version))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("labels query of model \"%s\" is not run for others", args->model),
				 errdetail("It was written by role \"%s\", and would run with your rights.", version->trained_by),
				 errhint("Give labels => with a query of your own.")));
	if (args->target == NULL && args->labels == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("version %d of model \"%s\" does not say what it was trained on", version->version, args->model),
				 errhint("Name a column with target =>, or give a query with labels =>.")));
}

static void
read_arguments(FunctionCallInfo fcinfo, TrainArguments *args)
{
	args->model = arg_text(fcinfo, 0);
	args->graph = arg_text(fcinfo, 1);
	args->target = arg_text(fcinfo, 2);
	args->labels = arg_text(fcinfo, 3);
	args->node_type = arg_text(fcinfo, 4);
	args->task = arg_text(fcinfo, 5);
	args->options = PG_ARGISNULL(6) ? DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"))) :
		PG_GETARG_JSONB_P(6);
	if (args->model == NULL || args->model[0] == '\0' || strlen(args->model) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(args->model == NULL ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_INVALID_NAME),
				 errmsg("model must have a name of 1 to %d bytes", NAMEDATALEN - 1)));
	if (args->target != NULL && args->labels != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target and labels cannot both be given"),
				 errhint("Use target for a column, or labels for a query.")));
	if (args->graph == NULL)
		args->graph = default_graph(args->model);
	if (args->target == NULL && args->labels == NULL)
	{
		ModelOptions ignored;

		model_options_read(args->options, &ignored);
		arguments_from_version(args);
	}
}

/* A model of that name must be the caller's, and of that graph. */
static void
check_model(const TrainArguments *args)
{
	ModelEntry *entry = model_catalog_find(NULL, args->model);

	if (entry == NULL)
		return;
	model_catalog_check(entry, MODEL_OWN);
	if (strcmp(entry->graph, args->graph) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("model \"%s\" already exists for graph \"%s\"", args->model, entry->graph),
				 errhint("Choose another name, or drop it with sage_drop_model.")));
}

static TrainRequest
make_request(const TrainArguments *args)
{
	TrainRequest request = {0};
	Graph	   *graph = graph_load(args->graph);

	model_options_read(args->options, &request.options);
	request.graph = graph;
	request.node_type = -1;
	if (args->node_type != NULL)
	{
		request.node_type = graph_find_node_type(request.graph, args->node_type);
		if (request.node_type < 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("graph \"%s\" has no node type \"%s\"", args->graph, args->node_type),
					 errhint("See sage.node_types.")));
	}
	if (request.graph->nnode_types == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("graph \"%s\" has no nodes", args->graph),
				 errhint("Add a node table with sage_add_nodes.")));
	request.source.task = args->task;
	if (args->target != NULL)
		request.source.column = target_column(request.graph, args->target, &request.node_type);
	else
	{
		request.source.query = args->labels;
		if (request.node_type < 0 && request.graph->nnode_types > 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("graph \"%s\" has several node types, and node_type does not say which the labels are of",
							args->graph),
					 errhint("Give node_type =>; see sage.node_types.")));
		request.node_type = Max(request.node_type, 0);
	}
	train_exclude(graph, request.node_type, request.options.exclude);
	return request;
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

/* ------------------------------------------------------------------------
 * Keeping the result
 * ------------------------------------------------------------------------
 */

static void
json_text(StringInfo json, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (json->data[json->len - 1] != '{')
		appendStringInfoString(json, ", ");
	escape_json(json, name);
	appendStringInfoString(json, ": ");
	escape_json(json, value);
}

/* An option that is about one training only, and not to be repeated. */
static Jsonb *
without_option(Jsonb *options, const char *name)
{
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(options), CStringGetTextDatum(name)));
}

/* What was asked for, so that it can be asked for again. */
static char *
request_json(const TrainArguments *args)
{
	Jsonb	   *options = without_option(without_option(args->options, "quiet"), "deploy");
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	json_text(&json, "target", args->target);
	json_text(&json, "labels", args->labels);
	json_text(&json, "node_type", args->node_type);
	json_text(&json, "task", args->task);
	appendStringInfo(&json, "%s\"options\": %s}", json.len > 1 ? ", " : "",
					 JsonbToCString(NULL, &options->root, VARSIZE(options)));
	return json.data;
}

/* Class counts by side of the split, and the baseline's figures. */
static char *
metrics_json(const TrainResult *result)
{
	const Labels *labels = result->labels;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"train\": " INT64_FORMAT ", \"validation\": " INT64_FORMAT ", \"test\": " INT64_FORMAT,
					 labels->counts[SPLIT_TRAIN], labels->counts[SPLIT_VALIDATION], labels->counts[SPLIT_TEST]);
	if (isfinite(result->baseline.validation))
		appendStringInfo(&json, ", \"baseline_validation\": %.17g", result->baseline.validation);
	if (isfinite(result->baseline.test))
		appendStringInfo(&json, ", \"baseline_test\": %.17g", result->baseline.test);
	if (labels->classes != NULL)
	{
		int64	   *counts = palloc0(labels->nclasses * sizeof(int64));

		for (int64 i = 0; i < labels->n; i++)
			counts[labels->classes[i]]++;
		appendStringInfoString(&json, ", \"classes\": {");
		for (int c = 0; c < labels->nclasses; c++)
		{
			if (c > 0)
				appendStringInfoString(&json, ", ");
			escape_json(&json, labels->class_names[c]);
			appendStringInfo(&json, ": " INT64_FORMAT, counts[c]);
		}
		appendStringInfoChar(&json, '}');
	}
	appendStringInfo(&json, ", \"seed\": " UINT64_FORMAT "}", result->model->spec->seed);
	return json.data;
}

/* What was read, and what of it could not be used. */
static char *
rows_json(const TrainResult *result)
{
	const Graph *graph = result->model->graph;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"nodes\": {");
	for (int t = 0; t < graph->nnode_types; t++)
	{
		if (t > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, graph->node_types[t].name);
		appendStringInfo(&json, ": " INT64_FORMAT, result->node_counts[t]);
	}
	appendStringInfoString(&json, "}, \"edges\": {");
	for (int r = 0; r < graph->nrelations; r++)
	{
		const StoreCounts *counts = &result->edge_counts[r];

		if (r > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, graph->relations[r].name);
		appendStringInfo(&json, ": {\"rows\": " INT64_FORMAT ", \"dangling\": " INT64_FORMAT ", \"loops\": " INT64_FORMAT
						 ", \"null_ends\": " INT64_FORMAT "}",
						 counts->edges, counts->dangling, counts->loops, counts->null_ends);
	}
	appendStringInfo(&json, "}, \"unlabeled\": " INT64_FORMAT ", \"unknown\": " INT64_FORMAT "}",
					 result->labels->unlabeled, result->labels->unknown);
	return json.data;
}

/* Tells of edges and labels that were left out. */
static void
notice_left_out(const TrainResult *result)
{
	const Graph *graph = result->model->graph;

	for (int r = 0; r < graph->nrelations; r++)
	{
		const StoreCounts *counts = &result->edge_counts[r];

		if (!graph->relations[r].forward || counts->dangling + counts->loops + counts->null_ends == 0)
			continue;
		ereport(NOTICE,
				(errmsg("%lld of %lld rows of edge type \"%s\" were left out",
						(long long) (counts->dangling + counts->loops + counts->null_ends),
						(long long) counts->edges, graph->relations[r].name),
				 errdetail("%lld have an end without a row, %lld lead from a node to itself, %lld have no end.",
						   (long long) counts->dangling, (long long) counts->loops, (long long) counts->null_ends)));
	}
	if (result->labels->unknown > 0)
		ereport(NOTICE,
				(errmsg("%lld labels of keys without a row were left out", (long long) result->labels->unknown)));
}

static void
run_row(void *arg, Datum *values, bool *nulls)
{
	*(int64 *) arg = DatumGetInt64(values[0]);
}

/* The run's row; its number. */
static int64
save_run(const TrainArguments *args, TimestampTz started)
{
	QueryArgs	row = {0};
	int64		run = 0;

	args_add_text(&row, args->model);
	args_add_text(&row, args->graph);
	args_add_text(&row, GetUserNameFromId(GetUserId(), false));
	args_add(&row, TIMESTAMPTZOID, TimestampTzGetDatum(started), false);
	query_catalog_write("INSERT INTO sage.run (model, graph, owner, state, started, ended)"
						" VALUES ($1, $2, $3, 'done', $4, clock_timestamp()) RETURNING run",
						row.count, row.types, row.values, row.nulls, run_row, &run);
	return run;
}

static void
save_epochs(int64 run, const FitResult *fit, bool baseline)
{
	for (int i = 0; i < fit->epochs; i++)
	{
		QueryArgs	row = {0};

		args_add_bigint(&row, run);
		args_add(&row, BOOLOID, BoolGetDatum(baseline), false);
		args_add_int(&row, fit->rows[i].epoch);
		args_add_number(&row, fit->rows[i].loss);
		args_add_number(&row, fit->rows[i].validation);
		args_add_number(&row, fit->rows[i].seconds);
		query_catalog_write("INSERT INTO sage.epoch (run, baseline, epoch, loss, validation, seconds)"
							" VALUES ($1, $2, $3, $4, $5, $6)",
							row.count, row.types, row.values, row.nulls, NULL, NULL);
	}
}

/* Whether the new version is to score. */
static bool
deploy_wanted(const TrainArguments *args, const TrainResult *result, int deploy)
{
	ModelEntry *entry = model_catalog_find(NULL, args->model);
	ModelVersion *version;

	if (deploy != DEPLOY_IF_BETTER || entry == NULL || entry->deployed == 0)
		return deploy != DEPLOY_NEVER;
	version = model_catalog_version(args->model, 0);
	if (!isfinite(version->validation) || !isfinite(result->fit.validation) || version->metric == NULL ||
		strcmp(version->metric, metric_names[result->metric]) != 0)
		return true;
	return metric_higher_is_better(result->metric) ? result->fit.validation > version->validation :
		result->fit.validation < version->validation;
}

/* The baseline's figure that belongs beside the model's. */
static double
baseline_figure(const TrainResult *result)
{
	return isfinite(result->fit.test) ? result->baseline.test : result->baseline.validation;
}

static int
save_version(const TrainArguments *args, const TrainResult *result, int deploy, TimestampTz started)
{
	char	   *spec = model_spec_write(result->model->spec, result->model->graph);
	NewVersion	version = {
		.model = args->model, .graph = args->graph,
		.task = model_task_name(result->model->spec->task), .spec = spec,
		.weights = model_store_write(result->model, spec),
		.request = request_json(args), .metric = metric_names[result->metric],
		.validation = result->fit.validation, .test = result->fit.test, .baseline = baseline_figure(result),
		.metrics = metrics_json(result), .rows_read = rows_json(result),
		.epochs = result->fit.epochs, .best_epoch = result->fit.best_epoch, .seconds = result->seconds
	};
	QueryArgs	row = {0};
	int			number;

	graph_lock_share(args->graph);
	model_catalog_lock(args->model, args->graph);
	version.deploy = deploy_wanted(args, result, deploy);
	version.run = save_run(args, started);
	save_epochs(version.run, &result->fit, false);
	save_epochs(version.run, &result->baseline, true);
	number = model_catalog_add_version(&version);

	args_add_bigint(&row, version.run);
	args_add_int(&row, number);
	query_catalog_write("UPDATE sage.run SET version = $2 WHERE run = $1",
						row.count, row.types, row.values, row.nulls, NULL, NULL);
	return number;
}

/* ------------------------------------------------------------------------
 * The functions
 * ------------------------------------------------------------------------
 */

/* One row: version, epochs, best_epoch, metric, validation, test, baseline, seconds. */
static void
return_result(ReturnSetInfo *rsinfo, int version, const TrainResult *result)
{
	double		figures[] = {result->fit.validation, result->fit.test, baseline_figure(result), result->seconds};
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
	Progress	progress = {speak, NULL, &speaker};
	TimestampTz started = GetCurrentTimestamp();
	MemoryContext training,
				old;
	int			version;

	InitMaterializedSRF(fcinfo, 0);
	PreventCommandIfReadOnly("sage_train()");
	training = AllocSetContextCreate(CurrentMemoryContext, "sage training", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(training);

	read_arguments(fcinfo, &args);
	check_model(&args);
	request = make_request(&args);
	request.progress = request.options.quiet ? NULL : &progress;
	result = train_run(&request);
	notice_left_out(result);
	version = save_version(&args, result, request.options.deploy, started);

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
	model_options_rows(option_row, fcinfo->resultinfo);
	return (Datum) 0;
}
