/*
 * model_build.c
 *		A description -> a network with room for its weights.
 *
 * Parameters are named by their place in the description, so that the names
 * in a file are plain whatever the tables are called.  Those of a convolution
 * are its own matter (layer/conv.h); with conv_sage they are
 *
 *		layers.0.self.1.weight		layer, node type
 *		layers.0.self.1.bias
 *		layers.0.norm.1.weight		the same, of a layer normalization
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

/* The convolution's parameters of a node type; NULL: the type is not needed there. */
Tensor **
model_conv(const Model *model, int layer, int type)
{
	return model->types[(layer - 1) * model->graph->nnode_types + type];
}

/* NULL: the relation is off in this layer, or does not lead to the seeds. */
Tensor **
model_relation(const Model *model, int layer, int relation)
{
	return model->relations[(layer - 1) * model->graph->nrelations + relation];
}

const LayerNorm *
model_norm(const Model *model, int layer, int type)
{
	return &model->norms[(layer - 1) * model->graph->nnode_types + type];
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

static Tensor *
declare(Model *model, const char *name, int64 rows, int64 cols, ParamInit init)
{
	return param_tensor(model->params, param_declare(model->params, name, rows, cols, init));
}

static int64
conv_size(const Model *model, ConvSize size, int64 width)
{
	switch (size)
	{
		case CONV_ONE:
			return 1;
		case CONV_IN:
			return width;
		case CONV_HIDDEN:
			return model->spec->hidden;
	}
	return 0;					/* not reached */
}

/* The convolution's parameters of one owner whose rows have that width; place is the owner's in the description. */
static Tensor **
declare_conv(Model *model, int layer, ConvOwner owner, int place, int64 width)
{
	const ConvParam *params = model->spec->conv->params;
	int			count = 0;
	Tensor	  **tensors;

	for (const ConvParam *p = params; p->group != NULL; p++)
		count += p->owner == owner;
	tensors = palloc(Max(count, 1) * sizeof(Tensor *));
	count = 0;
	for (const ConvParam *p = params; p->group != NULL; p++)
	{
		if (p->owner == owner)
			tensors[count++] = declare(model, psprintf("layers.%d.%s.%d.%s", layer - 1, p->group, place, p->name),
									   conv_size(model, p->rows, width), conv_size(model, p->cols, width), p->init);
	}
	return tensors;
}

/* The parameters of a layer, but for those of edges. */
static void
declare_layer(Model *model, const Fanout *fanout, int layer)
{
	const ModelSpec *spec = model->spec;
	const Graph *graph = model->graph;

	for (int t = 0; t < graph->nnode_types; t++)
	{
		int			id = spec->type_ids[t];
		int			i = (layer - 1) * graph->nnode_types + t;

		if (!model_needs(model, layer, t))
			continue;
		model->types[i] = declare_conv(model, layer, CONV_TYPE, id,
									   layer == 1 ? model_input_width(spec, graph, t) : spec->hidden);
		if (!spec->layer_norm)
			continue;
		model->norms[i].gain = declare(model, psprintf("layers.%d.norm.%d.weight", layer - 1, id), 1, spec->hidden,
									   PARAM_ONE);
		model->norms[i].bias = declare(model, psprintf("layers.%d.norm.%d.bias", layer - 1, id), 1, spec->hidden,
									   PARAM_ZERO);
	}
	for (int r = 0; r < graph->nrelations; r++)
	{
		if (relation_works(model, fanout, layer, r))
			model->relations[(layer - 1) * graph->nrelations + r] =
				declare_conv(model, layer, CONV_RELATION, spec->relation_ids[r],
							 layer == 1 ? model_input_width(spec, graph, graph->relations[r].src_type) : spec->hidden);
	}
}

/*
 * A network for a description, without memory for its weights: their names
 * and shapes, and how much there is of them (param_size).  fanout is the
 * description's own, or another one for the features-only baseline.  In
 * CurrentMemoryContext.
 */
Model *
model_declare(const ModelSpec *spec, const Graph *graph, const Fanout *fanout)
{
	Model	   *model = palloc0(sizeof(Model));

	model->graph = graph;
	model->spec = spec;
	model->params = param_create(CurrentMemoryContext);
	model->types = palloc0(spec->layers * graph->nnode_types * sizeof(Tensor **));
	model->norms = palloc0(spec->layers * graph->nnode_types * sizeof(LayerNorm));
	model->relations = palloc0(Max(spec->layers * graph->nrelations, 1) * sizeof(Tensor **));
	model->edges = palloc0(Max(graph->nrelations, 1) * sizeof(Tensor **));
	find_needed(model, fanout);

	/* the order is that of first values (param_initialize) */
	for (int layer = 1; layer <= spec->layers; layer++)
		declare_layer(model, fanout, layer);
	for (int r = 0; r < graph->nrelations; r++)
	{
		const FeatureSet *set = model_edge_features(spec, graph, r);

		if (set != NULL && model_relation(model, 1, r) != NULL)
			model->edges[r] = declare_conv(model, 1, CONV_EDGE, spec->relation_ids[r],
										   feature_dense_width(set) + feature_sparse_width(set));
	}
	model->head_weight = declare(model, "head.weight", spec->hidden, spec->noutputs, PARAM_GLOROT);
	model->head_bias = declare(model, "head.bias", 1, spec->noutputs, PARAM_ZERO);
	return model;
}

/* The same with memory for the weights, which are not set. */
Model *
model_build(const ModelSpec *spec, const Graph *graph, const Fanout *fanout, bool with_gradients)
{
	Model	   *model = model_declare(spec, graph, fanout);

	param_allocate(model->params, with_gradients);
	return model;
}
