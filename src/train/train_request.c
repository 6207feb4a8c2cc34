/*
 * train_request.c
 *		What sage_train and sage_train_async are asked for: checked, completed
 *		from the model's last version, and kept as JSON.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "base/query.h"
#include "base/query_args.h"
#include "base/role.h"
#include "model/model_catalog.h"
#include "train/train_options.h"
#include "train/train_request.h"
#include "train/train_warm.h"

/* ------------------------------------------------------------------------
 * Completing
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
	ModelEntry *entry = model_catalog_find(model);
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
	ModelEntry *entry = model_catalog_find(args->model);
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
				 errdetail("It was written by role \"%s\", and would run with your rights.", role_name(version->trained_by)),
				 errhint("Give labels => with a query of your own.")));
	if (args->target == NULL && args->labels == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("version %d of model \"%s\" does not say what it was trained on", version->version, args->model),
				 errhint("Name a column with target =>, or give a query with labels =>.")));
}

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

/* Text that depends on the session's settings, as text that does not. */
static char *
fixed_time(const char *name, const char *text)
{
	TimestampTz time = label_option_time(name, text);
	int			utc = 0;

	return JsonEncodeDateTime(palloc(MAXDATELEN + 1), TimestampTzGetDatum(time), TIMESTAMPTZOID, &utc);
}

static char *
fixed_interval(const char *name, const char *text)
{
	Interval   *interval = DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(text),
																 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	char	   *fixed = palloc(MAXDATELEN + 1);
	struct pg_itm parts;

	interval2itm(*interval, &parts);
	EncodeInterval(&parts, INTSTYLE_ISO_8601, fixed);
	return fixed;
}

/*
 * Options that are kept mean the same in a later session, whatever its
 * DateStyle, IntervalStyle, TimeZone and day.
 */
static Jsonb *
fix_options(Jsonb *options)
{
	static const struct
	{
		const char *name;
		char	   *(*fixed) (const char *name, const char *text);
	}			depending[] = {
		{"validation_from", fixed_time},
		{"test_from", fixed_time},
		{"time_window", fixed_interval}
	};

	for (int i = 0; i < lengthof(depending); i++)
	{
		char	   *text = request_text(options, depending[i].name);
		StringInfoData json;

		if (text == NULL)
			continue;
		initStringInfo(&json);
		appendStringInfoChar(&json, '{');
		json_text(&json, depending[i].name, depending[i].fixed(depending[i].name, text));
		appendStringInfoChar(&json, '}');
		options = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(options),
													 DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data))));
	}
	return options;
}

/* A model of that name must be the caller's, and of that graph. */
static void
check_model(const TrainArguments *args)
{
	ModelEntry *entry = model_catalog_find(args->model);

	if (entry == NULL)
		return;
	model_catalog_check(entry, MODEL_OWN);
	if (strcmp(entry->graph, args->graph) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("model \"%s\" already exists for graph \"%s\"", args->model, entry->graph),
				 errhint("Choose another name, or drop it with sage_drop_model.")));
}

/*
 * Checks the arguments and fills in what may be left out.
 */
void
train_arguments_complete(TrainArguments *args)
{
	if (args->model == NULL || args->model[0] == '\0' || strlen(args->model) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(args->model == NULL ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_INVALID_NAME),
				 errmsg("model must have a name of 1 to %d bytes", NAMEDATALEN - 1)));
	if (args->target != NULL && args->labels != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("target and labels cannot both be given"),
				 errhint("Use target for a column, or labels for a query.")));
	if (args->options == NULL)
		args->options = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	if (args->graph == NULL)
		args->graph = default_graph(args->model);
	if (args->target == NULL && args->labels == NULL)
	{
		ModelOptions ignored;

		train_options_read(args->options, &ignored);
		arguments_from_version(args);
	}
	args->options = fix_options(args->options);
	check_model(args);
}

/* ------------------------------------------------------------------------
 * The request
 * ------------------------------------------------------------------------
 */

/* The request that the arguments make: the graph is loaded, the options are read. */
TrainRequest
train_request_make(const TrainArguments *args)
{
	TrainRequest request = {0};
	Graph	   *graph = graph_load(args->graph);

	train_options_read(args->options, &request.options);
	request.warm = warm_version(args->model, request.options.continue_from);
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
 * As JSON
 * ------------------------------------------------------------------------
 */

/* An option that is about one training only, and not to be repeated. */
static Jsonb *
without_option(Jsonb *options, const char *name)
{
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(options), CStringGetTextDatum(name)));
}

/*
 * What was asked for, so that it can be asked for again: the model and the
 * graph are not in it.  whole: with the options that are about one training
 * only.
 */
char *
train_arguments_write(const TrainArguments *args, bool whole)
{
	Jsonb	   *options = args->options;
	StringInfoData json;

	if (!whole)
	{
		options = without_option(options, "quiet");
		options = without_option(options, "deploy");
		options = without_option(options, "continue_from");
	}
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

/* The way back. */
void
train_arguments_read(Jsonb *request, TrainArguments *args)
{
	JsonbValue *options = getKeyJsonValueFromContainer(&request->root, "options", 7, NULL);

	args->target = request_text(request, "target");
	args->labels = request_text(request, "labels");
	args->node_type = request_text(request, "node_type");
	args->task = request_text(request, "task");
	args->options = options != NULL && options->type == jbvBinary ? JsonbValueToJsonb(options) :
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}
