/*
 * train_save.c
 *		A finished training becomes a version of its model.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "base/query.h"
#include "base/query_args.h"
#include "model/model_catalog.h"
#include "model/model_store.h"
#include "train/train_save.h"

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
	if (result->aggregate.name != NULL)
	{
		appendStringInfoString(&json, ", \"aggregate\": ");
		escape_json(&json, result->aggregate.name);
	}
	if (isfinite(result->aggregate.validation))
		appendStringInfo(&json, ", \"aggregate_validation\": %.17g", result->aggregate.validation);
	if (isfinite(result->aggregate.test))
		appendStringInfo(&json, ", \"aggregate_test\": %.17g", result->aggregate.test);
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

/* Tells of rows that no label with a time can see. */
static void
notice_null_times(const TrainResult *result)
{
	const Graph *graph = result->model->graph;

	for (int t = 0; t < graph->nnode_types && result->labels->times != NULL; t++)
	{
		if (result->null_times[t] > 0)
			ereport(NOTICE,
					(errmsg("%lld of %lld rows of node type \"%s\" have no time and are not seen as of any",
							(long long) result->null_times[t], (long long) result->node_counts[t],
							graph->node_types[t].name)));
	}
	for (int r = 0; r < graph->nrelations && result->labels->times != NULL; r++)
	{
		if (graph->relations[r].forward && result->edge_counts[r].null_times > 0)
			ereport(NOTICE,
					(errmsg("%lld of %lld rows of edge type \"%s\" have no time and are not seen as of any",
							(long long) result->edge_counts[r].null_times, (long long) result->edge_counts[r].edges,
							graph->relations[r].name)));
	}
}

/*
 * Tells of edges and labels that were left out.  A row that is a node and
 * refers to nothing is none of these.
 */
void
train_notice_left_out(const TrainResult *result)
{
	const Graph *graph = result->model->graph;

	notice_null_times(result);
	for (int r = 0; r < graph->nrelations; r++)
	{
		const StoreCounts *counts = &result->edge_counts[r];
		bool		is_row = graph_edge_is_row(graph, &graph->edge_types[graph->relations[r].edge_type]);
		int64		null_ends = is_row ? 0 : counts->null_ends;

		if (!graph->relations[r].forward || counts->dangling + counts->loops + null_ends == 0)
			continue;
		ereport(NOTICE,
				(errmsg("%lld of %lld rows of edge type \"%s\" were left out",
						(long long) (counts->dangling + counts->loops + null_ends),
						(long long) counts->edges, graph->relations[r].name),
				 errdetail("%lld have an end without a row, %lld lead from a node to itself, %lld have no end.",
						   (long long) counts->dangling, (long long) counts->loops, (long long) null_ends)));
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
	query_catalog_write("INSERT INTO sage.run (model, graph, owned_by, state, attempt, submitted, started, ended)"
						" VALUES ($1, $2, $3::sage.role, 'done', 1, $4, $4, clock_timestamp()) RETURNING run",
						row.count, row.types, row.values, row.nulls, run_row, &run);
	return run;
}

/* One epoch's row; it may be there, from an attempt that was interrupted. */
void
train_save_epoch(int64 run, bool baseline, const EpochRow *epoch)
{
	QueryArgs	row = {0};

	args_add_bigint(&row, run);
	args_add(&row, BOOLOID, BoolGetDatum(baseline), false);
	args_add_int(&row, epoch->epoch);
	args_add_number(&row, epoch->loss);
	args_add_number(&row, epoch->validation);
	args_add_number(&row, epoch->seconds);
	query_catalog_write("INSERT INTO sage.epoch (run, baseline, epoch, loss, validation, seconds)"
						" VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run, baseline, epoch) DO NOTHING",
						row.count, row.types, row.values, row.nulls, NULL, NULL);
}

static void
save_epochs(int64 run, const FitResult *fit, bool baseline)
{
	for (int i = 0; i < fit->epochs; i++)
		train_save_epoch(run, baseline, &fit->rows[i]);
}

/* Whether a version is better cannot be said: false, and why. */
static bool
not_comparable(const char *model, const char *why)
{
	ereport(NOTICE,
			(errmsg("new version of model \"%s\" is not deployed: %s", model, why),
			 errhint("Deploy it with sage_deploy if it is wanted all the same.")));
	return false;
}

/* Whether the new version is to score. */
static bool
deploy_wanted(const TrainArguments *args, const TrainResult *result)
{
	int			deploy = result->deploy;
	ModelEntry *entry = model_catalog_find(args->model);
	ModelVersion *version;

	if (deploy != DEPLOY_IF_BETTER || entry == NULL || entry->deployed == 0)
		return deploy != DEPLOY_NEVER;
	version = model_catalog_version(args->model, 0);
	if (!isfinite(result->fit.validation))
		return not_comparable(args->model, "its validation metric is not defined");
	if (version->metric != NULL && isfinite(version->validation) &&
		strcmp(version->metric, metric_names[result->metric]) != 0)
		return not_comparable(args->model, "the deployed version was judged by another metric");
	if (version->metric == NULL || !isfinite(version->validation))
		return true;
	return metric_higher_is_better(result->metric) ? result->fit.validation > version->validation :
		result->fit.validation < version->validation;
}

/* The baseline's figure that belongs beside the model's. */
double
train_baseline_figure(const TrainResult *result)
{
	return isfinite(result->fit.test) ? result->baseline.test : result->baseline.validation;
}

/*
 * Adds the version to the model, with the run's row and those of its epochs,
 * as far as they are not there; the version's number.
 */
int
train_save(const TrainArguments *args, const TrainResult *result, int64 run, TimestampTz started)
{
	char	   *spec = model_spec_write(result->model->spec, result->model->graph);
	NewVersion	version = {
		.model = args->model, .graph = args->graph,
		.task = model_task_name(result->model->spec->task), .spec = spec,
		.weights = model_store_write(result->model, spec),
		.request = train_arguments_write(args, false), .metric = metric_names[result->metric],
		.validation = result->fit.validation, .test = result->fit.test, .baseline = train_baseline_figure(result),
		.metrics = metrics_json(result), .rows_read = rows_json(result),
		.epochs = result->fit.epochs, .best_epoch = result->fit.best_epoch, .seconds = result->seconds
	};
	QueryArgs	row = {0};
	int			number;

	graph_lock_share(result->model->graph);
	model_catalog_lock(args->model, args->graph);
	version.deploy = deploy_wanted(args, result);
	version.run = run != 0 ? run : save_run(args, started);
	save_epochs(version.run, &result->fit, false);
	save_epochs(version.run, &result->baseline, true);
	number = model_catalog_add_version(&version);

	args_add_bigint(&row, version.run);
	args_add_int(&row, number);
	query_catalog_write("UPDATE sage.run SET version = $2 WHERE run = $1",
						row.count, row.types, row.values, row.nulls, NULL, NULL);
	return number;
}

