/*
 * model_forward_table.c
 *		Running a network over whole tables, layer by layer.
 *
 * Which neighbors a node collects from does not depend on who asks, so the
 * hidden state of a node at a level is one value: computing it once for all
 * nodes gives the same answer as sampling around each, at a twentieth of the
 * cost.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/memory.h"
#include "base/spill.h"
#include "model/model_forward.h"

/* Destinations done at a time: what they need fits the cache. */
#define CHUNK_ROWS	4096
#define CHUNK_ROWS_MIN	64

/* The states of all nodes of each type at one level. */
typedef struct TableLevel
{
	LayerRows  *rows;			/* [types] */
	int64	   *counts;			/* [types] */
	LayerEdges *edges;			/* [relations] at level 0: the rows of their edges; NULL above */
} TableLevel;

static int
dense_width(const ModelSpec *spec, int type)
{
	return spec->features[type] != NULL ? feature_dense_width(spec->features[type]) : 0;
}

/* Fewer at a time where what they need would not fit an eighth of sage.max_memory. */
static int64
chunk_rows(const Model *model)
{
	const Graph *graph = model->graph;
	double		floats = 4 * model->spec->hidden;

	for (int r = 0; r < graph->nrelations; r++)
		floats += dense_width(model->spec, graph->relations[r].src_type);
	for (int t = 0; t < graph_table_count(graph); t++)
		floats += dense_width(model->spec, t);
	return (int64) Max(Min(guc_max_memory * 128.0 / (floats * sizeof(float)), CHUNK_ROWS), CHUNK_ROWS_MIN);
}

static void
tensor_wrap(Tensor *tensor, float *data, int64 rows, int64 cols)
{
	tensor->rows = rows;
	tensor->cols = cols;
	tensor->data = data;
	tensor->grad = NULL;
}

/* All rows' dense parts as of a time. */
static float *
table_dense_as_of(const Model *model, GraphStore *store, int type, FeatureTable *table, int64 count, TimestampTz at)
{
	const ModelSpec *spec = model->spec;
	const float *encoded = feature_table_dense(table);
	const TimestampTz *row_times = type < model->graph->nnode_types ? store_node_times(store, type) : NULL;
	int64		width = feature_dense_width(spec->features[type]);
	int64		cols = model_dense_width(spec, model->graph, type);
	float	   *dense = memory_alloc_table(memory_bytes(count, cols), sizeof(float));

	for (int64 i = 0; i < count; i++)
	{
		if (i % CHUNK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		model_row_as_of(spec, model->graph, type, encoded + i * width, row_times != NULL ? row_times[i] : DT_NOEND, at,
						dense + i * cols);
	}
	return dense;
}

/* Level 0: the encoded rows themselves, where they are, or as of a time. */
static LayerRows
table_input(const Model *model, GraphStore *store, int type, FeatureTable *table, int64 count, TimestampTz at)
{
	const ModelSpec *spec = model->spec;
	LayerRows	rows = {NULL, NULL};
	bool		constant = model_is_constant(spec, model->graph, type);
	int			dense = constant ? 0 : model_dense_width(spec, model->graph, type);
	int			sparse = feature_sparse_width(spec->features[type]);

	if (dense > 0)
	{
		rows.dense = palloc(sizeof(Tensor));
		tensor_wrap(rows.dense, spec->temporal ? table_dense_as_of(model, store, type, table, count, at) :
					(float *) feature_table_dense(table), count, dense);
	}
	if (sparse > 0)
	{
		SparseRows *all = palloc(sizeof(SparseRows));

		*all = feature_table_sparse(table);
		rows.sparse = all;
	}
	if (constant)
	{
		rows.dense = palloc(sizeof(Tensor));
		tensor_wrap(rows.dense, memory_alloc_table(count, sizeof(float)), count, 1);
		for (int64 i = 0; i < count; i++)
			rows.dense->data[i] = 1.0f;
	}
	return rows;
}

/* The rows of edges at level 0, by relation; those of two directions are the same. */
static LayerEdges *
table_edges(const Model *model, GraphStore *store, FeatureTable *const *tables, TimestampTz at)
{
	const Graph *graph = model->graph;
	LayerEdges *edges = palloc0(Max(graph->nrelations, 1) * sizeof(LayerEdges));
	LayerRows  *by_type = palloc0(Max(graph->nedge_types, 1) * sizeof(LayerRows));

	for (int r = 0; r < graph->nrelations; r++)
	{
		int			e = graph->relations[r].edge_type;
		int			table = graph_edge_table(graph, e);

		if (model->edges[r] == NULL)
			continue;
		if (by_type[e].dense == NULL && by_type[e].sparse == NULL)
			by_type[e] = table_input(model, store, table, tables[table], feature_table_count(tables[table]), at);
		edges[r].rows = by_type[e];
	}
	return edges;
}

/* Rows [from, from + n) of a type's states. */
static LayerRows
rows_stretch(Tape *tape, const LayerRows *rows, int64 from, int64 n)
{
	LayerRows	stretch = {NULL, NULL};

	if (rows->dense != NULL)
	{
		stretch.dense = tape_alloc(tape, 1, sizeof(Tensor));
		tensor_wrap(stretch.dense, rows->dense->data + from * rows->dense->cols, n, rows->dense->cols);
	}
	if (rows->sparse != NULL)
	{
		SparseRows *sparse = tape_alloc(tape, 1, sizeof(SparseRows));

		*sparse = *rows->sparse;
		sparse->rows = n;
		sparse->offsets += from;
		stretch.sparse = sparse;
	}
	return stretch;
}

/*
 * All sparse rows of a relation's source type, or of its edges, projected:
 * done once, because every chunk of destinations needs some of them.
 */
static Tensor *
project_all(Tape *tape, Model *model, Tensor *weight, const LayerRows *rows, int64 count)
{
	Tensor	   *projected = palloc(sizeof(Tensor));
	int64		chunk = chunk_rows(model);

	tensor_wrap(projected, memory_alloc_table(count * weight->cols, sizeof(float)), count, weight->cols);
	for (int64 from = 0; from < count; from += chunk)
	{
		int64		n = Min(chunk, count - from);
		LayerRows	stretch = rows_stretch(tape, rows, from, n);
		Tensor	   *part;

		CHECK_FOR_INTERRUPTS();
		part = layer_project_sparse(tape, &stretch, weight);
		memcpy(projected->data + from * weight->cols, part->data, n * weight->cols * sizeof(float));
		tape_reset(tape);
	}
	return projected;
}

/*
 * The neighbors of the n nodes of a type from "from" on, into blocks and
 * edges, both by relation; edges may be NULL.
 */
static void
table_blocks(const Model *model, GraphStore *store, const Fanout *fanout, int layer, int type, int64 from, int64 n,
			 const ForwardTime *time, RelationBlock *blocks, LayerEdges *edges)
{
	const Graph *graph = model->graph;
	int32	   *dst = palloc(n * sizeof(int32));
	TimestampTz *times = time->at == STORE_ALWAYS ? NULL : palloc(n * sizeof(TimestampTz));

	for (int64 i = 0; i < n; i++)
	{
		dst[i] = (int32) (from + i);
		if (times != NULL)
			times[i] = time->at;
	}
	for (int r = 0; r < graph->nrelations; r++)
	{
		NeighborPick pick = {.count = fanout_count(fanout, model->spec->layers - layer + 1, r),
		.inclusive = time->inclusive,.window = model->spec->time_window};
		NeighborList list;

		if (graph->relations[r].dst_type != type || model_relation(model, layer, r) == NULL)
			continue;
		store_neighbors(store, r, dst, times, n, &pick, &list);
		blocks[r].nedges = list.offsets[n];
		blocks[r].offsets = list.offsets;
		blocks[r].src = list.nodes;
		blocks[r].weights = list.weights;
		blocks[r].rows = list.rows;
		if (edges != NULL)
			edges[r].places = list.rows;
	}
}

/*
 * One type's states at one level, chunk by chunk, into result, if it is not
 * NULL.  With an output, which the last level has, their logits as well: to
 * keep all states of that level would take more memory than all else.
 */
static void
forward_type(Tape *tape, Model *model, GraphStore *store, const Fanout *fanout, int layer, int type,
			 const TableLevel *level, Tensor **projected, const ForwardTime *time, float *result,
			 ModelOutput *output)
{
	const ModelSpec *spec = model->spec;
	MemoryContext chunk_cxt = AllocSetContextCreate(CurrentMemoryContext, "sage chunk", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(chunk_cxt);
	int64		chunk = chunk_rows(model);

	for (int64 from = 0; from < level->counts[type]; from += chunk)
	{
		int64		n = Min(chunk, level->counts[type] - from);
		RelationBlock *blocks = palloc0(Max(model->graph->nrelations, 1) * sizeof(RelationBlock));
		LayerInput	input = {
			.ndst = n,.self = rows_stretch(tape, &level->rows[type], from, n),
			.blocks = blocks,.rows = level->rows,.projected = projected,.edges = level->edges
		};
		Tensor	   *hidden;

		CHECK_FOR_INTERRUPTS();
		table_blocks(model, store, fanout, layer, type, from, n, time, blocks, level->edges);
		hidden = model_layer(model, tape, layer, type, &input, 0, 0);
		if (result != NULL)
			memcpy(result + from * spec->hidden, hidden->data, n * spec->hidden * sizeof(float));
		if (output != NULL)
			memcpy(output->logits + from * spec->noutputs,
				   head_linear(tape, hidden, model->head_weight, model->head_bias)->data,
				   n * spec->noutputs * sizeof(float));
		tape_reset(tape);
		MemoryContextReset(chunk_cxt);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(chunk_cxt);
}

/* Projects what will be averaged, where mean and product may change places. */
static void
project_level(Tape *tape, Model *model, int layer, const TableLevel *below, Tensor **projected)
{
	const Graph *graph = model->graph;

	if (!model->spec->conv->linear_mean)
		return;
	for (int r = 0; r < graph->nrelations; r++)
	{
		int			src = graph->relations[r].src_type;
		Tensor	  **params = model_relation(model, layer, r);
		LayerEdges *edges = below->edges != NULL ? &below->edges[r] : NULL;

		if (params != NULL && below->rows[src].sparse != NULL)
			projected[r] = project_all(tape, model, params[0], &below->rows[src], below->counts[src]);
		if (edges != NULL && model->edges[r] != NULL && edges->rows.sparse != NULL)
			edges->projected = project_all(tape, model, model->edges[r][0], &edges->rows, edges->rows.sparse->rows);
	}
}

/* The states of all needed types at one level, from those one below; the last level is the output. */
static TableLevel
forward_level(Tape *tape, Model *model, GraphStore *store, const Fanout *fanout, int layer, const TableLevel *below,
			  const ForwardTime *time, ModelOutput *output)
{
	const Graph *graph = model->graph;
	bool		last = layer == model->spec->layers;
	TableLevel	level = {palloc0(graph->nnode_types * sizeof(LayerRows)), below->counts, NULL};
	Tensor	  **projected = palloc0(Max(graph->nrelations, 1) * sizeof(Tensor *));

	project_level(tape, model, layer, below, projected);
	for (int t = 0; t < graph->nnode_types; t++)
	{
		float	   *result;

		if (!model_needs(model, layer, t))
			continue;
		result = last ? output->hidden : memory_alloc_table(below->counts[t] * model->spec->hidden, sizeof(float));
		level.rows[t].dense = palloc(sizeof(Tensor));
		tensor_wrap(level.rows[t].dense, result, below->counts[t], model->spec->hidden);
		forward_type(tape, model, store, fanout, layer, t, below, projected, time, result, last ? output : NULL);
	}
	return level;
}

/*
 * Logits of all nodes of the seeds' type, by their number in the store, which
 * must be a resident one.  All nodes are scored as of one time.  The output is
 * in CurrentMemoryContext.
 */
void
model_forward_table(Model *model, GraphStore *store, FeatureTable *const *tables, const Fanout *fanout,
					const ForwardTime *time, bool want_hidden, ModelOutput *output)
{
	const ModelSpec *spec = model->spec;
	const Graph *graph = model->graph;
	MemoryContext result_cxt = CurrentMemoryContext;
	MemoryContext levels[2];
	MemoryContext tape_cxt;
	TableLevel	level;
	Tape	   *tape;
	int64		count;

	levels[0] = AllocSetContextCreate(result_cxt, "sage level", ALLOCSET_DEFAULT_SIZES);
	levels[1] = AllocSetContextCreate(result_cxt, "sage level", ALLOCSET_DEFAULT_SIZES);
	tape_cxt = AllocSetContextCreate(result_cxt, "sage tape", ALLOCSET_DEFAULT_SIZES);
	tape = tape_create(tape_cxt, false);
	MemoryContextSwitchTo(levels[0]);
	level.rows = palloc0(graph->nnode_types * sizeof(LayerRows));
	level.counts = MemoryContextAlloc(result_cxt, graph->nnode_types * sizeof(int64));
	for (int t = 0; t < graph->nnode_types; t++)
	{
		level.counts[t] = store_node_count(store, t);
		if (model_needs(model, 0, t))
			level.rows[t] = table_input(model, store, t, tables[t], level.counts[t],
										time->at == STORE_ALWAYS ? time->now : time->at);
	}
	level.edges = table_edges(model, store, tables, time->at == STORE_ALWAYS ? time->now : time->at);
	MemoryContextSwitchTo(result_cxt);
	count = level.counts[spec->node_type];
	output->rows = count;
	output->outputs = spec->noutputs;
	output->hidden_width = spec->hidden;
	output->logits = memory_alloc_table(count * spec->noutputs, sizeof(float));
	output->hidden = want_hidden ? memory_alloc_table(count * spec->hidden, sizeof(float)) : NULL;
	for (int layer = 1; layer <= spec->layers; layer++)
	{
		MemoryContextSwitchTo(levels[layer % 2]);
		level = forward_level(tape, model, store, fanout, layer, &level, time, output);
		MemoryContextReset(levels[(layer + 1) % 2]);
		spill_rest();
	}
	MemoryContextSwitchTo(result_cxt);
	MemoryContextDelete(tape_cxt);
	MemoryContextDelete(levels[0]);
	MemoryContextDelete(levels[1]);
}
