/*
 * sample_api.c
 *		sage_sample_neighbors and sage_subgraph: walks from some nodes, by the
 *		stores that training and scoring sample from.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/arguments.h"
#include "api/sample_call.h"
#include "base/guc.h"
#include "base/memory.h"
#include "sage.h"
#include "sample/fanout.h"
#include "sample/walk.h"

SAGE_FUNCTION(sage_sample_neighbors);
SAGE_FUNCTION(sage_subgraph);

/* A store reads everything when so many times the nodes expected would be there. */
#define RESIDENT_FACTOR	20

/* A node's row and an edge in memory, roughly. */
#define NODE_BYTES	64.0
#define EDGE_BYTES	40.0

/* Seeds whose distances are told. */
#define DISTANCE_SEEDS	1000

/* What both are asked for: arguments 0 to 7. */
typedef struct WalkCall
{
	WalkOptions options;
	int			type;
	int32	   *seeds;			/* [n] -1: no such node */
	int			n;
} WalkCall;

/* k: a number, or an array of one number a hop. */
static int *
read_counts(SampleCall *call, int *nhops)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Datum	   *values;
	bool	   *nulls = NULL;
	int		   *counts;

	require_arg(fcinfo, 3, "k");
	if (get_fn_expr_argtype(fcinfo->flinfo, 3) == INT4OID)
	{
		values = palloc(sizeof(Datum));
		values[0] = PG_GETARG_DATUM(3);
		*nhops = 1;
	}
	else
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, &nulls, nhops);
	if (*nhops > WALK_MAX_HOPS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("k has %d hops, but there can be at most %d", *nhops, WALK_MAX_HOPS)));
	counts = palloc(Max(*nhops, 1) * sizeof(int));
	for (int i = 0; i < *nhops; i++)
	{
		bool		isnull = nulls != NULL && nulls[i];

		counts[i] = isnull ? 0 : DatumGetInt32(values[i]);
		if (isnull || counts[i] < -1 || counts[i] > FANOUT_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("k must be made of whole numbers from -1 to %d", FANOUT_MAX),
					 errhint("-1 takes all neighbors; an array has one number for each hop.")));
	}
	return counts;
}

/* A strategy that no walked relation can follow is an error, not another one. */
static void
check_strategy(const Graph *graph, const WalkOptions *options, const char *edge_type)
{
	NeighborOrder order = pick_order(options->strategy);

	for (int r = 0; r < graph->nrelations; r++)
	{
		if (options->relations[r] && relation_order(graph, r, order) == order)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 edge_type == NULL ?
			 errmsg("strategy \"%s\" needs a %s column, which no edge type of graph \"%s\" has",
					pick_strategy_names[options->strategy], order == ORDER_RECENT ? "time" : "weight", graph->name) :
			 errmsg("strategy \"%s\" needs a %s column, which edge type \"%s\" of graph \"%s\" does not have",
					pick_strategy_names[options->strategy], order == ORDER_RECENT ? "time" : "weight", edge_type,
					graph->name),
			 errhint("Name the column where the edge table is added to the graph, or choose another strategy.")));
}

/* The node type of the seeds: as named, the only one, or the one that the edge type begins at. */
static int
seed_type(SampleCall *call, const char *edge_type)
{
	int			type = sample_node_type(call, 7);
	int			relation = edge_type != NULL ? graph_find_relation(call->graph, edge_type) : -1;

	if (type < 0 && relation >= 0)
		type = call->graph->relations[relation].dst_type;
	if (type < 0)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("graph \"%s\" has %d node types, and none is named", call->graph->name, call->graph->nnode_types),
				 errhint("Give node_type =>; see the view sage.node_types.")));
	return type;
}

/* The relations whose edges are to be read at once, if that is cheaper than asking for each node's; else NULL. */
static const bool *
choose_resident(SampleCall *call, const WalkOptions *options, int64 nseeds)
{
	double		rows = 0,
				edges = 0,
				expected = (double) nseeds,
				level = (double) nseeds;

	if (guc_access != ACCESS_AUTO)
		return guc_access == ACCESS_RESIDENT ? options->relations : NULL;
	for (int t = 0; t < call->graph->nnode_types; t++)
		rows += (double) graph_estimate_rows(call->graph->node_types[t].relid);
	for (int e = 0; e < call->graph->nedge_types; e++)
		edges += (double) graph_estimate_rows(call->graph->edge_types[e].relid);
	for (int hop = 0; hop + 1 < options->nhops; hop++)
		expected += level *= options->counts[hop] < 0 || options->strategy == PICK_FULL ? 10 : options->counts[hop];
	if (expected * RESIDENT_FACTOR < rows || rows * NODE_BYTES + edges * EDGE_BYTES > guc_max_memory * 1024.0)
		return NULL;
	return options->relations;
}

/* Reads the arguments, opens the store and walks. */
static Walk *
walk_call(SampleCall *call, WalkCall *walking)
{
	WalkOptions *options = &walking->options;
	char	   *edge_type = arg_text(call->fcinfo, 2);
	Datum	   *keys;
	int32	   *found;
	int64		nfound = 0;

	options->counts = read_counts(call, &options->nhops);
	options->strategy = sample_choice(call, 4, "strategy", pick_strategy_names);
	options->relations = walk_relations(call->graph, edge_type);
	options->at = sample_at(call, 5);
	options->seed = sample_seed(call, 6);
	walking->type = seed_type(call, edge_type);
	if (call->graph->nrelations > 0)
		check_strategy(call->graph, options, edge_type);
	keys = sample_keys(call, 1, "nodes", walking->type, &walking->n);
	walk_check(call->graph, walking->n, options);

	sample_open(call, pick_order(options->strategy), options->seed, choose_resident(call, options, walking->n), NULL, NULL);
	walking->seeds = memory_alloc(walking->n, sizeof(int32));
	found = memory_alloc(walking->n, sizeof(int32));
	store_find(call->store, walking->type, keys, walking->n, walking->seeds);
	for (int i = 0; i < walking->n; i++)
	{
		if (walking->seeds[i] >= 0)
			found[nfound++] = walking->seeds[i];
	}
	return walk_sample(call->store, call->graph, walking->type, found, nfound, options);
}

static void
neighbors_body(SampleCall *call)
{
	WalkCall	walking;
	Walk	   *walk = walk_call(call, &walking);

	MemoryContextSwitchTo(call->row);
	for (int64 i = 0; i < walk->nedges; i++)
	{
		const WalkEdge *edge = &walk->edges[i];
		const GraphRelation *def = &call->graph->relations[edge->relation];
		bool		weighted = call->graph->edge_types[def->edge_type].weight_column != NULL;
		bool		nulls[8] = {false, false, false, false, false, false, !weighted, false};
		Datum		values[8] = {
			Int32GetDatum(edge->hop), CStringGetTextDatum(def->name),
			CStringGetTextDatum(call->graph->node_types[def->dst_type].name), sample_key(call, def->dst_type, edge->node),
			CStringGetTextDatum(call->graph->node_types[def->src_type].name), sample_key(call, def->src_type, edge->neighbor),
			Float8GetDatum(edge->weight), 0
		};

		values[7] = sample_time(edge->time, &nulls[7]);
		sample_put(call, values, nulls);
	}
}

/*
 * sage_sample_neighbors(graph, nodes, edge_type, k, strategy, at, seed, node_type)
 *		-> (hop, relation, source_type, source, neighbor_type, neighbor, weight, time)
 */
Datum
sage_sample_neighbors(PG_FUNCTION_ARGS)
{
	return sample_call(fcinfo, neighbors_body);
}

/* Distances from each seed to one node, as int[]; null where there is no way. */
static Datum
distances_to(int32 *const *distances, int n, int64 place)
{
	Datum	   *values = palloc(Max(n, 1) * sizeof(Datum));
	bool	   *nulls = palloc(Max(n, 1) * sizeof(bool));
	int			lower = 1;

	for (int i = 0; i < n; i++)
	{
		nulls[i] = distances[i] == NULL || distances[i][place] < 0;
		values[i] = nulls[i] ? 0 : Int32GetDatum(distances[i][place]);
	}
	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* The distances from each given node; NULL for one that is not there. */
static int32 **
all_distances(SampleCall *call, const WalkCall *walking, const Walk *walk, const Walk *edges, int64 *starts)
{
	int32	  **distances = palloc(Max(walking->n, 1) * sizeof(int32 *));

	if (walking->n > DISTANCE_SEEDS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("distances to more than %d nodes are asked for", DISTANCE_SEEDS),
				 errhint("Ask for fewer nodes at a time.")));
	for (int i = 0; i < walking->n; i++)
		distances[i] = walking->seeds[i] < 0 ? NULL :
			subgraph_distances(call->graph, walk, edges, walking->type, walking->seeds[i], starts);
	return distances;
}

static void
subgraph_body(SampleCall *call)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	const Graph *graph = call->graph;
	WalkCall	walking;
	Walk	   *walk;
	Walk	   *edges;
	bool		with_distances;
	int64	   *starts = palloc0(Max(graph->nnode_types, 1) * sizeof(int64));
	int32	  **distances = NULL;

	require_arg(fcinfo, 8, "distances");
	with_distances = PG_GETARG_BOOL(8);
	walk = walk_call(call, &walking);
	edges = subgraph_edges(call->store, graph, walk, walking.options.relations, walking.options.at);
	if (with_distances)
		distances = all_distances(call, &walking, walk, edges, starts);
	MemoryContextSwitchTo(call->row);
	for (int64 i = 0; i < edges->nedges; i++)
	{
		const WalkEdge *edge = &edges->edges[i];
		const GraphRelation *def = &graph->relations[edge->relation];
		const EdgeType *type = &graph->edge_types[def->edge_type];
		int			from = def->forward ? 1 : 3;	/* where the asking node stands in the row */
		int			to = def->forward ? 3 : 1;
		bool		nulls[9] = {false, false, false, false, false, type->weight_column == NULL, false, !with_distances, !with_distances};
		Datum		values[9] = {CStringGetTextDatum(type->name), 0, 0, 0, 0, Float8GetDatum(edge->weight), 0, 0, 0};

		values[from] = CStringGetTextDatum(graph->node_types[def->dst_type].name);
		values[from + 1] = sample_key(call, def->dst_type, edge->node);
		values[to] = CStringGetTextDatum(graph->node_types[def->src_type].name);
		values[to + 1] = sample_key(call, def->src_type, edge->neighbor);
		values[6] = sample_time(edge->time, &nulls[6]);
		if (with_distances)
		{
			values[from == 1 ? 7 : 8] = distances_to(distances, walking.n, starts[def->dst_type] +
									 type_nodes_find(&walk->met[def->dst_type], edge->node, OWNER_NONE, STORE_ALWAYS));
			values[from == 1 ? 8 : 7] = distances_to(distances, walking.n, starts[def->src_type] +
									 type_nodes_find(&walk->met[def->src_type], edge->neighbor, OWNER_NONE, STORE_ALWAYS));
		}
		sample_put(call, values, nulls);
	}
}

/*
 * sage_subgraph(graph, nodes, edge_type, k, strategy, at, seed, node_type, distances)
 *		-> (relation, source_type, source, target_type, target, weight, time, source_distances, target_distances)
 */
Datum
sage_subgraph(PG_FUNCTION_ARGS)
{
	return sample_call(fcinfo, subgraph_body);
}
