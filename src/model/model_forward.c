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
 * Logits [seeds x outputs] of a sample whose encoded rows are given.
 * *hidden, if asked for, is the last hidden state [seeds x hidden].
 */
Tensor *
model_forward_input(Model *model, Tape *tape, const Sample *sample, const ModelInput *input,
					const ForwardOptions *options, Tensor **hidden)
{
	const ModelSpec *spec = model->spec;
	int			ntypes = model->graph->nnode_types;
	LayerRows  *rows = tape_alloc(tape, ntypes, sizeof(LayerRows));
	LayerRows  *next = tape_alloc(tape, ntypes, sizeof(LayerRows));
	Tensor	   *last;

	memcpy(rows, input->rows, ntypes * sizeof(LayerRows));
	for (int layer = 1; layer <= spec->layers; layer++)
	{
		const SampleBlock *block = &sample->blocks[layer - 1];
		uint64		seed = random_hash(options->seed, DROPOUT_STATES + layer);

		memset(next, 0, ntypes * sizeof(LayerRows));
		for (int t = 0; t < ntypes; t++)
		{
			LayerInput	from = {
				.ndst = block->ndst[t],.blocks = block->relations,.rows = rows,
				.edges = layer == 1 ? input->edges : NULL
			};

			if (!model_needs(model, layer, t))
				continue;
			from.self = first_rows(tape, &rows[t], block->ndst[t]);
			next[t].dense = model_layer(model, tape, layer, t, &from, options->dropout, random_hash(seed, t));
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
	ModelInput *input = model_input(model, &arena, sample, tables, options);

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
