/*
 * model_build.c
 *		A description -> a network with room for its weights.
 *
 * Parameters are named by their place in the description, so that the names
 * in a file are plain whatever the tables are called:
 *
 *		layers.0.self.1.weight		layer, node type
 *		layers.0.self.1.bias
 *		layers.0.relation.2.weight	layer, relation
 *		layers.0.edge.2.weight		the same, for the features of its edges
 *		head.weight, head.bias
 *
 * Only what can reach the seeds is made: going back from the last layer, a
 * type is needed where a needed type collects from it.
 */
#include "postgres.h"

#include "model/model_build.h"

bool
model_needs(const Model *model, int level, int type)
{
	return model->needed[level * model->graph->nnode_types + type];
}

ConvWeights *
model_conv(const Model *model, int layer, int type)
{
	return &model->conv[(layer - 1) * model->graph->nnode_types + type];
}

/* NULL: the relation is off in this layer, or does not lead to the seeds. */
Tensor *
model_relation(const Model *model, int layer, int relation)
{
	return model->relations[(layer - 1) * model->graph->nrelations + relation];
}

/* A type without any features is one constant column, so that it can still be counted on. */
bool
model_is_constant(const ModelSpec *spec, const Graph *graph, int type)
{
	return feature_dense_width(spec->features[type]) + feature_sparse_width(spec->features[type]) == 0 &&
		!model_has_age(spec, graph, type);
}

/*
 * Columns of the dense part of a node type's rows as they enter the network:
 * encoded columns, then the age.
 */
int64
model_dense_width(const ModelSpec *spec, const Graph *graph, int type)
{
	if (model_is_constant(spec, graph, type))
		return 1;
	return feature_dense_width(spec->features[type]) + (model_has_age(spec, graph, type) ? FEATURE_AGE_WIDTH : 0);
}

int64
model_input_width(const ModelSpec *spec, const Graph *graph, int type)
{
	return model_dense_width(spec, graph, type) + feature_sparse_width(spec->features[type]);
}

/* A relation works in a layer if it is switched on and its results are used. */
static bool
relation_works(const Model *model, const Fanout *fanout, int layer, int relation)
{
	return fanout_count(fanout, model->spec->layers - layer + 1, relation) != 0 &&
		model->spec->relation_ids[relation] >= 0 &&
		model_needs(model, layer, model->graph->relations[relation].dst_type);
}

static void
find_needed(Model *model, const Fanout *fanout)
{
	const Graph *graph = model->graph;
	int			ntypes = graph->nnode_types;

	model->needed = palloc0((model->spec->layers + 1) * ntypes * sizeof(bool));
	model->needed[model->spec->layers * ntypes + model->spec->node_type] = true;
	for (int layer = model->spec->layers; layer >= 1; layer--)
	{
		for (int t = 0; t < ntypes; t++)
		{
			if (model_needs(model, layer, t))
				model->needed[(layer - 1) * ntypes + t] = true;
		}
		for (int r = 0; r < graph->nrelations; r++)
		{
			if (relation_works(model, fanout, layer, r))
				model->needed[(layer - 1) * ntypes + graph->relations[r].src_type] = true;
		}
	}
}

/* The places of a convolution's parameters in the block. */
typedef struct ConvIndex
{
	int			self;
	int			bias;
	int			norm_gain;
	int			norm_bias;
} ConvIndex;

/*
 * A network for a description; weights are not set.  fanout is the
 * description's own, or another one for the features-only baseline.  In
 * CurrentMemoryContext.
 */
Model *
model_build(const ModelSpec *spec, const Graph *graph, const Fanout *fanout, bool with_gradients)
{
	Model	   *model = palloc0(sizeof(Model));
	int			ntypes = graph->nnode_types;
	int			nrelations = graph->nrelations;
	ConvIndex  *conv = palloc0(spec->layers * ntypes * sizeof(ConvIndex));
	int		   *relations = palloc0(Max(spec->layers * nrelations, 1) * sizeof(int));
	int		   *edges = palloc0(Max(nrelations, 1) * sizeof(int));
	int			head_weight,
				head_bias;

	model->graph = graph;
	model->spec = spec;
	model->params = param_create(CurrentMemoryContext);
	find_needed(model, fanout);

	/* declare */
	for (int layer = 1; layer <= spec->layers; layer++)
	{
		for (int t = 0; t < ntypes; t++)
		{
			ConvIndex  *index = &conv[(layer - 1) * ntypes + t];
			int			id = spec->type_ids[t];
			int64		width = layer == 1 ? model_input_width(spec, graph, t) : spec->hidden;

			if (!model_needs(model, layer, t))
				continue;
			index->self = param_declare(model->params, psprintf("layers.%d.self.%d.weight", layer - 1, id),
										width, spec->hidden, PARAM_GLOROT);
			index->bias = param_declare(model->params, psprintf("layers.%d.self.%d.bias", layer - 1, id),
										1, spec->hidden, PARAM_ZERO);
			if (!spec->layer_norm)
				continue;
			index->norm_gain = param_declare(model->params, psprintf("layers.%d.norm.%d.weight", layer - 1, id),
											 1, spec->hidden, PARAM_ONE);
			index->norm_bias = param_declare(model->params, psprintf("layers.%d.norm.%d.bias", layer - 1, id),
											 1, spec->hidden, PARAM_ZERO);
		}
		for (int r = 0; r < nrelations; r++)
		{
			int64		width = layer == 1 ? model_input_width(spec, graph, graph->relations[r].src_type) : spec->hidden;

			relations[(layer - 1) * nrelations + r] = !relation_works(model, fanout, layer, r) ? -1 :
				param_declare(model->params, psprintf("layers.%d.relation.%d.weight", layer - 1, spec->relation_ids[r]),
							  width, spec->hidden, PARAM_GLOROT);
		}
	}
	for (int r = 0; r < nrelations; r++)
	{
		const FeatureSet *set = model_edge_features(spec, graph, r);

		edges[r] = set == NULL || relations[r] < 0 ? -1 :
			param_declare(model->params, psprintf("layers.0.edge.%d.weight", spec->relation_ids[r]),
						  feature_dense_width(set) + feature_sparse_width(set), spec->hidden, PARAM_GLOROT);
	}
	head_weight = param_declare(model->params, "head.weight", spec->hidden, spec->noutputs, PARAM_GLOROT);
	head_bias = param_declare(model->params, "head.bias", 1, spec->noutputs, PARAM_ZERO);

	/* allocate, and name the views */
	param_allocate(model->params, with_gradients);
	model->conv = palloc0(spec->layers * ntypes * sizeof(ConvWeights));
	model->relations = palloc0(Max(spec->layers * nrelations, 1) * sizeof(Tensor *));
	for (int i = 0; i < spec->layers * ntypes; i++)
	{
		if (!model->needed[ntypes + i])
			continue;
		model->conv[i].self = param_tensor(model->params, conv[i].self);
		model->conv[i].bias = param_tensor(model->params, conv[i].bias);
		if (spec->layer_norm)
		{
			model->conv[i].norm_gain = param_tensor(model->params, conv[i].norm_gain);
			model->conv[i].norm_bias = param_tensor(model->params, conv[i].norm_bias);
		}
	}
	for (int i = 0; i < spec->layers * nrelations; i++)
		model->relations[i] = relations[i] < 0 ? NULL : param_tensor(model->params, relations[i]);
	model->edges = palloc0(Max(nrelations, 1) * sizeof(Tensor *));
	for (int r = 0; r < nrelations; r++)
		model->edges[r] = edges[r] < 0 ? NULL : param_tensor(model->params, edges[r]);
	model->head_weight = param_tensor(model->params, head_weight);
	model->head_bias = param_tensor(model->params, head_bias);
	return model;
}
