/*
 * metric_test.c
 *		The metrics as SQL functions of arrays.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "label/metric.h"

PG_MODULE_MAGIC;

static const char *const tasks[] = {"binary", "multiclass", "multilabel", "regression"};

static ModelTask
find_task(const char *name)
{
	for (int i = 0; i < (int) lengthof(tasks); i++)
	{
		if (strcmp(tasks[i], name) == 0)
			return (ModelTask) i;
	}
	elog(ERROR, "no task \"%s\"", name);
	return TASK_BINARY;
}

static Metric
find_metric(const char *name)
{
	int			metric = metric_find(name);

	if (metric < 0)
		elog(ERROR, "no metric \"%s\"", name);
	return (Metric) metric;
}

static float *
read_floats(ArrayType *array, int *n)
{
	Datum	   *elements;
	float	   *values;

	deconstruct_array(array, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT, &elements, NULL, n);
	values = palloc(sizeof(float) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		values[i] = DatumGetFloat4(elements[i]);
	return values;
}

/*
 * metric_test(metric text, task text, nclasses int, scores real[], labels real[])
 *
 * The arrays may have any number of dimensions; NaN becomes NULL.
 */
PG_FUNCTION_INFO_V1(metric_test);
Datum
metric_test(PG_FUNCTION_ARGS)
{
	Metric		metric = find_metric(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	MetricInput input = {.task = find_task(text_to_cstring(PG_GETARG_TEXT_PP(1))), .unit = 1};
	bool		wide;
	int			nscores;
	int			nlabels;
	float	   *labels;
	int32	   *classes;
	double		result;

	wide = input.task == TASK_MULTICLASS || input.task == TASK_MULTILABEL;
	input.nclasses = PG_GETARG_INT32(2);
	input.scores = read_floats(PG_GETARG_ARRAYTYPE_P(3), &nscores);
	labels = read_floats(PG_GETARG_ARRAYTYPE_P(4), &nlabels);
	input.n = nscores / (wide ? input.nclasses : 1);
	if (nlabels != (input.task == TASK_MULTILABEL ? nscores : input.n))
		elog(ERROR, "%d scores do not go with %d labels", nscores, nlabels);

	classes = palloc(sizeof(int32) * Max(nlabels, 1));
	for (int i = 0; i < nlabels; i++)
		classes[i] = (int32) labels[i];
	if (input.task == TASK_BINARY || input.task == TASK_MULTICLASS)
		input.classes = classes;
	else
		input.values = labels;

	result = metric_compute(metric, &input);
	if (isnan(result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

/* metric_test_about(metric text, task text) -> which is better, whether it suits, whether it is the task's own */
PG_FUNCTION_INFO_V1(metric_test_about);
Datum
metric_test_about(PG_FUNCTION_ARGS)
{
	Metric		metric = find_metric(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ModelTask	task = find_task(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s%s%s", metric_higher_is_better(metric) ? "higher" : "lower",
											  metric_suits(metric, task) ? ", suits" : "",
											  metric_default(task) == metric ? ", default" : "")));
}

/* metric_test_names() -> the names by number, up to the closing NULL */
PG_FUNCTION_INFO_V1(metric_test_names);
Datum
metric_test_names(PG_FUNCTION_ARGS)
{
	Datum		names[METRIC_COUNT];
	int			n = 0;

	for (; metric_names[n] != NULL && n < METRIC_COUNT; n++)
		names[n] = CStringGetTextDatum(metric_names[n]);
	if (metric_names[n] != NULL)
		elog(ERROR, "more names than metrics");
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}
