/*
 * model_forward.c
 *		Running a network over a sample.
 */
#include "postgres.h"

#include <math.h>

#include "utils/timestamp.h"

#include "base/random.h"
#include "model/model_forward.h"
#include "tensor/kernel_loss.h"

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

/*
 * What feeds a type in one layer, into "feeding": neighbors, and in the first
 * layer the means of edges' rows, by relation.
 */
static int
feeding_relations(Model *model, int layer, int type, const SampleBlock *block, const LayerRows *rows,
				  const LayerRows *edges, LayerRelation *feeding)
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
		if (layer > 1 || model->edges[r] == NULL)
			continue;
		feeding[n].block = NULL;
		feeding[n].src = edges[r];
		feeding[n].projected = NULL;
		feeding[n].weight = model->edges[r];
		n++;
	}
	return n;
}

/*
 * Logits [seeds x outputs] of a sample whose encoded rows are given.
 * *hidden, if asked for, is the last hidden state [seeds x hidden].
 */
Tensor *
model_forward_input(Model *model, Tape *tape, const Sample *sample, const LayerRows *input,
					const ForwardOptions *options, Tensor **hidden)
{
	const ModelSpec *spec = model->spec;
	int			ntypes = model->graph->nnode_types;
	LayerRows  *rows = tape_alloc(tape, ntypes, sizeof(LayerRows));
	LayerRows  *next = tape_alloc(tape, ntypes, sizeof(LayerRows));
	LayerRelation *feeding = tape_alloc(tape, Max(2 * model->graph->nrelations, 1), sizeof(LayerRelation));
	Tensor	   *last;

	memcpy(rows, input, ntypes * sizeof(LayerRows));
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
			nfeeding = feeding_relations(model, layer, t, block, rows, input + ntypes, feeding);
			next[t].dense = conv_sage(tape, block->ndst[t], &self, model_conv(model, layer, t), feeding, nfeeding, &conv);
		}
		memcpy(rows, next, ntypes * sizeof(LayerRows));
	}
	last = rows[spec->node_type].dense;
	if (hidden != NULL)
		*hidden = last;
	return head_linear(tape, last, model->head_weight, model->head_bias);
}

/* The same from the tables with all encoded rows. */
Tensor *
model_forward(Model *model, Tape *tape, const Sample *sample, FeatureTable *const *tables,
			  const ForwardOptions *options, Tensor **hidden)
{
	Size		size = model_input_size(model, sample, tables);
	Arena		arena = arena_create(tape_alloc(tape, size + ARENA_ALIGN, 1), size);
	LayerRows  *input = model_input(model, &arena, sample, tables, options);

	Assert(input != NULL);
	return model_forward_input(model, tape, sample, input, options, hidden);
}

/*
 * Logits -> outputs, in place: probabilities.  Those of a regression stay
 * standardized: the target's own scale may need more digits than a float has.
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
