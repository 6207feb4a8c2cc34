/*
 * model_spec.c
 *		A model's description <-> JSON.
 *
 * The document may come out of a file that somebody edited, so reading trusts
 * nothing: every member is looked for, typed and bounded.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "model/model_spec.h"

#define SPEC_FORMAT		1
#define MAX_CLASSES		100000

static const char *const task_names[] = {"binary", "multiclass", "multilabel", "regression"};

const char *const model_sampling_names[] = {"uniform", "adaptive", NULL};

const char *
model_task_name(ModelTask task)
{
	return task_names[task];
}

/* True if the rows of a type come with their age; those of edges do not. */
bool
model_has_age(const ModelSpec *spec, const Graph *graph, int type)
{
	return spec->temporal && type < graph->nnode_types && graph->node_types[type].time_column != NULL;
}

/* What a relation's edges say beside whom they link; NULL: nothing. */
const FeatureSet *
model_edge_features(const ModelSpec *spec, const Graph *graph, int relation)
{
	const FeatureSet *set = spec->features[graph_edge_table(graph, graph->relations[relation].edge_type)];

	return set != NULL && feature_dense_width(set) + feature_sparse_width(set) > 0 ? set : NULL;
}

/* ------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------
 */

static void
write_string(StringInfo json, const char *name, const char *value)
{
	appendStringInfo(json, "\"%s\": ", name);
	if (value == NULL)
		appendStringInfoString(json, "null");
	else
		escape_json(json, value);
	appendStringInfoString(json, ", ");
}

/*
 * The n node types or relations of a graph in the order of their places in
 * the document, by which the parameters are named; returns how many have one.
 */
static int
places_in_order(const int *ids, int n, int *order)
{
	int			count = 0;

	for (int i = 0; i < n; i++)
		count += ids[i] >= 0;
	for (int i = 0; i < n; i++)
	{
		if (ids[i] >= 0)
			order[ids[i]] = i;
	}
	return count;
}

/* The JSON text of a description, for storing. */
char *
model_spec_write(const ModelSpec *spec, const Graph *graph)
{
	int		   *order = palloc(Max(Max(graph->nrelations, graph->nnode_types), 1) * sizeof(int));
	StringInfoData json;
	int			count;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"format\": %d, ", SPEC_FORMAT);
	write_string(&json, "graph", spec->graph);
	write_string(&json, "node_type", graph->node_types[spec->node_type].name);
	write_string(&json, "task", task_names[spec->task]);
	write_string(&json, "target", spec->target);
	appendStringInfoString(&json, "\"classes\": [");
	for (int i = 0; i < spec->nclasses; i++)
	{
		if (i > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, spec->classes[i]);
	}
	appendStringInfo(&json, "], \"target_mean\": %.17g, \"target_std\": %.17g, \"layers\": %d, \"hidden\": %d, \"conv\": \"%s\", "
					 "\"layer_norm\": %s, \"normalize\": %s, \"time_inclusive\": %s, \"time_window\": " INT64_FORMAT ", "
					 "\"temporal\": %s, \"sampling\": \"%s\", \"pick\": \"%s\", \"seed\": " UINT64_FORMAT ", ",
					 spec->target_mean, spec->target_std, spec->layers, spec->hidden, spec->conv->name,
					 spec->layer_norm ? "true" : "false", spec->normalize ? "true" : "false",
					 spec->time_inclusive ? "true" : "false", spec->time_window, spec->temporal ? "true" : "false",
					 model_sampling_names[spec->sampling], neighbor_order_names[spec->pick], spec->seed);

	appendStringInfoString(&json, "\"relations\": [");
	count = places_in_order(spec->relation_ids, graph->nrelations, order);
	for (int i = 0; i < count; i++)
	{
		int			r = order[i];
		const GraphRelation *relation = &graph->relations[r];

		appendStringInfo(&json, "%s{", i > 0 ? ", " : "");
		write_string(&json, "name", relation->name);
		write_string(&json, "dst", graph->node_types[relation->dst_type].name);
		write_string(&json, "src", graph->node_types[relation->src_type].name);
		appendStringInfoString(&json, "\"fanout\": [");
		for (int hop = 1; hop <= spec->layers; hop++)
			appendStringInfo(&json, "%s%d", hop > 1 ? ", " : "", fanout_count(spec->fanout, hop, r));
		appendStringInfoString(&json, "]}");
	}
	appendStringInfoString(&json, "], \"node_types\": [");
	count = places_in_order(spec->type_ids, graph->nnode_types, order);
	for (int i = 0; i < count; i++)
	{
		appendStringInfo(&json, "%s{\"name\": ", i > 0 ? ", " : "");
		escape_json(&json, graph->node_types[order[i]].name);
		appendStringInfo(&json, ", \"aged\": %s, \"features\": ", model_has_age(spec, graph, order[i]) ? "true" : "false");
		feature_write(spec->features[order[i]], &json);
		appendStringInfoChar(&json, '}');
	}
	appendStringInfoString(&json, "], \"edge_types\": [");
	count = 0;
	for (int e = 0; e < graph->nedge_types; e++)
	{
		if (spec->features[graph_edge_table(graph, e)] == NULL)
			continue;
		appendStringInfo(&json, "%s{\"name\": ", count++ > 0 ? ", " : "");
		escape_json(&json, graph->edge_types[e].name);
		appendStringInfoString(&json, ", \"features\": ");
		feature_write(spec->features[graph_edge_table(graph, e)], &json);
		appendStringInfoChar(&json, '}');
	}
	appendStringInfo(&json, "], \"options\": %s}", spec->options);
	return json.data;
}

/* ------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------
 */

SAGE_NORETURN static void
spec_corrupted(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("model description is not valid"),
			 errdetail("Member \"%s\" is missing or has a wrong value.", name)));
}

static JsonbValue *
spec_member(JsonbContainer *object, const char *name, enum jbvType type)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, name, strlen(name), NULL);

	if (value == NULL || value->type != type)
		spec_corrupted(name);
	return value;
}

static double
spec_number(JsonbContainer *object, const char *name, double min, double max)
{
	JsonbValue *value = spec_member(object, name, jbvNumeric);
	double		number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
															NumericGetDatum(value->val.numeric)));

	if (!(number >= min && number <= max))
		spec_corrupted(name);
	return number;
}

static int
spec_integer(JsonbContainer *object, const char *name, int min, int max)
{
	double		number = spec_number(object, name, min, max);

	if (number != floor(number))
		spec_corrupted(name);
	return (int) number;
}

static bool
spec_bool(JsonbContainer *object, const char *name)
{
	return spec_member(object, name, jbvBool)->val.boolean;
}

/* Members that came later than the format may be missing. */
static bool
spec_has(JsonbContainer *object, const char *name)
{
	return getKeyJsonValueFromContainer(object, name, strlen(name), NULL) != NULL;
}

static bool
spec_later_bool(JsonbContainer *object, const char *name)
{
	return spec_has(object, name) && spec_bool(object, name);
}

static char *
spec_string(JsonbContainer *object, const char *name)
{
	JsonbValue *value = spec_member(object, name, jbvString);

	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* One of some words, of which documents older than the member mean the first. */
static int
spec_choice(JsonbContainer *object, const char *name, const char *const *choices)
{
	char	   *word;

	if (!spec_has(object, name))
		return 0;
	word = spec_string(object, name);
	for (int i = 0; choices[i] != NULL; i++)
	{
		if (strcmp(word, choices[i]) == 0)
			return i;
	}
	spec_corrupted(name);
}

/* A convolution by name; documents older than the member mean the first. */
static const ConvKind *
spec_conv(JsonbContainer *object, const char *name)
{
	const ConvKind *conv = spec_has(object, name) ? conv_find(spec_string(object, name)) : conv_kinds[0];

	if (conv == NULL)
		spec_corrupted(name);
	return conv;
}

static JsonbContainer *
spec_array(JsonbContainer *object, const char *name, int max)
{
	JsonbValue *value = spec_member(object, name, jbvBinary);

	if (!JsonContainerIsArray(value->val.binary.data) || JsonContainerSize(value->val.binary.data) > max)
		spec_corrupted(name);
	return value->val.binary.data;
}

static JsonbContainer *
spec_element(JsonbContainer *array, int index, const char *name)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, index);

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		spec_corrupted(name);
	return value->val.binary.data;
}

SAGE_NORETURN static void
spec_graph_changed(const Graph *graph, const char *what, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("graph \"%s\" has no %s \"%s\" such as the model was trained on", graph->name, what, name),
			 errhint("Define it again, or train the model again.")));
}

static int
class_name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* A class that stands twice could not be told from its double. */
static void
check_classes_differ(const ModelSpec *spec)
{
	char	  **sorted = palloc(Max(spec->nclasses, 1) * sizeof(char *));

	memcpy(sorted, spec->classes, spec->nclasses * sizeof(char *));
	qsort(sorted, spec->nclasses, sizeof(char *), class_name_compare);
	for (int i = 1; i < spec->nclasses; i++)
	{
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			spec_corrupted("classes");
	}
	pfree(sorted);
}

static void
read_classes(ModelSpec *spec, JsonbContainer *document)
{
	JsonbContainer *array = spec_array(document, "classes", MAX_CLASSES);
	int			n = JsonContainerSize(array);
	bool		wrong = spec->task == TASK_REGRESSION ? n != 0 : spec->task == TASK_BINARY ? n != 2 :
		spec->task == TASK_MULTICLASS ? n < 2 : n < 1;

	if (wrong)
		spec_corrupted("classes");
	spec->nclasses = n;
	spec->classes = palloc(Max(n, 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		if (value->type != jbvString)
			spec_corrupted("classes");
		spec->classes[i] = pnstrdup(value->val.string.val, value->val.string.len);
	}
	check_classes_differ(spec);
	spec->noutputs = n > 2 || spec->task == TASK_MULTICLASS || spec->task == TASK_MULTILABEL ? n : 1;
}

/* Relations by name; one that the model does not know is off. */
static void
read_relations(ModelSpec *spec, JsonbContainer *document, const Graph *graph)
{
	JsonbContainer *array = spec_array(document, "relations", 100000);

	spec->fanout = fanout_off(graph, spec->layers);
	spec->relation_ids = palloc(Max(graph->nrelations, 1) * sizeof(int));
	for (int r = 0; r < graph->nrelations; r++)
		spec->relation_ids[r] = -1;
	for (int i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbContainer *object = spec_element(array, i, "relations");
		char	   *name = spec_string(object, "name");
		int			r = graph_find_relation(graph, name);
		JsonbContainer *counts = spec_array(object, "fanout", spec->layers);

		if (r < 0 || strcmp(graph->node_types[graph->relations[r].dst_type].name, spec_string(object, "dst")) != 0 ||
			strcmp(graph->node_types[graph->relations[r].src_type].name, spec_string(object, "src")) != 0)
			spec_graph_changed(graph, "relation", name);
		if (JsonContainerSize(counts) != spec->layers || spec->relation_ids[r] >= 0)
			spec_corrupted("fanout");
		spec->relation_ids[r] = i;
		for (int hop = 0; hop < spec->layers; hop++)
		{
			JsonbValue *value = getIthJsonbValueFromContainer(counts, hop);
			double		count = value->type != jbvNumeric ? NAN :
				DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));

			if (!(count >= -1 && count <= FANOUT_MAX) || count != floor(count))
				spec_corrupted("fanout");
			spec->fanout->counts[hop * graph->nrelations + r] = (int) count;
		}
	}
}

/* Node types by name; of one that the model does not know nothing is read. */
static void
read_node_types(ModelSpec *spec, JsonbContainer *document, const Graph *graph)
{
	JsonbContainer *array = spec_array(document, "node_types", 100000);
	Jsonb	   *nothing = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{\"columns\": []}")));

	spec->features = palloc0(Max(graph_table_count(graph), 1) * sizeof(FeatureSet *));
	spec->type_ids = palloc(Max(graph->nnode_types, 1) * sizeof(int));
	for (int t = 0; t < graph->nnode_types; t++)
		spec->type_ids[t] = -1;
	for (int i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbContainer *object = spec_element(array, i, "node_types");
		char	   *name = spec_string(object, "name");
		int			t = graph_find_node_type(graph, name);

		if (t < 0)
			spec_graph_changed(graph, "node type", name);
		if (spec->type_ids[t] >= 0)
			spec_corrupted("node_types");
		if (spec_later_bool(object, "aged") != model_has_age(spec, graph, t))
			spec_graph_changed(graph, "node type with times", name);
		spec->type_ids[t] = i;
		spec->features[t] = feature_read(graph, t, spec_member(object, "features", jbvBinary)->val.binary.data);
	}
	for (int t = 0; t < graph->nnode_types; t++)
	{
		if (spec->features[t] == NULL)
			spec->features[t] = feature_read(graph, t, &nothing->root);
	}
}

/*
 * Edge types with features.  Those of the model's relations must have some now
 * if they had then, and none if they had none: it is a matter of which rows
 * are neighbors, too.
 */
static void
read_edge_types(ModelSpec *spec, JsonbContainer *document, const Graph *graph)
{
	JsonbContainer *array = spec_has(document, "edge_types") ? spec_array(document, "edge_types", 100000) : NULL;

	for (int i = 0; array != NULL && i < JsonContainerSize(array); i++)
	{
		JsonbContainer *object = spec_element(array, i, "edge_types");
		char	   *name = spec_string(object, "name");
		int			e = graph_find_edge_type(graph, name);
		int			table = graph_edge_table(graph, e);

		if (e < 0 || graph->edge_types[e].features == NIL)
			spec_graph_changed(graph, "edge type with features", name);
		if (spec->features[table] != NULL)
			spec_corrupted("edge_types");
		spec->features[table] = feature_read(graph, table, spec_member(object, "features", jbvBinary)->val.binary.data);
	}
	for (int r = 0; r < graph->nrelations; r++)
	{
		int			e = graph->relations[r].edge_type;

		if (spec->relation_ids[r] >= 0 && graph->edge_types[e].features != NIL &&
			spec->features[graph_edge_table(graph, e)] == NULL)
			spec_graph_changed(graph, "edge type without features", graph->edge_types[e].name);
	}
}

/* What the model is about, and what it reads, must be described. */
static void
check_types_known(const ModelSpec *spec, const Graph *graph)
{
	if (spec->type_ids[spec->node_type] < 0)
		spec_corrupted("node_types");
	for (int r = 0; r < graph->nrelations; r++)
	{
		if (spec->relation_ids[r] >= 0 &&
			(spec->type_ids[graph->relations[r].src_type] < 0 || spec->type_ids[graph->relations[r].dst_type] < 0))
			spec_corrupted("node_types");
	}
}

/* The name of the graph that a description speaks of. */
char *
model_spec_graph(Jsonb *document)
{
	if (!JB_ROOT_IS_OBJECT(document))
		spec_corrupted("graph");
	return spec_string(&document->root, "graph");
}

/*
 * A description, resolved against the graph as it is now.
 */
ModelSpec *
model_spec_read(Jsonb *document, const Graph *graph)
{
	ModelSpec  *spec = palloc0(sizeof(ModelSpec));
	JsonbContainer *root = &document->root;
	JsonbValue *target;
	char	   *task,
			   *node_type;

	if (!JB_ROOT_IS_OBJECT(document))
		spec_corrupted("format");
	(void) spec_number(root, "format", SPEC_FORMAT, SPEC_FORMAT);
	spec->graph = pstrdup(graph->name);
	node_type = spec_string(root, "node_type");
	spec->node_type = graph_find_node_type(graph, node_type);
	if (spec->node_type < 0)
		spec_graph_changed(graph, "node type", node_type);

	task = spec_string(root, "task");
	for (spec->task = TASK_BINARY; spec->task <= TASK_REGRESSION; spec->task++)
	{
		if (strcmp(task, task_names[spec->task]) == 0)
			break;
	}
	if (spec->task > TASK_REGRESSION)
		spec_corrupted("task");
	target = getKeyJsonValueFromContainer(root, "target", 6, NULL);
	if (target != NULL && target->type == jbvString)
		spec->target = pnstrdup(target->val.string.val, target->val.string.len);
	read_classes(spec, root);
	spec->target_mean = spec_number(root, "target_mean", -1e300, 1e300);
	spec->target_std = spec_number(root, "target_std", 1e-300, 1e300);
	spec->layers = spec_integer(root, "layers", 1, 4);
	spec->hidden = spec_integer(root, "hidden", 1, 4096);
	spec->conv = spec_conv(root, "conv");
	spec->layer_norm = spec_bool(root, "layer_norm");
	spec->normalize = spec_bool(root, "normalize");
	spec->time_inclusive = spec_bool(root, "time_inclusive");
	spec->temporal = spec_later_bool(root, "temporal");
	if (spec_has(root, "time_window"))
		spec->time_window = (int64) spec_number(root, "time_window", 0, 9e18);
	spec->sampling = spec_choice(root, "sampling", model_sampling_names);
	spec->pick = spec_choice(root, "pick", neighbor_order_names);
	spec->seed = (uint64) spec_number(root, "seed", 0, 9007199254740991.0);
	read_relations(spec, root, graph);
	read_node_types(spec, root, graph);
	read_edge_types(spec, root, graph);
	check_types_known(spec, graph);
	spec->options = JsonbToCString(NULL, spec_member(root, "options", jbvBinary)->val.binary.data, 0);
	return spec;
}
