/*
 * model_input.c
 *		The encoded rows of a sample's nodes, and of the edges of its first
 *		layer, as that layer reads them.
 *
 * Plain C, but for model_input_size(): training has them made by a thread,
 * while the batch before is being learned from.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/memory.h"
#include "base/random.h"
#include "model/model_forward.h"
#include "tensor/kernel_dense.h"
#include "tensor/kernel_sparse.h"

/* The sparse entries of some nodes' rows. */
static int64
sparse_entries(const SparseRows *table, const int32 *nodes, int64 n)
{
	int64		entries = 0;

	for (int64 i = 0; i < n; i++)
		entries += table->offsets[nodes[i] + 1] - table->offsets[nodes[i]];
	return entries;
}

/*
 * The sparse parts of some nodes' encoded rows.  With dropout each entry is
 * left out with probability p and the rest scaled up; leaving it out saves
 * the work as well.  Which ones is drawn by the node's number, or by its place
 * in the sample: numbers depend on rows of the future, too.  NULL if the arena is full.
 */
static const SparseRows *
gather_sparse(Arena *arena, const SparseRows *table, const int32 *nodes, int64 n, float p, bool by_place, uint64 seed)
{
	SparseRows *rows = arena_alloc(arena, 1, sizeof(SparseRows));
	bool		valued = table->values != NULL;
	int64		entries = sparse_entries(table, nodes, n);
	int64	   *offsets = arena_alloc(arena, n + 1, sizeof(int64));
	int32	   *ids = arena_alloc(arena, entries, sizeof(int32));
	float	   *values = valued ? arena_alloc(arena, entries, sizeof(float)) : NULL;

	if (rows == NULL || offsets == NULL || ids == NULL || (valued && values == NULL))
		return NULL;
	kernel_sparse_pick(table, nodes, n, p, by_place, seed, offsets, ids, values);
	rows->rows = n;
	rows->cols = table->cols;
	rows->offsets = offsets;
	rows->ids = ids;
	rows->values = values;
	rows->scale = table->scale / (1 - p);
	return rows;
}

/* A tensor without gradient; NULL if the arena is full. */
static Tensor *
arena_tensor(Arena *arena, int64 rows, int64 cols)
{
	Tensor	   *tensor = arena_alloc(arena, 1, sizeof(Tensor));
	float	   *data = arena_alloc(arena, rows * cols, sizeof(float));

	if (tensor == NULL || data == NULL)
		return NULL;
	tensor->rows = rows;
	tensor->cols = cols;
	tensor->data = data;
	tensor->grad = NULL;
	return tensor;
}

/*
 * The dense part of one row as it enters the network, model_dense_width()
 * numbers: its encoded columns, of which those that are times become times
 * ago, and its age.
 */
void
model_row_as_of(const ModelSpec *spec, const Graph *graph, int type, const float *encoded, TimestampTz row_time,
				TimestampTz at, float *row)
{
	const FeatureSet *set = spec->features[type];
	int			width = feature_dense_width(set);

	memcpy(row, encoded, width * sizeof(float));
	if (!spec->temporal)
		return;
	feature_times_as_of(set, at, row);
	if (model_has_age(spec, graph, type))
		feature_age(row_time, at, row + width);
}

/* The dense parts of a sample's nodes of one type; NULL if the arena is full. */
static Tensor *
gather_dense(Arena *arena, const Model *model, int type, FeatureTable *table, const Sample *sample,
			 const ForwardOptions *options)
{
	const ModelSpec *spec = model->spec;
	int64		n = sample->nnodes[type];
	int64		cols = model_dense_width(spec, model->graph, type);
	int64		encoded = feature_dense_width(spec->features[type]);
	const float *all = feature_table_dense(table);
	const int32 *nodes = sample->nodes[type];
	const TimestampTz *row_times = sample->row_times[type];
	const TimestampTz *times = sample->times[type];
	Tensor	   *rows = arena_tensor(arena, n, cols);

	if (rows == NULL)
		return NULL;
	for (int64 i = 0; i < n; i++)
		model_row_as_of(spec, model->graph, type, all + nodes[i] * encoded,
						row_times != NULL ? row_times[nodes[i]] : DT_NOEND,
						times != NULL && !TIMESTAMP_IS_NOEND(times[i]) ? times[i] : options->now, rows->data + i * cols);
	if (options->input_dropout > 0)
		kernel_dropout(rows->data, n * cols, 0, options->input_dropout, random_hash(options->seed, DROPOUT_ROWS + type));
	return rows;
}

/* The rows of a sample's nodes of one type; false if the arena is full. */
static bool
input_rows(Arena *arena, const Model *model, int type, FeatureTable *table, const Sample *sample,
		   const ForwardOptions *options, LayerRows *rows)
{
	const ModelSpec *spec = model->spec;
	int64		n = sample->nnodes[type];

	if (model_is_constant(spec, model->graph, type))
	{
		rows->dense = arena_tensor(arena, n, 1);
		for (int64 i = 0; rows->dense != NULL && i < n; i++)
			rows->dense->data[i] = 1.0f;
		return rows->dense != NULL;
	}
	if (model_dense_width(spec, model->graph, type) > 0)
	{
		rows->dense = gather_dense(arena, model, type, table, sample, options);
		if (rows->dense == NULL)
			return false;
	}
	if (feature_sparse_width(spec->features[type]) > 0)
	{
		SparseRows	all = feature_table_sparse(table);

		rows->sparse = gather_sparse(arena, &all, sample->nodes[type], n, options->input_dropout, spec->temporal,
									 random_hash(options->seed, DROPOUT_ROWS + type));
		if (rows->sparse == NULL)
			return false;
	}
	return true;
}

/* What each edge of a block counts in its destination's mean: all 0 where the weights add up to nothing. */
static void
edge_shares(const RelationBlock *block, int64 ndst, float *shares)
{
	for (int64 d = 0; block->nedges > 0 && d < ndst; d++)
	{
		double		total = 0;

		for (int64 e = block->offsets[d]; e < block->offsets[d + 1]; e++)
			total += block->weights != NULL ? block->weights[e] : 1;
		for (int64 e = block->offsets[d]; e < block->offsets[d + 1]; e++)
			shares[e] = total > 0 ? (float) ((block->weights != NULL ? block->weights[e] : 1) / total) : 0;
	}
}

/* The dense parts, means over each destination's edges; NULL if the arena is full. */
static Tensor *
mean_edges_dense(Arena *arena, const Model *model, int relation, FeatureTable *table, const Sample *sample,
				 const float *shares, const ForwardOptions *options)
{
	const Graph *graph = model->graph;
	int			place = graph_edge_table(graph, graph->relations[relation].edge_type);
	int			dst_type = graph->relations[relation].dst_type;
	const RelationBlock *block = &sample->blocks[0].relations[relation];
	const TimestampTz *times = sample->times[dst_type];
	const float *all = feature_table_dense(table);
	int64		ndst = sample->blocks[0].ndst[dst_type];
	int64		cols = feature_dense_width(model->spec->features[place]);
	Tensor	   *rows = arena_tensor(arena, ndst, cols);
	float	   *row = arena_alloc(arena, cols, sizeof(float));

	if (rows == NULL || row == NULL)
		return NULL;
	memset(rows->data, 0, ndst * cols * sizeof(float));
	for (int64 d = 0; block->nedges > 0 && d < ndst; d++)
	{
		TimestampTz at = times != NULL && !TIMESTAMP_IS_NOEND(times[d]) ? times[d] : options->now;

		for (int64 e = block->offsets[d]; e < block->offsets[d + 1]; e++)
		{
			model_row_as_of(model->spec, graph, place, all + block->rows[e] * cols, DT_NOEND, at, row);
			for (int64 c = 0; c < cols; c++)
				rows->data[d * cols + c] += shares[e] * row[c];
		}
	}
	return rows;
}

/*
 * The sparse parts, means likewise: a destination's row has the entries of all
 * its edges, one behind the other.  NULL if the arena is full.
 */
static const SparseRows *
mean_edges_sparse(Arena *arena, const RelationBlock *block, int64 ndst, FeatureTable *table, const float *shares,
				  float p, uint64 seed)
{
	SparseRows	all = feature_table_sparse(table);
	SparseRows *rows = arena_alloc(arena, 1, sizeof(SparseRows));
	int64	   *offsets = arena_alloc(arena, ndst + 1, sizeof(int64));
	const SparseRows *edges = gather_sparse(arena, &all, block->rows, block->nedges, p, true, seed);
	float	   *values;

	if (rows == NULL || offsets == NULL || edges == NULL)
		return NULL;
	values = arena_alloc(arena, edges->offsets[block->nedges], sizeof(float));
	if (values == NULL)
		return NULL;
	for (int64 e = 0; e < block->nedges; e++)
	{
		for (int64 i = edges->offsets[e]; i < edges->offsets[e + 1]; i++)
			values[i] = shares[e] * (edges->values != NULL ? edges->values[i] : 1);
	}
	for (int64 d = 0; d <= ndst; d++)
		offsets[d] = block->nedges > 0 ? edges->offsets[block->offsets[d]] : 0;
	*rows = *edges;
	rows->rows = ndst;
	rows->offsets = offsets;
	rows->values = values;
	return rows;
}

/*
 * For each destination of the first layer the mean of its edges' rows, in one
 * relation; false if the arena is full.  Nothing is learned below it, so that
 * a convolution of means can have it made here, before the weights.  What dropout leaves out is drawn by
 * the place in the sample, because rows have their numbers by where they lie.
 */
static bool
mean_edges(Arena *arena, const Model *model, int relation, FeatureTable *table, const Sample *sample,
			const ForwardOptions *options, LayerRows *rows)
{
	const FeatureSet *set = model_edge_features(model->spec, model->graph, relation);
	const RelationBlock *block = &sample->blocks[0].relations[relation];
	int64		ndst = sample->blocks[0].ndst[model->graph->relations[relation].dst_type];
	uint64		seed = random_hash(random_hash(options->seed, DROPOUT_ROWS + model->graph->nnode_types), relation);
	float	   *shares = arena_alloc(arena, block->nedges, sizeof(float));

	if (shares == NULL)
		return false;
	edge_shares(block, ndst, shares);
	if (feature_dense_width(set) > 0)
	{
		rows->dense = mean_edges_dense(arena, model, relation, table, sample, shares, options);
		if (rows->dense == NULL)
			return false;
		if (options->input_dropout > 0)
			kernel_dropout(rows->dense->data, ndst * rows->dense->cols, 0, options->input_dropout, seed);
	}
	if (feature_sparse_width(set) > 0)
	{
		rows->sparse = mean_edges_sparse(arena, block, ndst, table, shares, options->input_dropout, seed);
		if (rows->sparse == NULL)
			return false;
	}
	return true;
}

/*
 * The rows of the first layer's edges themselves, in one relation, in the
 * order of the edges; false if the arena is full.  Dropout as above.
 */
static bool
gather_edges(Arena *arena, const Model *model, int relation, FeatureTable *table, const Sample *sample,
			 const ForwardOptions *options, LayerEdges *edges)
{
	const Graph *graph = model->graph;
	const FeatureSet *set = model_edge_features(model->spec, graph, relation);
	const RelationBlock *block = &sample->blocks[0].relations[relation];
	int			place = graph_edge_table(graph, graph->relations[relation].edge_type);
	int			dst_type = graph->relations[relation].dst_type;
	const TimestampTz *times = sample->times[dst_type];
	int64		cols = feature_dense_width(set);
	uint64		seed = random_hash(random_hash(options->seed, DROPOUT_ROWS + graph->nnode_types), relation);
	int32	   *places = arena_alloc(arena, block->nedges, sizeof(int32));

	if (places == NULL)
		return false;
	for (int64 e = 0; e < block->nedges; e++)
		places[e] = (int32) e;
	edges->places = places;
	if (cols > 0)
	{
		const float *all = feature_table_dense(table);
		Tensor	   *rows = arena_tensor(arena, block->nedges, cols);

		if (rows == NULL)
			return false;
		for (int64 d = 0; block->nedges > 0 && d < sample->blocks[0].ndst[dst_type]; d++)
		{
			TimestampTz at = times != NULL && !TIMESTAMP_IS_NOEND(times[d]) ? times[d] : options->now;

			for (int64 e = block->offsets[d]; e < block->offsets[d + 1]; e++)
				model_row_as_of(model->spec, graph, place, all + block->rows[e] * cols, DT_NOEND, at,
								rows->data + e * cols);
		}
		if (options->input_dropout > 0)
			kernel_dropout(rows->data, block->nedges * cols, 0, options->input_dropout, seed);
		edges->rows.dense = rows;
	}
	if (feature_sparse_width(set) > 0)
	{
		SparseRows	all = feature_table_sparse(table);

		edges->rows.sparse = gather_sparse(arena, &all, block->rows, block->nedges, options->input_dropout, true, seed);
		return edges->rows.sparse != NULL;
	}
	return true;
}

/* Bytes that a sparse part of n rows may take; 0 if there is none. */
static Size
sparse_size(const FeatureSet *set, FeatureTable *table, const int32 *rows, int64 n)
{
	SparseRows	all;

	if (feature_sparse_width(set) == 0)
		return 0;
	all = feature_table_sparse(table);
	return memory_bytes(n + 1, sizeof(int64)) + memory_bytes(sparse_entries(&all, rows, n), sizeof(int32)) +
		(all.values != NULL ? memory_bytes(sparse_entries(&all, rows, n), sizeof(float)) : 0) + sizeof(SparseRows) +
		4 * ARENA_ALIGN;
}

/* The same for mean_edges() and gather_edges(). */
static Size
edges_size(const Model *model, int relation, FeatureTable *table, const Sample *sample)
{
	const FeatureSet *set = model_edge_features(model->spec, model->graph, relation);
	const RelationBlock *block = &sample->blocks[0].relations[relation];
	int64		ndst = sample->blocks[0].ndst[model->graph->relations[relation].dst_type];

	int64		rows = model->spec->conv->linear_mean ? ndst : block->nedges;

	/* sparse parts twice: as they are, and as shares; a row more where one is made */
	return memory_bytes(block->nedges, sizeof(float)) + memory_bytes(rows + 1, feature_dense_width(set) * sizeof(float)) +
		memory_bytes(ndst + 1, sizeof(int64)) + 2 * sparse_size(set, table, block->rows, block->nedges) +
		sizeof(Tensor) + 8 * ARENA_ALIGN;
}

/* Bytes that are enough for model_input(). */
Size
model_input_size(const Model *model, const Sample *sample, FeatureTable *const *tables)
{
	const Graph *graph = model->graph;
	Size		bytes = sizeof(ModelInput) + memory_bytes(graph->nnode_types, sizeof(LayerRows)) +
		memory_bytes(graph->nrelations, sizeof(LayerEdges)) + 3 * ARENA_ALIGN;

	for (int t = 0; t < graph->nnode_types; t++)
	{
		int64		n = sample->nnodes[t];

		if (model_needs(model, 0, t))
			bytes += memory_bytes(n * Max(model_dense_width(model->spec, graph, t), 1), sizeof(float)) + sizeof(Tensor) +
				2 * ARENA_ALIGN + sparse_size(model->spec->features[t], tables[t], sample->nodes[t], n);
	}
	for (int r = 0; r < graph->nrelations; r++)
	{
		if (model->edges[r] != NULL)
			bytes += edges_size(model, r, tables[graph_edge_table(graph, graph->relations[r].edge_type)], sample);
	}
	return bytes;
}

/*
 * The encoded rows of the sample's nodes, and those of the first layer's
 * edges, with nothing for what nobody reads; NULL if the arena is full.
 */
ModelInput *
model_input(const Model *model, Arena *arena, const Sample *sample, FeatureTable *const *tables,
			const ForwardOptions *options)
{
	const Graph *graph = model->graph;
	ModelInput *input = arena_alloc(arena, 1, sizeof(ModelInput));
	LayerRows  *rows = arena_alloc(arena, graph->nnode_types, sizeof(LayerRows));
	LayerEdges *edges = arena_alloc(arena, graph->nrelations, sizeof(LayerEdges));

	if (input == NULL || rows == NULL || edges == NULL)
		return NULL;
	memset(rows, 0, graph->nnode_types * sizeof(LayerRows));
	memset(edges, 0, graph->nrelations * sizeof(LayerEdges));
	for (int t = 0; t < graph->nnode_types; t++)
	{
		if (model_needs(model, 0, t) &&
			!input_rows(arena, model, t, tables[t], sample, options, &rows[t]))
			return NULL;
	}
	for (int r = 0; r < graph->nrelations; r++)
	{
		FeatureTable *table = tables[graph_edge_table(graph, graph->relations[r].edge_type)];

		edges[r].averaged = model->spec->conv->linear_mean;
		if (model->edges[r] != NULL &&
			!(edges[r].averaged ?
			  mean_edges(arena, model, r, table, sample, options, &edges[r].rows) :
			  gather_edges(arena, model, r, table, sample, options, &edges[r])))
			return NULL;
	}
	input->rows = rows;
	input->edges = edges;
	return input;
}
