/*
 * label_weight.c
 *		What each label weighs in the loss, by the option class_weights.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/memory.h"
#include "label/label.h"

static void
weights_balanced(const Labels *labels, double *weights)
{
	int64	   *counts = palloc0(labels->nclasses * sizeof(int64));

	for (int64 i = 0; i < labels->n; i++)
		counts[labels->classes[i]] += labels->split[i] == SPLIT_TRAIN;
	for (int c = 0; c < labels->nclasses; c++)
		weights[c] = counts[c] > 0 ? (double) labels->counts[SPLIT_TRAIN] / (labels->nclasses * counts[c]) : 1;
}

SAGE_NORETURN static void
weights_unknown_class(const Labels *labels, const char *name)
{
	const char *nearest = options_nearest(name, (const char *const *) labels->class_names, labels->nclasses);
	StringInfoData all;

	initStringInfo(&all);
	for (int c = 0; c < Min(labels->nclasses, 20); c++)
		appendStringInfo(&all, "%s\"%s\"", c > 0 ? ", " : "", labels->class_names[c]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("class_weights names an unknown class \"%s\"", name),
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) :
			 errhint("The classes are %s%s.", all.data, labels->nclasses > 20 ? " and others" : "")));
}

static void
weights_given(const Labels *labels, JsonbContainer *object, double *weights)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key,
				value;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *name;
		int			c;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(key.val.string.val, key.val.string.len);
		(void) JsonbIteratorNext(&it, &value, true);
		for (c = 0; c < labels->nclasses; c++)
		{
			if (strcmp(name, labels->class_names[c]) == 0)
				break;
		}
		if (c == labels->nclasses)
			weights_unknown_class(labels, name);
		weights[c] = value.type != jbvNumeric ? NAN :
			DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
		if (!(weights[c] >= 0 && weights[c] <= 1e6))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("class_weights has no valid weight for class \"%s\"", name),
					 errhint("Weights are numbers from 0 to 1000000.")));
	}
}

/* One weight a label, or NULL if all weigh the same. */
float *
labels_weights(const Labels *labels, JsonbValue *option)
{
	double	   *by_class;
	double		total = 0;
	float	   *weights;

	if (option == NULL)
		return NULL;
	if (labels->task != TASK_BINARY && labels->task != TASK_MULTICLASS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class_weights are for binary and multiclass tasks"),
				 errdetail("The task is %s.", model_task_name(labels->task))));
	by_class = palloc(labels->nclasses * sizeof(double));
	for (int c = 0; c < labels->nclasses; c++)
		by_class[c] = 1;
	if (option->type == jbvString && option->val.string.len == 8 &&
		memcmp(option->val.string.val, "balanced", 8) == 0)
		weights_balanced(labels, by_class);
	else if (option->type == jbvBinary && JsonContainerIsObject(option->val.binary.data))
		weights_given(labels, option->val.binary.data, by_class);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class_weights must be \"balanced\" or an object"),
				 errhint("For example {\"class_weights\": {\"yes\": 3, \"no\": 1}}.")));
	weights = memory_alloc(labels->n, sizeof(float));
	for (int64 i = 0; i < labels->n; i++)
	{
		weights[i] = (float) by_class[labels->classes[i]];
		total += labels->split[i] == SPLIT_TRAIN ? weights[i] : 0;
	}
	if (total == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("class_weights are 0 for all labels that train")));
	return weights;
}
