/*
 * model_layer.c
 *		One layer of a network, wherever its rows and neighbors come from:
 *		samples (model_forward.c) and whole tables (model_forward_table.c) are
 *		the same to it.
 */
#include "postgres.h"

#include "model/model_layer.h"

/* What a relation brings to its destinations. */
static ConvRelation
layer_relation(const Model *model, int layer, int relation, const LayerInput *input)
{
	const GraphRelation *def = &model->graph->relations[relation];
	ConvRelation result = {.block = &input->blocks[relation]};

	result.src.params = model_relation(model, layer, relation);
	result.src.rows = input->rows[def->src_type];
	result.src.places = result.block->src;
	result.src.projected = input->projected != NULL ? input->projected[relation] : NULL;
	if (input->edges != NULL && model->edges[relation] != NULL)
	{
		result.edge.params = model->edges[relation];
		result.edge.rows = input->edges[relation].rows;
		result.edge.averaged = input->edges[relation].averaged;
		result.edge.places = input->edges[relation].places;
		result.edge.projected = input->edges[relation].projected;
	}
	return result;
}

/* States of a node type at a level, [ndst x hidden], from those of the level below. */
Tensor *
model_layer(const Model *model, Tape *tape, int layer, int type, const LayerInput *input, float dropout, uint64 seed)
{
	const Graph *graph = model->graph;
	LayerOptions options = {.normalize = model->spec->normalize,.dropout = dropout,.seed = seed};
	ConvInput	conv = {.ndst = input->ndst,.self = input->self,.params = model_conv(model, layer, type)};

	conv.relations = tape_alloc(tape, Max(graph->nrelations, 1), sizeof(ConvRelation));
	for (int r = 0; r < graph->nrelations; r++)
	{
		if (graph->relations[r].dst_type == type && model_relation(model, layer, r) != NULL)
			conv.relations[conv.nrelations++] = layer_relation(model, layer, r, input);
	}
	return layer_finish(tape, model->spec->conv->forward(tape, &conv), model_norm(model, layer, type), &options);
}
