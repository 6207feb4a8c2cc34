/*
 * reference_test.c
 *		Builds the network of a case: graph, encoders, stores, weights, labels.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "base/query.h"
#include "reference_test.h"
#include "reference_data.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(reference_tables);
PG_FUNCTION_INFO_V1(reference_names);
PG_FUNCTION_INFO_V1(reference_check);
PG_FUNCTION_INFO_V1(reference_edges);
PG_FUNCTION_INFO_V1(reference_edge_means);

/* reference_tables() -> void: makes the tables of the graph in the first schema of the search path. */
Datum
reference_tables(PG_FUNCTION_ARGS)
{
	for (int i = 0; i < lengthof(reference_statements); i++)
		(void) query_write(reference_statements[i], 0, NULL, NULL, NULL);
	PG_RETURN_VOID();
}

/* reference_names() -> setof text: the cases. */
Datum
reference_names(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0; i < lengthof(reference_cases); i++)
	{
		Datum		name = CStringGetTextDatum(reference_cases[i].name);
		bool		null = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &name, &null);
	}
	return (Datum) 0;
}

/* ------------------------------------------------------------------------
 * Building
 * ------------------------------------------------------------------------
 */

/* As an option of type jsonb arrives. */
void
json_value(const char *json, JsonbValue *value)
{
	Jsonb	   *jsonb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));

	if (!JsonbExtractScalar(&jsonb->root, value))
	{
		value->type = jbvBinary;
		value->val.binary.data = &jsonb->root;
		value->val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	}
}

/* The numbers in a store of some keys of a type. */
int32 *
network_find(const Network *network, int store, int type, const char *const *keys, int n)
{
	KeyKind		kind = network->graph->node_types[type].key_kind;
	Datum	   *datums = palloc(n * sizeof(Datum));
	int32	   *nodes = palloc(n * sizeof(int32));

	for (int i = 0; i < n; i++)
		datums[i] = kind == KEY_TEXT ? CStringGetTextDatum(keys[i]) :
			DirectFunctionCall1(int8in, CStringGetDatum(keys[i]));
	store_find(network->stores[store], type, datums, n, nodes);
	for (int i = 0; i < n; i++)
	{
		if (nodes[i] < 0)
			elog(ERROR, "there is no node \"%s\"", keys[i]);
	}
	return nodes;
}

static ModelSpec *
make_spec(const ReferenceCase *expected, const Graph *graph)
{
	ModelSpec  *spec = palloc0(sizeof(ModelSpec));
	JsonbValue	fanout;

	json_value(expected->fanout, &fanout);
	spec->graph = graph->name;
	spec->node_type = graph_find_node_type(graph, "users");
	spec->task = expected->task;
	spec->nclasses = expected->nclasses;
	spec->noutputs = expected->noutputs;
	spec->target_mean = expected->mean;
	spec->target_std = expected->std;
	spec->layers = REFERENCE_LAYERS;
	spec->hidden = REFERENCE_HIDDEN;
	spec->conv = &conv_sage;
	spec->fanout = fanout_read(graph, &fanout, spec->layers);
	spec->layer_norm = expected->layer_norm;
	spec->normalize = expected->normalize;
	spec->seed = 1;
	spec->features = palloc0(graph_table_count(graph) * sizeof(FeatureSet *));
	spec->type_ids = palloc(graph->nnode_types * sizeof(int));
	spec->relation_ids = palloc(graph->nrelations * sizeof(int));
	for (int t = 0; t < graph->nnode_types; t++)
		spec->type_ids[t] = t;
	for (int t = 0; t < graph_table_count(graph); t++)
	{
		if (t >= graph->nnode_types && graph->edge_types[t - graph->nnode_types].features == NIL)
			continue;
		spec->features[t] = feature_choose(graph, t, NULL);
		feature_fit(spec->features[t], NULL, true);
	}
	for (int r = 0; r < graph->nrelations; r++)
		spec->relation_ids[r] = r;
	spec->options = "{}";
	return spec;
}

/* Both stores, each with encoded rows of its own. */
static void
open_stores(Network *network)
{
	const Graph *graph = network->graph;
	FeatureSet **features = network->spec->features;
	int			ntables = graph_table_count(graph);
	const char **columns = palloc(ntables * sizeof(char *));

	for (int t = 0; t < ntables; t++)
		columns[t] = features[t] != NULL ? feature_select_list(features[t]) : "";
	for (int live = 0; live < 2; live++)
	{
		StorePlans *plans = store_plans_create(graph, columns, CurrentMemoryContext);
		NodeReader *readers = palloc0(ntables * sizeof(NodeReader));

		network->tables[live] = palloc0(ntables * sizeof(FeatureTable *));
		for (int t = 0; t < ntables; t++)
		{
			if (features[t] == NULL)
				continue;
			network->tables[live][t] = feature_table_create(features[t], 1, CurrentMemoryContext);
			readers[t].row = feature_table_row;
			readers[t].hash = feature_table_hash;
			readers[t].arg = network->tables[live][t];
		}
		network->stores[live] = live == 1 ? store_open_live(graph, plans, readers, 1, ORDER_UNIFORM, CurrentMemoryContext) :
			store_open_resident(graph, plans, readers, 1, ORDER_UNIFORM, NULL, false, CurrentMemoryContext);
	}
}

/* The labels of the seeds, all of them for training. */
static Labels *
make_labels(const ReferenceCase *expected)
{
	Labels	   *labels = palloc0(sizeof(Labels));

	labels->task = expected->task;
	labels->nclasses = expected->nclasses;
	labels->class_names = palloc((expected->nclasses + 1) * sizeof(char *));
	for (int c = 0; c < expected->nclasses; c++)
		labels->class_names[c] = psprintf("class%d", c);
	labels->n = REFERENCE_SEEDS;
	labels->classes = expected->classes;
	labels->values = expected->values;
	labels->numbers = palloc(labels->n * sizeof(double));
	for (int64 i = 0; expected->task == TASK_REGRESSION && i < labels->n; i++)
		labels->numbers[i] = expected->values[i];
	labels->split = palloc(labels->n);
	memset(labels->split, SPLIT_TRAIN, labels->n);
	labels->counts[SPLIT_TRAIN] = labels->n;
	labels->mean = expected->mean;
	labels->std = expected->std;
	return labels;
}

static void
set_weights(Network *network)
{
	ParamBlock *params = network->model->params;

	for (int i = 0; i < network->expected->nparams; i++)
	{
		const ReferenceParam *param = &network->expected->params[i];
		int			index = param_find(params, param->name);

		if (index < 0 || param_tensor(params, index)->rows != param->rows ||
			param_tensor(params, index)->cols != param->cols)
			elog(ERROR, "the network has no parameter \"%s\" of %d x %d", param->name, param->rows, param->cols);
		memcpy(param_tensor(params, index)->data, param->start, param->rows * param->cols * sizeof(float));
	}
	if (param_count(params) != network->expected->nparams)
		elog(ERROR, "the network has %d parameters instead of %d", param_count(params), network->expected->nparams);
}

/* All but the weights; the graph is the case's, or one like it. */
static void
network_build(Network *network, const ReferenceCase *expected, const char *graph)
{
	network->expected = expected;
	network->rows = reference_rows;
	network->seed_keys = reference_seeds;
	network->nseeds = REFERENCE_SEEDS;
	network->nsteps = REFERENCE_STEPS;
	network->graph = graph_load(graph);
	network->spec = make_spec(expected, network->graph);
	network->model = model_build(network->spec, network->graph, network->spec->fanout, true);
	network->labels = make_labels(expected);
	open_stores(network);
}

/* ------------------------------------------------------------------------
 * Checking
 * ------------------------------------------------------------------------
 */

/* reference_check(name text) -> table (what text, ok bool) */
Datum
reference_check(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Network		network = {0};

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < lengthof(reference_cases); i++)
	{
		if (strcmp(reference_cases[i].name, name) == 0)
		{
			network_build(&network, &reference_cases[i], reference_cases[i].graph);
			set_weights(&network);
		}
	}
	if (network.expected == NULL)
		elog(ERROR, "there is no case \"%s\"", name);
	for (const ReferenceCheck *check = reference_checks; check->name != NULL; check++)
	{
		Datum		values[2] = {CStringGetTextDatum(check->name), BoolGetDatum(check->check(&network))};
		bool		nulls[2] = {false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ------------------------------------------------------------------------
 * Features of edges, for which there are no frozen numbers
 * ------------------------------------------------------------------------
 */

/* reference_edges(graph text) -> table (what text, ok bool): the first case on a graph whose edges have features */
Datum
reference_edges(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Network		network = {0};

	InitMaterializedSRF(fcinfo, 0);
	network_build(&network, &reference_cases[0], text_to_cstring(PG_GETARG_TEXT_PP(0)));
	for (int64 i = 0; i < param_size(network.model->params); i++)
		param_data(network.model->params)[i] = 0.4f * sinf(1 + 0.7f * i);
	for (const ReferenceCheck *check = edge_checks; check->name != NULL; check++)
	{
		Datum		values[2] = {CStringGetTextDatum(check->name), BoolGetDatum(check->check(&network))};
		bool		nulls[2] = {false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * reference_edge_means(graph text, relation text) -> table (node text, mean float8):
 * the mean of the first encoded column of the seeds' edges, by a network whose
 * other weights are such that nothing else is left of them.
 */
Datum
reference_edge_means(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Network		network = {0};
	float	   *means;

	InitMaterializedSRF(fcinfo, 0);
	network_build(&network, &reference_cases[0], text_to_cstring(PG_GETARG_TEXT_PP(0)));
	means = edge_means(&network, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	for (int i = 0; i < network.nseeds; i++)
	{
		Datum		values[2] = {CStringGetTextDatum(network.seed_keys[i]), Float8GetDatum(means[i])};
		bool		nulls[2] = {false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
