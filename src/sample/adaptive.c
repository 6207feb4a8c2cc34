/*
 * adaptive.c
 *		Adaptive metapath-aware sampling: what some nodes of a path cannot
 *		give is given by others of the same path, or by their children.
 *
 * Each seed has a tree of its own, and in it each path a group of nodes: those
 * that were met first by it.  Of the neighbors planned for a path (plan.c)
 * each node of the group that leads there gets an equal share, or all it has
 * if that is less; the rest goes to the others.  A path that found less than
 * was planned is no poorer one step later, because the plan there counts from
 * the plan here.
 *
 * A node that the seed has met before is collected from again, but not
 * expanded again.  So the neighbors of a node are drawn once, and it collects
 * from them in every block where it is a destination; nodes stand in order of
 * hops, hence one list of edges a relation serves all blocks, each of which
 * uses the beginning.
 *
 * Trees of different seeds are not merged, because how many neighbors a node
 * has differs from seed to seed; but the nodes of the last hop have none and
 * stand once for all seeds of their time.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "sample/adaptive.h"

/* Done between two looks for a cancel. */
#define DESTINATIONS_AT_ONCE	1024

/* Where the nodes of one type belong, beside their numbers. */
typedef struct TreeNodes
{
	TypeNodes	met;
	int32	   *owners;			/* [capacity] the seed's place */
	int32	   *paths;			/* [capacity] of the plan */
	int64		capacity;
	int64		begin;			/* the first that was met in the last hop */
	int64		end;			/* behind the last of them */
} TreeNodes;

/* All edges of one relation so far. */
typedef struct TreeEdges
{
	int64		ndst;			/* so many destinations have all their edges */
	int64		dst_capacity;
	int64	   *offsets;		/* [ndst + 1] */
	int64		capacity;
	int32	   *src;
	float	   *weights;		/* NULL: none */
	int32	   *rows;			/* of the edge table; NULL: none */
} TreeEdges;

typedef struct Adaptive
{
	GraphStore *store;
	const Graph *graph;
	const SampleOptions *options;
	const SamplePlan *plan;
	bool		timed;
	int			hop;
	TreeNodes  *types;			/* [node types] */
	TreeEdges  *edges;			/* [relations] */
} Adaptive;

/* Those of the last hop's nodes that are planned to have neighbors by one relation. */
typedef struct Expansion
{
	int64		n;
	int32	   *places;			/* [n] ascending */
	int32	   *nodes;
	TimestampTz *times;			/* NULL: no seed times */
	int32	   *counts;			/* [n] what is planned for the path, then what each gets */
} Expansion;

/* ------------------------------------------------------------------------
 * Division
 * ------------------------------------------------------------------------
 */

/* One node of a group; need is the same for the whole group. */
typedef struct Share
{
	int32		owner;
	int32		path;
	int32		available;
	int32		at;				/* in the expansion */
} Share;

static inline int
share_compare(const Share *x, const Share *y)
{
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	if (x->path != y->path)
		return x->path < y->path ? -1 : 1;
	if (x->available != y->available)
		return x->available < y->available ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

#define ST_SORT shares_sort
#define ST_ELEMENT_TYPE Share
#define ST_COMPARE(a, b) share_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Integer max-min fair division of each group's need among its nodes: those
 * with least are served first, each with an equal part of what is left.
 * available[i] may be cut off at the need.  counts comes with the need of the
 * node's group and goes with the node's share.
 */
static void
divide(const Adaptive *adaptive, const TreeNodes *type, const int32 *available, Expansion *expansion)
{
	Share	   *shares = memory_alloc(expansion->n, sizeof(Share));
	int64		to;

	for (int64 i = 0; i < expansion->n; i++)
	{
		shares[i].owner = type->owners[expansion->places[i]];
		shares[i].path = type->paths[expansion->places[i]];
		shares[i].available = available[i];
		shares[i].at = (int32) i;
	}
	shares_sort(shares, expansion->n);
	for (int64 from = 0; from < expansion->n; from = to)
	{
		int64		need = expansion->counts[shares[from].at];

		for (to = from; to < expansion->n; to++)
		{
			if (shares[to].owner != shares[from].owner || shares[to].path != shares[from].path)
				break;
		}
		for (int64 i = from; i < to; i++)
		{
			int32		count = (int32) Min(shares[i].available, need / (to - i));

			expansion->counts[shares[i].at] = count;
			need -= count;
		}
	}
	pfree(shares);
}

/* ------------------------------------------------------------------------
 * One relation of one hop
 * ------------------------------------------------------------------------
 */

/* Who is to be expanded by a relation, and the need of each one's group. */
static Expansion
expansion_create(const Adaptive *adaptive, int relation)
{
	const TreeNodes *type = &adaptive->types[adaptive->graph->relations[relation].dst_type];
	int64		most = type->end - type->begin;
	Expansion	expansion = {0};

	expansion.places = memory_alloc(most, sizeof(int32));
	expansion.nodes = memory_alloc(most, sizeof(int32));
	expansion.counts = memory_alloc(most, sizeof(int32));
	if (adaptive->timed)
		expansion.times = memory_alloc(most, sizeof(TimestampTz));
	for (int64 place = type->begin; place < type->end; place++)
	{
		int			child = adaptive->plan->children[type->paths[place] * adaptive->plan->nrelations + relation];
		int64		i = expansion.n;

		if (child < 0)
			continue;
		expansion.places[i] = (int32) place;
		expansion.nodes[i] = type->met.nodes[place];
		expansion.counts[i] = (int32) adaptive->plan->paths[child].planned;
		if (adaptive->timed)
			expansion.times[i] = type->met.times[place];
		expansion.n++;
	}
	return expansion;
}

/*
 * Draws the neighbors: first as many as the group's need of each, to see
 * what there is; then each one's share, which is the beginning of that unless
 * picks rotate.
 */
static void
expansion_draw(const Adaptive *adaptive, int relation, Expansion *expansion, NeighborList *list)
{
	const TreeNodes *type = &adaptive->types[adaptive->graph->relations[relation].dst_type];
	NeighborPick pick = {
		.counts = expansion->counts, .epoch = adaptive->options->salt, .inclusive = adaptive->options->inclusive,
		.window = adaptive->options->window
	};
	int32	   *available = memory_alloc(expansion->n, sizeof(int32));
	int64		kept = 0;

	store_neighbors(adaptive->store, relation, expansion->nodes, expansion->times, expansion->n, &pick, list);
	for (int64 i = 0; i < expansion->n; i++)
		available[i] = (int32) (list->offsets[i + 1] - list->offsets[i]);
	divide(adaptive, type, available, expansion);
	pfree(available);
	if (adaptive->options->rotate)
	{
		pick.rotate = true;
		pick.salt = random_hash(random_hash(adaptive->options->salt, adaptive->hop), relation);
		store_neighbors(adaptive->store, relation, expansion->nodes, expansion->times, expansion->n, &pick, list);
		return;
	}
	for (int64 i = 0; i < expansion->n; i++)
	{
		int64		from = list->offsets[i];

		list->offsets[i] = kept;
		memmove(list->nodes + kept, list->nodes + from, expansion->counts[i] * sizeof(int32));
		if (list->weights != NULL)
			memmove(list->weights + kept, list->weights + from, expansion->counts[i] * sizeof(float));
		if (list->rows != NULL)
			memmove(list->rows + kept, list->rows + from, expansion->counts[i] * sizeof(int32));
		kept += expansion->counts[i];
	}
	list->offsets[expansion->n] = kept;
}

/* The place of a neighbor that a seed's node has by a path. */
static int32
tree_place(Adaptive *adaptive, TreeNodes *type, int32 node, int32 owner, int32 path, TimestampTz time)
{
	bool		last = adaptive->hop == adaptive->options->fanout->nhops;
	int32		place = type_nodes_find(&type->met, node, owner, time);

	if (place >= 0)
		return place;
	place = type_nodes_place(&type->met, node, last ? OWNER_NONE : owner, time);
	if (!last)
	{
		if (type->capacity < type->met.count)
		{
			type->capacity = type->met.capacity;
			type->owners = memory_grow(type->owners, type->capacity, sizeof(int32));
			type->paths = memory_grow(type->paths, type->capacity, sizeof(int32));
		}
		type->owners[place] = owner;
		type->paths[place] = path;
	}
	return place;
}

/* Destinations up to "ndst" have the edges that were put so far. */
static void
tree_edges_close(TreeEdges *edges, int64 ndst)
{
	int64		nedges = edges->ndst > 0 ? edges->offsets[edges->ndst] : 0;

	if (edges->offsets == NULL)
	{
		edges->dst_capacity = Max(ndst + 1, 64);
		edges->offsets = memory_alloc(edges->dst_capacity, sizeof(int64));
		edges->offsets[0] = 0;
	}
	memory_reserve(edges->offsets, edges->dst_capacity, ndst + 1);
	while (edges->ndst < ndst)
		edges->offsets[++edges->ndst] = nedges;
}

/* Appends what was drawn to the relation's edges, renumbered to places. */
static void
tree_edges_append(Adaptive *adaptive, int relation, const Expansion *expansion, const NeighborList *list)
{
	const GraphRelation *def = &adaptive->graph->relations[relation];
	const TreeNodes *dst = &adaptive->types[def->dst_type];
	TreeNodes  *src = &adaptive->types[def->src_type];
	TreeEdges  *edges = &adaptive->edges[relation];
	int64		nedges = edges->ndst > 0 ? edges->offsets[edges->ndst] : 0;

	if (nedges + list->offsets[expansion->n] > edges->capacity)
	{
		bool		first = edges->src == NULL;

		edges->capacity = Max(nedges + list->offsets[expansion->n], 2 * edges->capacity);
		edges->src = first ? memory_alloc(edges->capacity, sizeof(int32)) :
			memory_grow(edges->src, edges->capacity, sizeof(int32));
		if (list->weights != NULL)
			edges->weights = first ? memory_alloc(edges->capacity, sizeof(float)) :
				memory_grow(edges->weights, edges->capacity, sizeof(float));
		if (list->rows != NULL)
			edges->rows = first ? memory_alloc(edges->capacity, sizeof(int32)) :
				memory_grow(edges->rows, edges->capacity, sizeof(int32));
	}
	for (int64 i = 0; i < expansion->n; i++)
	{
		int32		place = expansion->places[i];
		int32		owner = dst->owners[place];
		int			path = adaptive->plan->children[dst->paths[place] * adaptive->plan->nrelations + relation];

		if (i % DESTINATIONS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		tree_edges_close(edges, place);
		for (int64 e = list->offsets[i]; e < list->offsets[i + 1]; e++)
		{
			edges->src[nedges] = tree_place(adaptive, src, list->nodes[e], owner, path, dst->met.times[place]);
			if (list->weights != NULL)
				edges->weights[nedges] = list->weights[e];
			if (list->rows != NULL)
				edges->rows[nedges] = list->rows[e];
			nedges++;
		}
		memory_reserve(edges->offsets, edges->dst_capacity, edges->ndst + 2);
		edges->offsets[++edges->ndst] = nedges;
	}
}

static void
expand(Adaptive *adaptive, int relation)
{
	Expansion	expansion = expansion_create(adaptive, relation);
	NeighborList list;

	if (expansion.n == 0)
		return;
	expansion_draw(adaptive, relation, &expansion, &list);
	tree_edges_append(adaptive, relation, &expansion, &list);

	/* the sample may be kept for long */
	pfree(list.offsets);
	pfree(list.nodes);
	if (list.weights != NULL)
		pfree(list.weights);
	if (list.rows != NULL)
		pfree(list.rows);
	pfree(expansion.places);
	pfree(expansion.nodes);
	pfree(expansion.counts);
	if (expansion.times != NULL)
		pfree(expansion.times);
}

/* ------------------------------------------------------------------------
 * The whole
 * ------------------------------------------------------------------------
 */

/*
 * A block uses the edges of the destinations it has, by the relations that
 * its hop has.  The last hop has most destinations: with it first, the offsets
 * are complete and stay where they are.
 */
static void
blocks_share_edges(const Adaptive *adaptive, Sample *sample)
{
	for (int hop = sample->nhops; hop >= 1; hop--)
	{
		SampleBlock *block = &sample->blocks[sample->nhops - hop];

		for (int r = 0; r < adaptive->graph->nrelations; r++)
		{
			TreeEdges  *edges = &adaptive->edges[r];
			int64		ndst = block->ndst[adaptive->graph->relations[r].dst_type];

			if (edges->src == NULL || ndst == 0 || fanout_count(adaptive->options->fanout, hop, r) == 0)
				continue;
			tree_edges_close(edges, ndst);
			block->relations[r].nedges = edges->offsets[ndst];
			block->relations[r].offsets = edges->offsets;
			block->relations[r].src = edges->src;
			block->relations[r].weights = edges->weights;
			block->relations[r].rows = edges->rows;
		}
	}
}

/* neighbor_sample() with options->adaptive. */
Sample *
adaptive_sample(GraphStore *store, const Graph *graph, int node_type, const int32 *seeds, const TimestampTz *times,
				int64 nseeds, const SampleOptions *options)
{
	int			ntypes = graph->nnode_types;
	Sample	   *sample = palloc0(sizeof(Sample));
	Adaptive	adaptive = {
		.store = store, .graph = graph, .options = options, .timed = times != NULL,
		.plan = plan_create(graph, options->fanout, node_type),
		.types = palloc0(ntypes * sizeof(TreeNodes)),
		.edges = palloc0(Max(graph->nrelations, 1) * sizeof(TreeEdges))
	};
	TypeNodes  *met = palloc(ntypes * sizeof(TypeNodes));

	for (int i = 0; i < ntypes; i++)
	{
		TreeNodes  *type = &adaptive.types[i];

		type_nodes_create(&type->met, i == node_type ? Max(nseeds * 8, 64) : 64);
		type->capacity = type->met.capacity;
		type->owners = memory_alloc(type->capacity, sizeof(int32));
		type->paths = memory_alloc(type->capacity, sizeof(int32));
	}
	for (int64 i = 0; i < nseeds; i++)
		(void) tree_place(&adaptive, &adaptive.types[node_type], seeds[i], (int32) i, 0,
						  times != NULL ? times[i] : STORE_ALWAYS);

	sample->nhops = options->fanout->nhops;
	sample->blocks = palloc0(sample->nhops * sizeof(SampleBlock));
	for (adaptive.hop = 1; adaptive.hop <= sample->nhops; adaptive.hop++)
	{
		SampleBlock *block = &sample->blocks[sample->nhops - adaptive.hop];

		block->ndst = palloc(ntypes * sizeof(int64));
		block->nsrc = palloc(ntypes * sizeof(int64));
		block->relations = palloc0(Max(graph->nrelations, 1) * sizeof(RelationBlock));
		for (int i = 0; i < ntypes; i++)
			block->ndst[i] = adaptive.types[i].end = adaptive.types[i].met.count;
		for (int r = 0; r < graph->nrelations; r++)
			expand(&adaptive, r);
		for (int i = 0; i < ntypes; i++)
		{
			adaptive.types[i].begin = adaptive.types[i].end;
			block->nsrc[i] = adaptive.types[i].met.count;
		}
	}
	blocks_share_edges(&adaptive, sample);
	for (int i = 0; i < ntypes; i++)
		met[i] = adaptive.types[i].met;
	sample_set_nodes(sample, store, met, ntypes, times != NULL);
	return sample;
}
