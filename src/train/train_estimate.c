/*
 * train_estimate.c
 *		What a training will take, before anything is read.
 *
 * Rows and widths are the planner's.  The seconds are those of the graphs
 * and the processor that src/README tells of, and may be off by more than
 * all else.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "train/train.h"

/* Seconds a row and an edge. */
#define LOAD_NODE_SECONDS	0.5e-6
#define LOAD_EDGE_SECONDS	0.1e-6

/* Seconds, at a width of 64: a pick of a batch, and each number of the different rows picked. */
#define PICK_SECONDS		0.03e-6
#define NUMBER_SECONDS		0.01e-6

/* Seconds of a batch however small, and of a step of each weight. */
#define BATCH_SECONDS		0.3e-3
#define WEIGHT_SECONDS		2e-9

/* Of each label: its key, node, class, side of the split and place in an epoch's order. */
#define LABEL_BYTES		48

/* Weights, gradient, two moments, and what is made of them to be stored; the baseline is not larger. */
#define WEIGHT_COPIES	5

/*
 * So many seeds of a batch draw in the same node, and so many states of the
 * hidden width there are for each of the different ones: its projection, and
 * of some the sum and its gradient.
 */
#define SHARED			3
#define STATES			2.0

/* A node's key, by number and by key, and its place in the encoded rows. */
#define NODE_BYTES		20

/* The hash of an edge's encoded row, its number while lists are made, and its place. */
#define EDGE_ROW_BYTES	20

/* A node's list of neighbors: where it is, how long, how far in order. */
#define LIST_BYTES		16

static double
mean_degree(const Graph *graph, int relation)
{
	const GraphRelation *def = &graph->relations[relation];
	double		nodes = graph_estimate_rows(graph->node_types[def->dst_type].relid);
	double		edges = graph_estimate_rows(graph->edge_types[def->edge_type].relid);

	return (def->forward + def->backward) * edges / Max(nodes, 1);
}

/*
 * Rows: keys, and encoded values; the widest row in *widest, slots and numbers
 * of all types in *width, and how many numbers all rows have in *numbers.
 */
static double
nodes_bytes(const Graph *graph, double *widest, double *width, double *numbers, TrainEstimate *estimate)
{
	double		bytes = 0;

	for (int t = 0; t < graph->nnode_types; t++)
	{
		FeatureWidths widths = feature_estimate(feature_choose(graph, t, NULL));
		double		rows = graph_estimate_rows(graph->node_types[t].relid);
		double		text = graph->node_types[t].key_kind == KEY_INT ? 0 : 48;

		estimate->rows += rows;
		bytes += rows * (NODE_BYTES + text + sizeof(float) * (widths.dense + widths.entries));
		*widest = Max(*widest, widths.dense + widths.entries);
		*width += widths.dense + widths.sparse;
		*numbers += rows * (widths.dense + widths.entries);
	}
	return bytes;
}

/* Lists, and encoded rows of edges with features. */
static double
edges_bytes(const Graph *graph, double *largest, double *widest, double *width, TrainEstimate *estimate)
{
	double		bytes = 0;

	for (int e = 0; e < graph->nedge_types; e++)
	{
		const EdgeType *edge = &graph->edge_types[e];
		double		rows = graph_estimate_rows(edge->relid);
		double		more = (edge->time_column != NULL ? 8 : 0) + (edge->weight_column != NULL ? 4 : 0) +
			(edge->features != NIL ? 4 : 0);

		if (edge->features != NIL)
		{
			FeatureWidths widths = feature_estimate(feature_choose(graph, graph_edge_table(graph, e), NULL));

			bytes += rows * (EDGE_ROW_BYTES + sizeof(float) * (widths.dense + widths.entries));
			*widest = Max(*widest, widths.dense + widths.entries);
			*width += widths.dense + widths.sparse;
		}
		estimate->edges += rows;
		*largest = Max(*largest, rows * (8 + more));
		for (int r = 0; r < graph->nrelations; r++)
		{
			const GraphRelation *def = &graph->relations[r];

			if (def->edge_type == e)
				bytes += rows * (def->forward + def->backward) * (4 + more) +
					graph_estimate_rows(graph->node_types[def->dst_type].relid) * LIST_BYTES;
		}
	}
	return bytes;
}

/* Nodes that are drawn in around a seed of that type, itself included. */
static double
sample_nodes(const Graph *graph, const ModelOptions *options, int node_type)
{
	int			hops = fanout_hops(options->fanout);
	int			layers = options->layers != OPTION_UNSET ? options->layers : hops > 0 ? hops : 2;
	Fanout	   *fanout = fanout_read(graph, options->fanout, layers);
	double	   *met = palloc0(graph->nnode_types * sizeof(double));	/* so far, by type */
	double		nodes = 1;

	for (int r = 0; r < graph->nrelations; r++)
		fanout_fill(fanout, r, fanout_default(mean_degree(graph, r), true));
	met[node_type] = 1;
	for (int hop = 1; hop <= layers; hop++)
	{
		double	   *next = palloc0(graph->nnode_types * sizeof(double));

		for (int r = 0; r < graph->nrelations; r++)
		{
			const GraphRelation *def = &graph->relations[r];
			double		degree = mean_degree(graph, r);
			int			count = fanout_count(fanout, hop, r);

			next[def->src_type] += met[def->dst_type] * (count < 0 ? degree : Min(count, degree));
		}
		for (int t = 0; t < graph->nnode_types; t++)
		{
			nodes += next[t];
			met[t] += next[t];
		}
	}
	return nodes;
}

/*
 * An epoch: batches of picks, among which are the fewer different rows the
 * fewer rows there are; half of all rows are hardly ever picked.
 */
static double
epoch_seconds(const ModelOptions *options, double labels, double rows, double seed, double numbers, double weights)
{
	double		batches = Max(labels / options->batch_size, 1);
	double		picks = options->batch_size * seed;
	double		different = rows / 2 * (1 - exp(-2 * picks / Max(rows, 1)));

	return batches * (BATCH_SECONDS + weights * WEIGHT_SECONDS +
					  (picks * PICK_SECONDS + different * numbers / Max(rows, 1) * NUMBER_SECONDS) * options->hidden / 64);
}

/*
 * The estimate for a graph and the options of a training.  Labels are taken
 * to be those of the largest node type, one a row.
 */
TrainEstimate
train_estimate(const Graph *graph, const ModelOptions *options)
{
	TrainEstimate estimate = {0};
	double		widest = 0;
	double		width = 0;
	double		numbers = 0;
	double		edges = 0;
	double		labels = -1;
	int			labeled = 0;
	double		seed,
				batch,
				weights,
				learning;

	estimate.resident = nodes_bytes(graph, &widest, &width, &numbers, &estimate);
	estimate.resident += edges_bytes(graph, &edges, &widest, &width, &estimate);
	for (int t = 0; t < graph->nnode_types; t++)
	{
		double		rows = graph_estimate_rows(graph->node_types[t].relid);

		if (rows > labels)
		{
			labels = rows;
			labeled = t;
		}
	}
	seed = sample_nodes(graph, options, labeled);
	batch = Min(options->batch_size * seed / SHARED, estimate.rows) * (widest + STATES * options->hidden) * sizeof(float);
	weights = 2 * options->hidden * (width + 2.0 * options->hidden) * sizeof(float);
	learning = WEIGHT_COPIES * weights + batch + LABEL_BYTES * labels;
	estimate.training = estimate.resident + Max(learning, edges);
	estimate.in_memory = estimate.resident + edges <= memory_for_tables();
	estimate.load_seconds = estimate.rows * LOAD_NODE_SECONDS + estimate.edges * LOAD_EDGE_SECONDS;
	estimate.epoch_seconds = epoch_seconds(options, 0.8 * labels, estimate.rows, seed, numbers,
										   weights / sizeof(float));
	return estimate;
}
