/*
 * model_forward.c
 *		Running a network over a sample.
 */
#include "postgres.h"

#include <math.h>

#include "base/random.h"
#include "model/model_forward.h"
#include "tensor/kernel_loss.h"
#include "tensor/kernel_sparse.h"

/*
 * The sparse parts of some nodes' encoded rows.  With dropout each entry is
 * left out with probability p and the rest scaled up; leaving it out saves
 * the work as well.
 */
static const SparseRows *
gather_sparse(Tape *tape, const SparseRows *table, const int32 *nodes, int64 n, float p, uint64 seed)
{
	SparseRows *rows = tape_alloc(tape, 1, sizeof(SparseRows));
	int64	   *offsets = tape_alloc(tape, n + 1, sizeof(int64));
	int64		total = 0;
	int32	   *ids;
	float	   *values = NULL;

	for (int64 i = 0; i < n; i++)
		total += table->offsets[nodes[i] + 1] - table->offsets[nodes[i]];
	ids = tape_alloc(tape, total, sizeof(int32));
	if (table->values != NULL || p > 0)
		values = tape_alloc(tape, total, sizeof(float));
	kernel_sparse_pick(table, nodes, n, p, seed, offsets, ids, values);
	rows->rows = n;
	rows->cols = table->cols;
	rows->offsets = offsets;
	rows->ids = ids;
	rows->values = values;
	return rows;
}

static Tensor *
gather_dense(Tape *tape, const float *table, int64 cols, const int32 *nodes, int64 n, float p, uint64 seed)
{
	Tensor	   *rows = tape_constant(tape, n, cols);

	for (int64 i = 0; i < n; i++)
		memcpy(rows->data + i * cols, table + nodes[i] * cols, cols * sizeof(float));
	if (p > 0)
		rows = tape_dropout(tape, rows, p, seed);
	return rows;
}

/* The encoded rows of a sample's nodes of one type. */
static LayerRows
input_rows(Tape *tape, const ModelSpec *spec, int type, FeatureTable *table, const int32 *nodes, int64 n,
		   const ForwardOptions *options)
{
	LayerRows	rows = {NULL, NULL};
	int			dense = feature_dense_width(spec->features[type]);
	int			sparse = feature_sparse_width(spec->features[type]);
	uint64		seed = random_hash(options->seed, type);

	if (dense > 0)
		rows.dense = gather_dense(tape, feature_table_dense(table), dense, nodes, n, options->input_dropout, seed);
	if (sparse > 0)
	{
		SparseRows	all = feature_table_sparse(table);

		rows.sparse = gather_sparse(tape, &all, nodes, n, options->input_dropout, seed);
	}
	if (dense == 0 && sparse == 0)
	{
		rows.dense = tape_constant(tape, n, 1);
		for (int64 i = 0; i < n; i++)
			rows.dense->data[i] = 1.0f;
	}
	return rows;
}

/* The first n rows. */
static LayerRows
first_rows(Tape *tape, const LayerRows *rows, int64 n)
{
	LayerRows	first = {NULL, NULL};

	if (rows->dense != NULL)
		first.dense = tape_first_rows(tape, rows->dense, n);
	if (rows->sparse != NULL)
	{
		SparseRows *sparse = tape_alloc(tape, 1, sizeof(SparseRows));

		*sparse = *rows->sparse;
		sparse->rows = n;
		first.sparse = sparse;
	}
	return first;
}

/* The relations that feed a type in one layer, into "feeding". */
static int
feeding_relations(Model *model, int layer, int type, const SampleBlock *block, const LayerRows *rows, LayerRelation *feeding)
{
	int			n = 0;

	for (int r = 0; r < model->graph->nrelations; r++)
	{
		const GraphRelation *def = &model->graph->relations[r];

		if (def->dst_type != type || model_relation(model, layer, r) == NULL)
			continue;
		feeding[n].block = &block->relations[r];
		feeding[n].src = rows[def->src_type];
		feeding[n].projected = NULL;
		feeding[n].weight = model_relation(model, layer, r);
		n++;
	}
	return n;
}

/*
 * Logits [seeds x outputs] of a sample.  *hidden, if asked for, is the last
 * hidden state [seeds x hidden].
 */
Tensor *
model_forward(Model *model, Tape *tape, const Sample *sample, FeatureTable *const *tables,
			  const ForwardOptions *options, Tensor **hidden)
{
	const ModelSpec *spec = model->spec;
	int			ntypes = model->graph->nnode_types;
	LayerRows  *rows = tape_alloc(tape, ntypes, sizeof(LayerRows));
	LayerRows  *next = tape_alloc(tape, ntypes, sizeof(LayerRows));
	LayerRelation *feeding = tape_alloc(tape, Max(model->graph->nrelations, 1), sizeof(LayerRelation));
	Tensor	   *last;

	for (int t = 0; t < ntypes; t++)
	{
		rows[t].dense = NULL;
		rows[t].sparse = NULL;
		if (model_needs(model, 0, t))
			rows[t] = input_rows(tape, spec, t, tables[t], sample->nodes[t], sample->nnodes[t], options);
	}
	for (int layer = 1; layer <= spec->layers; layer++)
	{
		const SampleBlock *block = &sample->blocks[layer - 1];

		for (int t = 0; t < ntypes; t++)
		{
			LayerRows	self;
			int			nfeeding;
			ConvOptions conv = {
				.normalize = spec->normalize,
				.dropout = options->dropout,
				.seed = random_hash(random_hash(options->seed, 1000 + layer), t)
			};

			next[t].dense = NULL;
			next[t].sparse = NULL;
			if (!model_needs(model, layer, t))
				continue;
			self = first_rows(tape, &rows[t], block->ndst[t]);
			nfeeding = feeding_relations(model, layer, t, block, rows, feeding);
			next[t].dense = conv_sage(tape, block->ndst[t], &self, model_conv(model, layer, t), feeding, nfeeding, &conv);
		}
		memcpy(rows, next, ntypes * sizeof(LayerRows));
	}
	last = rows[spec->node_type].dense;
	if (hidden != NULL)
		*hidden = last;
	return head_linear(tape, last, model->head_weight, model->head_bias);
}

/*
 * Logits -> outputs, in place: probabilities.  Those of a regression stay
 * standardised: the target's own scale may need more digits than a float has.
 */
void
model_activate(const ModelSpec *spec, float *logits, int64 rows)
{
	switch (spec->task)
	{
		case TASK_BINARY:
		case TASK_MULTILABEL:
			kernel_sigmoid(logits, rows * spec->noutputs);
			break;
		case TASK_MULTICLASS:
			kernel_softmax_rows(logits, rows, spec->noutputs);
			break;
		case TASK_REGRESSION:
			break;
	}
}

/* An output of a regression in the target's own scale. */
double
model_number(const ModelSpec *spec, float output)
{
	return output * spec->target_std + spec->target_mean;
}
