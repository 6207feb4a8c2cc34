/*
 * train_warm.c
 *		Training on from the weights of an earlier version.
 *
 * Weights mean something only together with what they were trained for: the
 * encoders (which slot is which category), the order of the classes, and the
 * scale of a number that is predicted.  All of these are taken over from the
 * earlier version, and its shape must be the one that is asked for.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "model/model_store.h"
#include "train/train_warm.h"

/* The version that option continue_from names; NULL: none. */
ModelVersion *
warm_version(const char *model, const JsonbValue *option)
{
	double		number = 0;

	if (option == NULL || (option->type == jbvBool && !option->val.boolean))
		return NULL;
	if (option->type == jbvNumeric)
		number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
													NumericGetDatum(option->val.numeric)));
	if ((option->type != jbvBool && option->type != jbvNumeric) ||
		(option->type == jbvNumeric && (number < 1 || number > PG_INT32_MAX || number != (int) number)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"continue_from\" must be true or the number of a version")));
	(void) model_catalog_open(model, MODEL_OWN);
	return model_catalog_version(model, (int) number);
}

static void
check_same(const ModelVersion *version, const char *name, int old, int wanted)
{
	if (old == wanted)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot continue from version %d, which has another \"%s\"", version->version, name),
			 errdetail("It has %d, and %d is asked for.", old, wanted),
			 errhint("Give the options that it was trained with, or train without continue_from.")));
}

static void
check_graph_same(const ModelVersion *version, bool same)
{
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot continue from version %d, because the graph has changed since", version->version),
				 errhint("Train without continue_from.")));
}

/* The version's description; it must be of the same network as the wanted one. */
const ModelSpec *
warm_spec(const ModelVersion *version, const ModelSpec *wanted, const Graph *graph)
{
	ModelSpec  *old = model_spec_read(version->spec, graph);

	check_same(version, "layers", old->layers, wanted->layers);
	check_same(version, "hidden", old->hidden, wanted->hidden);
	check_same(version, "layer_norm", old->layer_norm, wanted->layer_norm);
	check_same(version, "normalize", old->normalize, wanted->normalize);
	check_graph_same(version, old->node_type == wanted->node_type);
	for (int t = 0; t < graph->nnode_types; t++)
		check_graph_same(version, old->type_ids[t] == wanted->type_ids[t]);
	for (int r = 0; r < graph->nrelations; r++)
		check_graph_same(version, old->relation_ids[r] == wanted->relation_ids[r]);
	return old;
}

/* Rows as of a time have other columns than rows as they are. */
void
warm_check_times(const ModelVersion *version, const ModelSpec *old, const ModelSpec *wanted)
{
	if (old->temporal != wanted->temporal)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot continue from version %d, whose labels had %s", version->version,
						old->temporal ? "times" : "no times"),
				 errhint("Give labels such as it was trained with, or train without continue_from.")));
}

/* Numbers keep the scale that the weights were trained for. */
void
warm_labels(const ModelSpec *old, Labels *labels)
{
	if (labels->task != TASK_REGRESSION)
		return;
	labels->mean = old->target_mean;
	labels->std = old->target_std;
}

/* The version's weights, in the order of a model of that description. */
const float *
warm_weights(const ModelVersion *version, const ModelSpec *spec, const Graph *graph)
{
	Model	   *model = model_build(spec, graph, spec->fanout, false);

	model_store_read(model, version->weights);
	return param_data(model->params);
}
