/*
 * evaluate_api.c
 *		sage_evaluate: a model against labels.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "base/role.h"
#include "model/model_catalog.h"
#include "predict/scorer.h"
#include "sage.h"
#include "label/label.h"
#include "label/metric.h"

SAGE_FUNCTION(sage_evaluate);

/* The labels that the deployed version was trained on. */
static TargetSource
source_of_version(const char *model)
{
	ModelVersion *version = model_catalog_version(model, 0);
	TargetSource source = {0};
	const char *const names[] = {"target", "labels"};

	for (int i = 0; i < 2; i++)
	{
		JsonbValue *value = getKeyJsonValueFromContainer(&version->request->root, names[i], strlen(names[i]), NULL);

		if (value != NULL && value->type == jbvString)
			*(i == 0 ? &source.column : &source.query) = pnstrdup(value->val.string.val, value->val.string.len);
	}
	if (source.query != NULL && !model_catalog_query_is_own(version))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("labels query of model \"%s\" is not run for others", model),
				 errdetail("It was written by role \"%s\", and would run with your rights.", role_name(version->trained_by)),
				 errhint("Give labels => with a query of your own.")));
	if (source.column == NULL && source.query == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" does not say what it was trained on", model),
				 errhint("Give labels => with a query that returns node and label.")));
	return source;
}

/* Scores the labels' keys; rows without one are taken out of both. */
static int64
score_labels(Scorer *scorer, Labels *labels, float *outputs)
{
	const ModelSpec *spec = scorer_spec(scorer);
	bool	   *found = memory_alloc(labels->n, sizeof(bool));
	int64		kept = 0;

	if (labels->times != NULL)
		scorer_score_timed(scorer, labels->keys, labels->times, labels->n, outputs, found);
	else
		scorer_score(scorer, labels->keys, labels->n, outputs, NULL, found);
	for (int64 i = 0; i < labels->n; i++)
	{
		if (!found[i])
			continue;
		memmove(outputs + kept * spec->noutputs, outputs + i * spec->noutputs, spec->noutputs * sizeof(float));
		if (labels->classes != NULL)
			labels->classes[kept] = labels->classes[i];
		else if (labels->numbers != NULL)
			labels->numbers[kept] = labels->numbers[i];
		else
			memmove(labels->values + kept * spec->noutputs, labels->values + i * spec->noutputs,
					spec->noutputs * sizeof(float));
		kept++;
	}
	return kept;
}

/* The labels beside which a regression's outputs stand. */
static float *
standardized_labels(const Labels *labels, int64 n)
{
	float	   *values = memory_alloc(n, sizeof(float));

	for (int64 i = 0; i < n; i++)
		values[i] = label_standardized(labels, i);
	return values;
}

Datum
sage_evaluate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *model;
	Scorer	   *scorer;
	const ModelSpec *spec;
	TargetSource source = {0};
	Labels	   *labels;
	MetricInput input = {0};
	float	   *outputs;

	InitMaterializedSRF(fcinfo, 0);
	model = model_catalog_scored(NULL, PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)))->model;
	scorer = score_site_scorer(score_site_create(CurrentMemoryContext, NULL), model, STORE_ALWAYS);
	spec = scorer_spec(scorer);
	if (PG_ARGISNULL(1))
		source = source_of_version(model);
	else
		source.query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (source.column != NULL && strchr(source.column, '.') != NULL && spec->target != NULL)
		source.column = spec->target;
	source.model = spec;
	labels = labels_read(scorer_graph(scorer), spec->node_type, &source);

	outputs = memory_alloc(labels->n * spec->noutputs, sizeof(float));
	input.task = spec->task;
	input.nclasses = spec->nclasses;
	input.n = score_labels(scorer, labels, outputs);
	input.scores = outputs;
	input.classes = labels->classes;
	input.values = labels->numbers != NULL ? standardized_labels(labels, input.n) : labels->values;
	input.unit = labels->std;
	for (Metric metric = 0; metric < METRIC_COUNT; metric++)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};
		double		value;

		if (!metric_suits(metric, spec->task))
			continue;
		value = metric_compute(metric, &input);
		values[0] = CStringGetTextDatum(metric_names[metric]);
		values[1] = Float8GetDatum(value);
		nulls[1] = !isfinite(value);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
