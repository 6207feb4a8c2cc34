/*
 * subgraph.c
 *		The edges among some nodes, and how far they are from each other.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "sample/walk.h"

/* True if the relation is the first of its edge type among those wanted. */
static bool
stands_for_type(const Graph *graph, const bool *relations, int relation)
{
	for (int r = 0; r < relation; r++)
	{
		if (relations[r] && graph->relations[r].edge_type == graph->relations[relation].edge_type)
			return false;
	}
	return relations[relation];
}

/*
 * All edges between nodes that a walk has met.  Each edge type is walked one
 * way; an undirected edge, which both its ends know of, is taken from the end
 * that was met first.
 */
Walk *
subgraph_edges(GraphStore *store, const Graph *graph, const Walk *walk, const bool *relations, TimestampTz at)
{
	Walk	   *result = palloc0(sizeof(Walk));

	result->met = walk->met;
	result->capacity = 64;
	result->edges = memory_alloc(result->capacity, sizeof(WalkEdge));
	for (int r = 0; r < graph->nrelations; r++)
	{
		const GraphRelation *def = &graph->relations[r];
		TypeNodes  *dst = &walk->met[def->dst_type];
		NeighborList list;

		if (!stands_for_type(graph, relations, r) || dst->count == 0)
			continue;
		pick_neighbors(store, graph, r, PICK_FULL, dst->nodes, dst->count, at, -1, 0, &list);
		for (int64 i = 0; i < dst->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			for (int64 e = list.offsets[i]; e < list.offsets[i + 1]; e++)
			{
				int32		place = type_nodes_find(&walk->met[def->src_type], list.nodes[e], OWNER_NONE, STORE_ALWAYS);
				WalkEdge	edge = {0, r, dst->nodes[i], list.nodes[e], 0, list.times[e]};

				if (place < 0 || (def->forward && def->backward && place < i))
					continue;
				if (list.weights != NULL)
					edge.weight = list.weights[e];
				memory_reserve(result->edges, result->capacity, result->nedges + 1);
				result->edges[result->nedges++] = edge;
			}
		}
	}
	return result;
}

/*
 * The least number of edges, walked either way, from a seed to each node that
 * the walk has met; -1 where there is no way.  Nodes of type t stand from
 * starts[t] on.
 */
int32 *
subgraph_distances(const Graph *graph, const Walk *walk, const Walk *edges, int node_type, int32 seed, int64 *starts)
{
	int64		total = 0;
	int64	   *offsets;
	int64	   *ends;			/* both ends of each edge, as places of all types */
	int64	   *next,
			   *queue;
	int64		head = 0,
				tail = 0;
	int32	   *distances;

	for (int t = 0; t < graph->nnode_types; t++)
	{
		starts[t] = total;
		total += walk->met[t].count;
	}
	ends = memory_alloc(2 * edges->nedges, sizeof(int64));
	offsets = memory_alloc_zero(total + 2, sizeof(int64));
	for (int64 e = 0; e < edges->nedges; e++)
	{
		const WalkEdge *edge = &edges->edges[e];
		const GraphRelation *def = &graph->relations[edge->relation];

		ends[2 * e] = starts[def->dst_type] + type_nodes_find(&walk->met[def->dst_type], edge->node, OWNER_NONE, STORE_ALWAYS);
		ends[2 * e + 1] = starts[def->src_type] + type_nodes_find(&walk->met[def->src_type], edge->neighbor, OWNER_NONE, STORE_ALWAYS);
		offsets[ends[2 * e] + 2]++;
		offsets[ends[2 * e + 1] + 2]++;
	}
	/* offsets[i + 1] runs from where the list of i begins to where it ends */
	for (int64 i = 0; i < total; i++)
		offsets[i + 2] += offsets[i + 1];
	next = memory_alloc(2 * edges->nedges, sizeof(int64));
	for (int64 i = 0; i < 2 * edges->nedges; i++)
		next[offsets[ends[i] + 1]++] = ends[i ^ 1];

	distances = memory_alloc(total, sizeof(int32));
	for (int64 i = 0; i < total; i++)
		distances[i] = -1;
	queue = memory_alloc(total, sizeof(int64));
	queue[tail++] = starts[node_type] + type_nodes_find(&walk->met[node_type], seed, OWNER_NONE, STORE_ALWAYS);
	distances[queue[0]] = 0;
	while (head < tail)
	{
		int64		node = queue[head++];

		CHECK_FOR_INTERRUPTS();
		for (int64 i = offsets[node]; i < offsets[node + 1]; i++)
		{
			if (distances[next[i]] >= 0)
				continue;
			distances[next[i]] = distances[node] + 1;
			queue[tail++] = next[i];
		}
	}
	pfree(ends);
	pfree(offsets);
	pfree(next);
	pfree(queue);
	return distances;
}
