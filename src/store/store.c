/*
 * store.c
 *		A store of either maker: opening, closing, and asking it.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "store/store_internal.h"

/*
 * A store without nodes yet, in a context of its own below parent that is
 * called "sage store", with the maker's name.
 */
GraphStore *
store_create(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed, NeighborOrder order,
			 MemoryContext parent, const GraphStoreOps *ops)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "sage store", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	GraphStore *store = palloc0(sizeof(GraphStore));

	MemoryContextSetIdentifier(cxt, ops->name);
	store->ops = ops;
	store->graph = graph;
	store->plans = plans;
	store->cxt = cxt;
	store->seed = seed;
	store->nodes = palloc0(Max(graph->nnode_types, 1) * sizeof(StoreNodes));
	store->counts = palloc0(Max(graph->nrelations, 1) * sizeof(StoreCounts));
	store->orders = palloc(Max(graph->nrelations, 1) * sizeof(NeighborOrder));
	for (int r = 0; r < graph->nrelations; r++)
		store->orders[r] = relation_order(graph, r, order);
	for (int i = 0; i < graph->nnode_types; i++)
	{
		store->nodes[i].store = store;
		store->nodes[i].type = i;
		store->nodes[i].reader = readers[i];
		store->nodes[i].map = idmap_create(graph->node_types[i].key_kind, 0, cxt);
	}
	store->edges = palloc0(Max(graph->nedge_types, 1) * sizeof(StoreEdges));
	for (int e = 0; e < graph->nedge_types; e++)
		store->edges[e].reader = readers[graph_edge_table(graph, e)];
	MemoryContextSwitchTo(old);
	return store;
}

void
store_close(GraphStore *store)
{
	MemoryContextDelete(store->cxt);
}

/*
 * The picked neighbors of each destination, in the order's order.  times may
 * be NULL: no destination has a seed time.  The result is in
 * CurrentMemoryContext.
 */
void
store_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
				const NeighborPick *pick, NeighborList *result)
{
	store->ops->neighbors(store, relation, dst, times, ndst, pick, result);
}

const StoreCounts *
store_counts(const GraphStore *store, int relation)
{
	return &store->counts[relation];
}
