/*
 * score_result.c
 *		From a row of a model's outputs to SQL values.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/score_result.h"
#include "model/model_forward.h"

/*
 * The figure of one class (-1: the only output) in one row of outputs: a
 * probability, or a number in the target's own scale.
 */
double
score_of_class(const ModelSpec *spec, const float *outputs, int class)
{
	if (spec->task == TASK_REGRESSION)
		return model_number(spec, outputs[0]);
	if (class < 0)
		return outputs[0];
	if (spec->task == TASK_BINARY)
		return class == 1 ? outputs[0] : 1.0 - outputs[0];
	return outputs[class];
}

/* The predicted class; for multilabel an array literal of those at .5 or more. */
Datum
score_label(const ModelSpec *spec, const float *outputs)
{
	int			best = 0;

	if (spec->task == TASK_BINARY)
		return CStringGetTextDatum(spec->classes[outputs[0] >= 0.5f]);
	if (spec->task == TASK_MULTILABEL)
	{
		ArrayBuildState *labels = initArrayResult(TEXTOID, CurrentMemoryContext, false);
		Oid			output;
		bool		varlena;

		for (int c = 0; c < spec->nclasses; c++)
		{
			if (outputs[c] >= 0.5f)
				accumArrayResult(labels, CStringGetTextDatum(spec->classes[c]), false, TEXTOID, CurrentMemoryContext);
		}
		getTypeOutputInfo(TEXTARRAYOID, &output, &varlena);
		return CStringGetTextDatum(OidOutputFunctionCall(output, makeArrayResult(labels, CurrentMemoryContext)));
	}
	for (int c = 1; c < spec->nclasses; c++)
	{
		if (outputs[c] > outputs[best])
			best = c;
	}
	return CStringGetTextDatum(spec->classes[best]);
}

/* real[] of n elements, to be filled in place. */
ArrayType *
score_float_array(int n, float **elements)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + n * sizeof(float);
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = FLOAT4OID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	*elements = (float *) ARR_DATA_PTR(array);
	return array;
}
