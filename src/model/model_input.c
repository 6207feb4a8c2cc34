/*
 * model_input.c
 *		The encoded rows of a sample's nodes, as the first layer reads them.
 *
 * Plain C, but for model_input_size(): training has them made by a thread,
 * while the batch before is being learnt from.
 */
#include "postgres.h"

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
 * the work as well.  NULL if the arena is full.
 */
static const SparseRows *
gather_sparse(Arena *arena, const SparseRows *table, const int32 *nodes, int64 n, float p, uint64 seed)
{
	SparseRows *rows = arena_alloc(arena, 1, sizeof(SparseRows));
	bool		valued = table->values != NULL || p > 0;
	int64		entries = sparse_entries(table, nodes, n);
	int64	   *offsets = arena_alloc(arena, n + 1, sizeof(int64));
	int32	   *ids = arena_alloc(arena, entries, sizeof(int32));
	float	   *values = valued ? arena_alloc(arena, entries, sizeof(float)) : NULL;

	if (rows == NULL || offsets == NULL || ids == NULL || (valued && values == NULL))
		return NULL;
	kernel_sparse_pick(table, nodes, n, p, seed, offsets, ids, values);
	rows->rows = n;
	rows->cols = table->cols;
	rows->offsets = offsets;
	rows->ids = ids;
	rows->values = values;
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

static Tensor *
gather_dense(Arena *arena, const float *table, int64 cols, const int32 *nodes, int64 n, float p, uint64 seed)
{
	Tensor	   *rows = arena_tensor(arena, n, cols);

	if (rows == NULL)
		return NULL;
	for (int64 i = 0; i < n; i++)
		memcpy(rows->data + i * cols, table + nodes[i] * cols, cols * sizeof(float));
	if (p > 0)
		kernel_dropout(rows->data, n * cols, 0, p, seed);
	return rows;
}

/* The rows of n nodes of one type; false if the arena is full. */
static bool
input_rows(Arena *arena, const ModelSpec *spec, int type, FeatureTable *table, const int32 *nodes, int64 n,
		   const ForwardOptions *options, LayerRows *rows)
{
	int			dense = feature_dense_width(spec->features[type]);
	int			sparse = feature_sparse_width(spec->features[type]);
	uint64		seed = random_hash(options->seed, type);

	if (dense > 0)
		rows->dense = gather_dense(arena, feature_table_dense(table), dense, nodes, n, options->input_dropout, seed);
	if (sparse > 0)
	{
		SparseRows	all = feature_table_sparse(table);

		rows->sparse = gather_sparse(arena, &all, nodes, n, options->input_dropout, seed);
	}
	if (dense == 0 && sparse == 0)
	{
		rows->dense = arena_tensor(arena, n, 1);
		for (int64 i = 0; rows->dense != NULL && i < n; i++)
			rows->dense->data[i] = 1.0f;
	}
	return (dense == 0 || rows->dense != NULL) && (sparse == 0 || rows->sparse != NULL) &&
		(rows->dense != NULL || rows->sparse != NULL);
}

/* Bytes that are enough for model_input(). */
Size
model_input_size(const Model *model, const Sample *sample, FeatureTable *const *tables)
{
	int			ntypes = model->graph->nnode_types;
	Size		bytes = memory_bytes(ntypes, sizeof(LayerRows)) + ARENA_ALIGN;

	for (int t = 0; t < ntypes; t++)
	{
		int64		n = sample->nnodes[t];
		int			dense = feature_dense_width(model->spec->features[t]);

		if (!model_needs(model, 0, t))
			continue;
		bytes += memory_bytes(n * Max(dense, 1), sizeof(float)) + sizeof(Tensor) + 2 * ARENA_ALIGN;
		if (feature_sparse_width(model->spec->features[t]) > 0)
		{
			SparseRows	all = feature_table_sparse(tables[t]);
			int64		entries = sparse_entries(&all, sample->nodes[t], n);

			bytes += memory_bytes(n + 1, sizeof(int64)) + memory_bytes(entries, sizeof(int32) + sizeof(float)) +
				sizeof(SparseRows) + 4 * ARENA_ALIGN;
		}
	}
	return bytes;
}

/*
 * The encoded rows of the sample's nodes by type, with nothing for types that
 * nobody reads; NULL if the arena is full.
 */
LayerRows *
model_input(const Model *model, Arena *arena, const Sample *sample, FeatureTable *const *tables,
			const ForwardOptions *options)
{
	int			ntypes = model->graph->nnode_types;
	LayerRows  *rows = arena_alloc(arena, ntypes, sizeof(LayerRows));

	for (int t = 0; rows != NULL && t < ntypes; t++)
	{
		rows[t].dense = NULL;
		rows[t].sparse = NULL;
		if (model_needs(model, 0, t) &&
			!input_rows(arena, model->spec, t, tables[t], sample->nodes[t], sample->nnodes[t], options, &rows[t]))
			return NULL;
	}
	return rows;
}
