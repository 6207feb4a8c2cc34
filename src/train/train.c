/*
 * train.c
 *		A model from labels: the whole way, step by step.
 */
#include "postgres.h"

#include <math.h>

#include "lib/qunique.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/guc.h"
#include "base/memory.h"
#include "base/spill.h"
#include "graph/graph_column.h"
#include "sample/adaptive.h"
#include "train/aggregate.h"
#include "train/loss.h"
#include "train/train.h"
#include "train/train_options.h"
#include "train/train_warm.h"

/* Up to so many labels the refit is the default. */
#define REFIT_LABELS	10000

static double
seconds_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_DOUBLE(now);
}

static int
node_compare(const void *a, const void *b)
{
	return *(const int32 *) a - *(const int32 *) b;
}

/* How many different nodes the training labels are of. */
static int64
labeled_nodes(const Labels *labels)
{
	int32	   *nodes = memory_alloc(labels->n, sizeof(int32));
	int64		n = 0,
				different;

	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->split[i] == SPLIT_TRAIN)
			nodes[n++] = labels->nodes[i];
	}
	qsort(nodes, n, sizeof(int32), node_compare);
	different = n == 0 ? 0 : qunique(nodes, n, sizeof(int32), node_compare);
	pfree(nodes);
	return different;
}

/*
 * Options that depend on the number n of training labels.  Labels of one node
 * at several times are much alike, so n is between their number and that of
 * the nodes.  Few labels need a firm hand, many would be held back by it:
 * weight decay is 5/n, falling faster from 4,000 on, within bounds, and divided
 * by the number of labels that a node can have, because the loss is their mean;
 * dropout is .5 up to 2,000 labels and .3 from 20,000.  The absolute error pulls with the
 * same force however near it is: it takes smaller steps, less noise, and the
 * nodes alone count.
 */
static void
fill_options(ModelOptions *options, const Labels *labels, ModelLoss loss)
{
	bool		absolute = loss == LOSS_MAE && labels->times != NULL;
	double		nodes = Max(labeled_nodes(labels), 1);
	double		n = absolute ? nodes : sqrt(Max(labels->counts[SPLIT_TRAIN], 1) * nodes);

	if (isnan(options->learning_rate))
		options->learning_rate = absolute ? 0.003 : 0.01;
	if (isnan(options->dropout) && absolute)
		options->dropout = 0.2;

	if (isnan(options->dropout))
		options->dropout = 0.5 - 0.2 * Min(Max(log10(n / 2000), 0), 1);
	if (isnan(options->input_dropout))
		options->input_dropout = options->dropout;
	if (isnan(options->weight_decay))
	{
		options->weight_decay = Min(Max(5 / n * Min(1, 4000 / n), 1e-4), 1e-2);
		if (labels->task == TASK_MULTILABEL)
			options->weight_decay /= labels->nclasses;
	}
}

/*
 * Whether to train again on all labels: where they are few and the split was
 * drawn by us, the fifth that was held back is worth more than the time.
 */
static bool
choose_refit(const ModelOptions *options, const Labels *labels)
{
	if (options->refit != OPTION_UNSET)
		return options->refit == REFIT_ALWAYS;
	return labels->split_drawn && labels->n < REFIT_LABELS;
}

static bool
pick_is_possible(const Graph *graph, NeighborOrder pick)
{
	for (int r = 0; r < graph->nrelations; r++)
	{
		if (relation_order(graph, r, pick) == pick)
			return true;
	}
	return false;
}

/*
 * Which neighbors are taken: an order that no relation can have is not
 * quietly another one.  By default, where seeds have times, the most recent:
 * what follows is more like them than what was long ago.
 */
static NeighborOrder
choose_pick(const Graph *graph, int given, bool temporal)
{
	if (given == OPTION_UNSET)
		return temporal && pick_is_possible(graph, ORDER_RECENT) ? ORDER_RECENT : ORDER_UNIFORM;
	if (!pick_is_possible(graph, given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 given == ORDER_RECENT ?
				 errmsg("option \"pick\" cannot be \"%s\": no edge type of graph \"%s\" has a time column or leads to a node type with one",
						neighbor_order_names[given], graph->name) :
				 errmsg("option \"pick\" cannot be \"%s\": no edge type of graph \"%s\" has a weight column",
						neighbor_order_names[given], graph->name),
				 errhint("Define the graph with such columns, or leave the option out.")));
	return given;
}

/* The option time_window in microseconds; NULL: 0, all of the past. */
static int64
option_window(const char *text)
{
	Interval   *interval;
	double		window;

	if (text == NULL)
		return 0;
	interval = DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
													 Int32GetDatum(-1)));
	window = ((double) interval->month * DAYS_PER_MONTH + interval->day) * USECS_PER_DAY + interval->time;
	if (!(window >= 1 && window < 9e18))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"time_window\" must be an interval longer than zero")));
	return (int64) window;
}

/*
 * The description of the model to be, features not fitted yet.
 */
static ModelSpec *
make_spec(const TrainRequest *request)
{
	const Graph *graph = request->graph;
	const ModelOptions *options = &request->options;
	ModelSpec  *spec = palloc0(sizeof(ModelSpec));
	int			hops = fanout_hops(options->fanout);

	spec->graph = pstrdup(graph->name);
	spec->node_type = request->node_type;
	spec->target = request->source.column != NULL ? pstrdup(request->source.column) : NULL;
	spec->layers = options->layers != OPTION_UNSET ? options->layers : hops > 0 ? hops : 2;
	if (spec->layers > 4)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fanout has %d hops, but a model has at most 4 layers", spec->layers)));
	spec->hidden = options->hidden;
	spec->conv = conv_kinds[0];
	spec->layer_norm = options->layer_norm;
	spec->normalize = options->normalize;
	spec->seed = options->seed;
	spec->time_inclusive = options->time_inclusive;
	spec->sampling = options->sampling;
	spec->time_window = option_window(options->time_window);
	spec->fanout = fanout_read(graph, options->fanout, spec->layers);
	spec->features = palloc0(graph_table_count(graph) * sizeof(FeatureSet *));
	spec->type_ids = palloc(graph->nnode_types * sizeof(int));
	spec->relation_ids = palloc(Max(graph->nrelations, 1) * sizeof(int));
	for (int t = 0; t < graph->nnode_types; t++)
		spec->type_ids[t] = t;
	for (int r = 0; r < graph->nrelations; r++)
		spec->relation_ids[r] = r;
	return spec;
}

/* Takes one column out of a node type's features. */
static void
exclude_column(NodeType *type, const char *column)
{
	GraphColumn found;
	ListCell   *lc;

	if (!graph_column_find(type->relid, column, &found))
	{
		char	   *nearest = graph_column_nearest(type->relid, column);

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table %s, to be excluded, does not exist", column, type->table),
				 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	}
	type->exclude = lappend(type->exclude, pstrdup(column));
	foreach(lc, type->features)
	{
		if (strcmp(lfirst(lc), column) == 0)
		{
			type->features = foreach_delete_current(type->features, lc);
			if (type->features == NIL)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("option \"exclude\" leaves node type \"%s\" without features", type->name)));
		}
	}
}

/*
 * The option "exclude": columns of the labeled node type, or of another one
 * as node_type.column, that are no features this time.
 */
void
train_exclude(Graph *graph, int node_type, JsonbValue *columns)
{
	for (int i = 0; columns != NULL && i < JsonContainerSize(columns->val.binary.data); i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(columns->val.binary.data, i);
		int			type = node_type;
		char	   *name,
				   *dot;

		if (value->type != jbvString)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"exclude\" must be an array of column names")));
		name = pnstrdup(value->val.string.val, value->val.string.len);
		dot = strchr(name, '.');
		if (dot != NULL && graph_find_node_type(graph, pnstrdup(name, dot - name)) >= 0)
		{
			type = graph_find_node_type(graph, pnstrdup(name, dot - name));
			name = dot + 1;
		}
		exclude_column(&graph->node_types[type], name);
	}
}

/*
 * Where no column of the whole graph says anything, nodes are known by their
 * keys.  Where some do, keys would be learned by heart instead.  Rows with
 * times are events: those to come have other keys.
 */
static void
fit_keys(const Graph *graph, ModelSpec *spec)
{
	for (int t = 0; t < graph_table_count(graph); t++)
	{
		const FeatureSet *set = spec->features[t];

		if (set != NULL && feature_dense_width(set) + feature_sparse_width(set) > 0)
			return;
	}
	for (int t = 0; t < graph->nnode_types; t++)
	{
		FeatureSet *keys;

		if (graph->node_types[t].time_column != NULL)
			continue;
		keys = feature_choose_key(graph, t);
		feature_fit(keys, NULL, t == spec->node_type);
		if (feature_sparse_width(keys) == 0)
			continue;
		spec->features[t] = keys;
		ereport(NOTICE,
				(errmsg("nodes of type \"%s\" are known by their keys, because no column of graph \"%s\" says anything of its nodes",
						graph->node_types[t].name, graph->name),
				 errhint("With \"ids\": \"none\" they are told apart by their neighbors only.")));
	}
}

/*
 * Chooses and fits the encoders of all node types, and of the edge types with
 * features.  Of those that have times only rows before the horizon are looked
 * at (DT_NOEND: all).
 */
static void
fit_features(const TrainRequest *request, ModelSpec *spec, TimestampTz horizon)
{
	const Graph *graph = request->graph;

	for (int t = 0; t < graph_table_count(graph); t++)
	{
		const NodeType *node = t < graph->nnode_types ? &graph->node_types[t] : NULL;
		const EdgeType *edge = node == NULL ? &graph->edge_types[t - graph->nnode_types] : NULL;
		const char *time_column = node != NULL ? node->time_column : edge->time_column;
		char	   *where = NULL;

		if (edge != NULL && edge->features == NIL)
			continue;
		spec->features[t] = feature_choose(graph, t, t == spec->node_type ? spec->target : NULL);
		if (time_column != NULL && !TIMESTAMP_IS_NOEND(horizon))
			where = psprintf("%s OPERATOR(pg_catalog.<%s) %s::pg_catalog.timestamptz",
							 graph_time_expression(time_column, node != NULL ? node->time_typeid : edge->time_typeid),
							 spec->time_inclusive ? "=" : "", quote_literal_cstr(timestamptz_to_str(horizon)));
		feature_fit(spec->features[t], where, t == spec->node_type);
	}
	if (request->options.ids == IDS_AUTO)
		fit_keys(graph, spec);
}

/* Reads all rows and edges; fills the encoded tables on the way. */
static GraphStore *
load_graph(const Graph *graph, const ModelSpec *spec, FeatureTable **tables)
{
	const char **columns = palloc(graph_table_count(graph) * sizeof(char *));
	NodeReader *readers = palloc0(graph_table_count(graph) * sizeof(NodeReader));
	bool	   *wanted = palloc0(Max(graph->nrelations, 1) * sizeof(bool));

	for (int t = 0; t < graph_table_count(graph); t++)
	{
		columns[t] = "";
		if (spec->features[t] == NULL)
			continue;
		columns[t] = feature_select_list(spec->features[t]);
		tables[t] = feature_table_create(spec->features[t], graph_estimate_rows(graph_table_relid(graph, t)),
										 CurrentMemoryContext);
		readers[t].row = feature_table_row;
		readers[t].hash = feature_table_hash;
		readers[t].end = feature_table_trim;
		readers[t].arg = tables[t];
	}
	for (int r = 0; r < graph->nrelations; r++)
	{
		for (int hop = 1; hop <= spec->layers; hop++)
			wanted[r] |= fanout_count(spec->fanout, hop, r) != 0;
	}
	return store_open_resident(graph, store_plans_create(graph, columns, CurrentMemoryContext), readers, spec->seed,
							   spec->pick, wanted, true, CurrentMemoryContext);
}

/*
 * The sampler in memory, where it knows all that there is: no times, no
 * features of edges, no other ways to sample than the plain one.  Where memory
 * is so short that the graph lies in files there is none.
 */
static MemorySampler *
make_sampler(const Trainer *trainer)
{
	const Graph *graph = trainer->graph;
	const ModelSpec *spec = trainer->spec;
	bool		plain = trainer->labels->times == NULL && spec->sampling == SAMPLING_UNIFORM &&
		spec->pick == ORDER_UNIFORM && !spill_in_use();

	for (int r = 0; r < graph->nrelations; r++)
		plain = plain && model_edge_features(spec, graph, r) == NULL;
	return plain ? memory_sampler_create(trainer->store, graph, spec->node_type) : NULL;
}

static void
check_graph(const TrainRequest *request)
{
	if (request->graph->nnode_types == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("graph \"%s\" has no nodes", request->graph->name),
				 errhint("Add a node table with sage_add_nodes.")));
	if (request->graph->nedge_types == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("graph \"%s\" has no edges", request->graph->name),
				 errhint("Add an edge table with sage_add_edges.")));
}

/* What the task's labels say about the description. */
static void
spec_set_target(ModelSpec *spec, const Labels *labels)
{
	spec->task = labels->task;
	spec->nclasses = labels->nclasses;
	spec->classes = labels->class_names;
	spec->noutputs = labels->task == TASK_MULTICLASS || labels->task == TASK_MULTILABEL ? labels->nclasses : 1;
	spec->target_mean = labels->mean;
	spec->target_std = labels->std;
}

static Metric
choose_metric(const ModelOptions *options, ModelTask task)
{
	Metric		metric = options->metric == OPTION_UNSET ? metric_default(task) : options->metric;

	if (!metric_suits(metric, task))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("metric %s does not suit task %s", metric_names[metric], model_task_name(task)),
				 errhint("Leave it out for %s.", metric_names[metric_default(task)])));
	return metric;
}

/*
 * Where a number is learned from the past, outliers of long ago should not
 * weigh by their square: the default is the absolute error, unless the metric
 * is another.
 */
static ModelLoss
choose_loss(const ModelSpec *spec, ModelLoss given, Metric metric)
{
	if (given == LOSS_AUTO && spec->temporal && spec->task == TASK_REGRESSION && metric == METRIC_MAE)
		return LOSS_MAE;
	return loss_choose(spec->task, given);
}

/* Bounds the size of the network before anything of it is allocated. */
static void
check_model_size(const ModelSpec *spec, const Graph *graph)
{
	double		floats = param_size(model_declare(spec, graph, spec->fanout)->params);

	if (floats * sizeof(float) > (double) guc_max_model_size * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model of %.0f kB exceeds sage.max_model_size of %d kB",
						floats * sizeof(float) / 1024, guc_max_model_size),
				 errhint("Use fewer columns or a smaller \"hidden\", or raise sage.max_model_size.")));
}

/* What is about to be learned, from what. */
static void
announce(const Trainer *trainer)
{
	const Labels *labels = trainer->labels;
	int64		nodes = 0,
				edges = 0;

	for (int t = 0; t < trainer->graph->nnode_types; t++)
		nodes += store_node_count(trainer->store, t);
	for (int r = 0; r < trainer->graph->nrelations; r++)
		edges += trainer->graph->relations[r].forward ? store_counts(trainer->store, r)->edges : 0;
	ereport(INFO,
			(errmsg("%s task%s: %lld labels to train, %lld for validation, %lld for the test; %lld nodes, %lld edges",
					model_task_name(labels->task),
					labels->nclasses > 2 ? psprintf(" of %d classes", labels->nclasses) : "",
					(long long) labels->counts[SPLIT_TRAIN], (long long) labels->counts[SPLIT_VALIDATION],
					(long long) labels->counts[SPLIT_TEST], (long long) nodes, (long long) edges)));
}

/* Of the rows that have a time, this share is never seen: its unit may be another one. */
#define SHARE_NEVER_SEEN	0.99

static void
warn_of_time(const char *what, const char *name, const char *column, int64 after, int64 known)
{
	if (known == 0 || after < SHARE_NEVER_SEEN * known)
		return;
	ereport(WARNING,
			(errmsg("rows of %s \"%s\" lie after the labels: no label can see %lld of %lld", what, name,
					(long long) after, (long long) known),
			 errhint("Look at time column \"%s\". Whole numbers are taken as seconds since 1970, not as milliseconds.",
					 column)));
}

/* Warns of node and edge types whose rows nearly all lie after the last label. */
static void
warn_of_times(const Trainer *trainer)
{
	const Graph *graph = trainer->graph;
	const Labels *labels = trainer->labels;
	TimestampTz last = DT_NOBEGIN;

	if (labels->times == NULL)
		return;
	for (int64 i = 0; i < labels->n; i++)
		last = Max(last, labels->times[i]);
	for (int t = 0; t < graph->nnode_types; t++)
	{
		const TimestampTz *times = store_node_times(trainer->store, t);
		int64		after = 0,
					known = 0;

		for (int64 i = 0; times != NULL && i < store_node_count(trainer->store, t); i++)
		{
			known += times[i] != DT_NOEND;
			after += times[i] != DT_NOEND && times[i] >= last;
		}
		warn_of_time("node type", graph->node_types[t].name, graph->node_types[t].time_column, after, known);
	}
	for (int r = 0; r < graph->nrelations; r++)
	{
		const EdgeType *edge = &graph->edge_types[graph->relations[r].edge_type];
		int64		known;
		int64		after = store_edges_after(trainer->store, r, last, &known);

		if (graph->relations[r].forward && !graph_edge_is_row(graph, edge))
			warn_of_time("edge type", edge->name, edge->time_column, after, known);
	}
}

/*
 * Reads labels, encoders, rows and edges, and decides all that follows from
 * them.  After it no table is looked at.
 */
Training *
train_load(const TrainRequest *request)
{
	const Graph *graph = request->graph;
	Training   *training = palloc0(sizeof(Training));
	Trainer    *trainer = &training->trainer;
	TrainResult *result = palloc0(sizeof(TrainResult));
	ModelOptions *options = palloc(sizeof(ModelOptions));
	TargetSource source = request->source;
	const ModelSpec *old;
	ModelSpec  *spec;

	training->result = result;
	trainer->graph = graph;
	trainer->options = options;
	trainer->progress = request->progress;
	trainer->started = seconds_now();
	*options = request->options;
	result->deploy = options->deploy;
	check_graph(request);

	/* labels, encoders, rows, edges */
	trainer->spec = training->spec = spec = make_spec(request);
	source.model = old = request->warm != NULL ? warm_spec(request->warm, spec, graph) : NULL;
	result->labels = trainer->labels = labels_read(graph, spec->node_type, &source);
	spec->temporal = trainer->labels->times != NULL;
	if (old != NULL)
		warm_check_times(request->warm, old, spec);
	spec->pick = choose_pick(graph, options->pick, spec->temporal);
	if (spec->time_window > 0 && !spec->temporal)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"time_window\" needs labels that have a time"),
				 errhint("Give labels => with a query that returns node, label and at.")));
	labels_find_bounds(trainer->labels, options);
	if (old != NULL)
		spec->features = old->features;
	else
		fit_features(request, spec, labels_horizon(trainer->labels, options));
	trainer->tables = palloc0(graph_table_count(graph) * sizeof(FeatureTable *));
	trainer->store = load_graph(graph, spec, trainer->tables);
	training->fanout = fanout_copy(spec->fanout);
	for (int r = 0; r < graph->nrelations; r++)
	{
		double		degree = store_mean_degree(trainer->store, r);

		fanout_fill(spec->fanout, r, spec->temporal ? FANOUT_PAST : fanout_default(degree, false));
		fanout_fill(training->fanout, r, spec->temporal ? FANOUT_PAST : fanout_default(degree, true));
	}
	fanout_check_size(training->fanout);
	if (spec->sampling == SAMPLING_ADAPTIVE)
	{
		(void) plan_create(graph, spec->fanout, spec->node_type);
		(void) plan_create(graph, training->fanout, spec->node_type);
	}
	labels_resolve(trainer->labels, trainer->store, spec->node_type);
	labels_split(trainer->labels, options);
	if (old != NULL)
		warm_labels(old, trainer->labels);

	/* what follows from them */
	spec_set_target(spec, trainer->labels);
	check_model_size(spec, graph);
	trainer->weights = labels_weights(trainer->labels, options->class_weights);
	trainer->metric = result->metric = choose_metric(options, spec->task);
	trainer->loss = choose_loss(spec, options->loss, trainer->metric);
	fill_options(options, trainer->labels, trainer->loss);
	spec->options = train_options_write(options);
	trainer->refit = choose_refit(options, trainer->labels);
	if (request->progress != NULL && !options->quiet)
		announce(trainer);
	leak_check(graph, spec, trainer->tables, trainer->labels);
	warn_of_times(trainer);
	ereport(DEBUG1,
			(errmsg_internal("graph and labels take %zu kB", MemoryContextMemAllocated(CurrentMemoryContext, true) / 1024)));
	memory_give_back();
	trainer->sampler = make_sampler(trainer);
	result->model = model_build(spec, graph, spec->fanout, true);
	if (old != NULL)
		trainer->warm = warm_weights(request->warm, spec, graph);
	return training;
}

/* Why there is no validation metric: nothing chose among the epochs. */
static void
report_undefined(const Trainer *trainer)
{
	if (trainer->labels->counts[SPLIT_VALIDATION] == 0)
		ereport(NOTICE,
				(errmsg("there are no validation labels"),
				 errdetail("No metric chose among the epochs, and none stopped the training.")));
	else
		ereport(NOTICE,
				(errmsg("metric %s is not defined on the validation labels", metric_names[trainer->metric]),
				 errdetail("They may be too few, or all of one class."),
				 errhint("Choose another split, or another metric with the option \"metric\".")));
}

/* Trains the model, and the features-only baseline that it has to beat. */
TrainResult *
train_learn(Training *training)
{
	Trainer    *trainer = &training->trainer;
	const Graph *graph = trainer->graph;
	const ModelSpec *spec = training->spec;
	TrainResult *result = training->result;
	Fanout	   *off = fanout_off(graph, spec->layers);

	result->fit = train_fit(trainer, result->model, spec->fanout, training->fanout, PHASE_TRAINING);
	if (!isfinite(result->fit.validation))
		report_undefined(trainer);
	trainer->main_model = result->model;
	trainer->main_fit = &result->fit;
	trainer->warm = NULL;
	result->aggregate = aggregate_baseline(trainer);
	result->baseline = train_fit(trainer, model_build(spec, graph, off, true), off, off, PHASE_BASELINE);

	result->node_counts = palloc(graph->nnode_types * sizeof(int64));
	result->null_times = palloc(graph->nnode_types * sizeof(int64));
	for (int t = 0; t < graph->nnode_types; t++)
	{
		result->node_counts[t] = store_node_count(trainer->store, t);
		result->null_times[t] = store_null_times(trainer->store, t);
	}
	result->edge_counts = palloc(Max(graph->nrelations, 1) * sizeof(StoreCounts));
	for (int r = 0; r < graph->nrelations; r++)
		result->edge_counts[r] = *store_counts(trainer->store, r);
	result->seconds = seconds_now() - trainer->started;
	return result;
}
