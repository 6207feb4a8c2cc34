/*
 * walk.c
 *		Sampling on request: the edges met on the way from some nodes.
 *
 * Each node is asked for neighbors once, in the hop after the one in which it
 * was met first.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/options.h"
#include "sample/walk.h"

/*
 * The relations that a name means: an edge type's own both ways, or the one
 * reverse relation of that name; NULL: all.
 */
bool *
walk_relations(const Graph *graph, const char *edge_type)
{
	bool	   *wanted = palloc0(Max(graph->nrelations, 1) * sizeof(bool));
	const char **names = palloc(Max(graph->nrelations, 1) * sizeof(char *));
	bool		found = edge_type == NULL;
	const char *nearest;

	for (int r = 0; r < graph->nrelations; r++)
	{
		const GraphRelation *def = &graph->relations[r];

		names[r] = def->name;
		wanted[r] = edge_type == NULL || strcmp(def->name, edge_type) == 0 ||
			strcmp(graph->edge_types[def->edge_type].name, edge_type) == 0;
		found = found || wanted[r];
	}
	if (found)
		return wanted;
	nearest = options_nearest(edge_type, names, graph->nrelations);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("graph \"%s\" has no edge type \"%s\"", graph->name, edge_type),
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) :
			 errhint("See the view sage.edge_types.")));
}

/* Refuses what no memory could hold, before anything is read. */
void
walk_check(const Graph *graph, int64 nseeds, const WalkOptions *options)
{
	double		nodes = (double) nseeds;
	double		edges = 0;
	int			most = 0;

	for (int t = 0; t < graph->nnode_types; t++)
	{
		int			n = 0;

		for (int r = 0; r < graph->nrelations; r++)
			n += options->relations[r] && graph->relations[r].dst_type == t;
		most = Max(most, n);
	}
	for (int hop = 0; hop < options->nhops; hop++)
	{
		nodes *= Max(options->counts[hop], 0) * (double) most;
		edges += nodes;
	}
	if (edges > WALK_MAX_EDGES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("up to %.0f neighbors are asked for", edges),
				 errhint("Ask for fewer with k, or for fewer nodes at a time.")));
}

/* Appends what one relation gives the nodes of the last hop. */
static void
walk_append(Walk *walk, const Graph *graph, int hop, int relation, const int32 *nodes, int64 n, const NeighborList *list)
{
	TypeNodes  *src = &walk->met[graph->relations[relation].src_type];

	memory_reserve(walk->edges, walk->capacity, walk->nedges + list->offsets[n]);
	for (int64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 e = list->offsets[i]; e < list->offsets[i + 1]; e++)
		{
			WalkEdge   *edge = &walk->edges[walk->nedges++];

			edge->hop = hop;
			edge->relation = relation;
			edge->node = nodes[i];
			edge->neighbor = list->nodes[e];
			edge->weight = list->weights != NULL ? list->weights[e] : 0;
			edge->time = list->times[e];
			(void) type_nodes_place(src, list->nodes[e], OWNER_NONE, STORE_ALWAYS);
		}
	}
}

/* Walks from the seeds, of which equal ones count once. */
Walk *
walk_sample(GraphStore *store, const Graph *graph, int node_type, const int32 *seeds, int64 nseeds,
			const WalkOptions *options)
{
	Walk	   *walk = palloc0(sizeof(Walk));
	int64	   *begin = palloc0(graph->nnode_types * sizeof(int64));
	int64	   *end = palloc0(graph->nnode_types * sizeof(int64));

	walk->capacity = 64;
	walk->edges = memory_alloc(walk->capacity, sizeof(WalkEdge));
	walk->met = palloc(graph->nnode_types * sizeof(TypeNodes));
	for (int t = 0; t < graph->nnode_types; t++)
		type_nodes_create(&walk->met[t], 64);
	for (int64 i = 0; i < nseeds; i++)
		(void) type_nodes_place(&walk->met[node_type], seeds[i], OWNER_NONE, STORE_ALWAYS);
	for (int hop = 1; hop <= options->nhops; hop++)
	{
		for (int t = 0; t < graph->nnode_types; t++)
			end[t] = walk->met[t].count;
		for (int r = 0; r < graph->nrelations; r++)
		{
			int			type = graph->relations[r].dst_type;
			int64		n = end[type] - begin[type];
			int32	   *nodes;
			NeighborList list;

			if (!options->relations[r] || n == 0 || options->counts[hop - 1] == 0)
				continue;
			/* a copy, because the array moves while neighbors are added to it */
			nodes = memory_alloc(n, sizeof(int32));
			memcpy(nodes, walk->met[type].nodes + begin[type], n * sizeof(int32));
			pick_neighbors(store, graph, r, options->strategy, nodes, n, options->at, options->counts[hop - 1],
						   options->seed, &list);
			walk_append(walk, graph, hop, r, nodes, n, &list);
			pfree(nodes);
		}
		memcpy(begin, end, graph->nnode_types * sizeof(int64));
	}
	return walk;
}
