/*
 * adaptive_cases.c
 *		What must hold for adaptive samples, seed by seed.
 *
 * The tree of a seed is read back from the blocks: from its place along the
 * edges to the places that were not met before.  Then each group of nodes, by
 * seed and path, is held against what the store says that its nodes have.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "sample/adaptive.h"
#include "sample_test.h"

PG_FUNCTION_INFO_V1(test_adaptive);
PG_FUNCTION_INFO_V1(test_tree);

/* One node of a tree as a destination of one relation. */
typedef struct TreeRow
{
	int			hop;
	int			relation;
	int			path;			/* of the node */
	double		planned;		/* nodes on that path */
	int32		node;
	int			n;
	int32	   *neighbors;
} TreeRow;

/* A node that is to be expanded. */
typedef struct TreeNode
{
	int			type;
	int32		place;
	int			path;
	double		planned;
} TreeNode;

typedef struct Tree
{
	int64		nrows;
	int64		capacity;
	TreeRow    *rows;
} Tree;

typedef struct Case
{
	const Graph *graph;
	int			node_type;
	TestTexts	seeds;
	TestTimes	at;
	SampleOptions options;
	TestStore  *test;
} Case;

static bool
must(bool holds, const char *what)
{
	if (!holds)
		elog(NOTICE, "does not hold: %s", what);
	return holds;
}

/* Paths as numbers: a path and a relation make another one; collisions would only merge groups. */
static int
path_step(int path, int relation)
{
	return (int) (random_hash(path, relation + 1) & 0x7fffffff);
}

/* What one relation gives a node at the hop where it is expanded. */
static TreeRow *
tree_add(Tree *tree, const Case *a, const Sample *sample, int hop, int r, const TreeNode *node)
{
	const RelationBlock *rel = &sample->blocks[sample->nhops - hop].relations[r];
	int64		from = rel->nedges > 0 ? rel->offsets[node->place] : 0;
	int64		to = rel->nedges > 0 ? rel->offsets[node->place + 1] : 0;
	TreeRow    *row;

	memory_reserve(tree->rows, tree->capacity, tree->nrows + 1);
	row = &tree->rows[tree->nrows++];
	row->hop = hop;
	row->relation = r;
	row->path = node->path;
	row->planned = node->planned;
	row->node = sample->nodes[node->type][node->place];
	row->n = (int) (to - from);
	row->neighbors = palloc(Max(row->n, 1) * sizeof(int32));
	for (int i = 0; i < row->n; i++)
		row->neighbors[i] = sample->nodes[a->graph->relations[r].src_type][rel->src[from + i]];
	return row;
}

/* The tree of the i'th seed. */
static Tree
tree_read(const Case *a, const Sample *sample, int seed)
{
	Tree		tree = {.capacity = 64, .rows = palloc(64 * sizeof(TreeRow))};
	int			ntypes = a->graph->nnode_types;
	bool	  **met = palloc(ntypes * sizeof(bool *));
	int64		all = 0;
	TreeNode   *queue;
	int64		head = 0,
				tail = 0;

	for (int t = 0; t < ntypes; t++)
	{
		met[t] = palloc0(Max(store_node_count(a->test->store, t), 1));
		all += sample->nnodes[t];
	}
	queue = palloc((all + 1) * sizeof(TreeNode));
	queue[tail++] = (TreeNode) {a->node_type, seed, 0, 1};
	met[a->node_type][sample->nodes[a->node_type][seed]] = true;
	for (int hop = 1; hop <= sample->nhops; hop++)
	{
		int64		end = tail;

		for (int r = 0; r < a->graph->nrelations; r++)
		{
			const GraphRelation *def = &a->graph->relations[r];
			const RelationBlock *rel = &sample->blocks[sample->nhops - hop].relations[r];
			int			fan = fanout_count(a->options.fanout, hop, r);

			for (int64 q = head; q < end; q++)
			{
				TreeNode	node = queue[q];
				TreeRow    *row;

				if (node.type != def->dst_type || fan == 0)
					continue;
				row = tree_add(&tree, a, sample, hop, r, &node);
				for (int i = 0; i < row->n; i++)
				{
					int32		place = rel->src[rel->offsets[node.place] + i];

					if (!met[def->src_type][row->neighbors[i]])
						queue[tail++] = (TreeNode) {def->src_type, place, path_step(node.path, r), node.planned * fan};
					met[def->src_type][row->neighbors[i]] = true;
				}
			}
		}
		head = end;
	}
	return tree;
}

/* All neighbors that a node has at the seed's time, in their order. */
static NeighborList
neighbors_of(const Case *a, const TreeRow *row, int seed, const NeighborPick *pick)
{
	NeighborList list;

	store_neighbors(a->test->store, row->relation, &row->node, a->at.n >= 0 ? &a->at.values[seed] : NULL, 1, pick, &list);
	return list;
}

/* One group: rows of one hop, relation and path. */
static bool
check_group(const Case *a, const Tree *tree, const TreeRow *first, int seed)
{
	NeighborPick all = {.count = -1, .inclusive = a->options.inclusive};
	int			fan = fanout_count(a->options.fanout, first->hop, first->relation);
	double		need = first->planned * fan;
	double		available = 0,
				taken = 0;
	int			nodes = 0,
				least = PG_INT32_MAX,
				most = 0;
	bool		none_short = true,
				ok = true;

	for (const TreeRow *row = first; row < tree->rows + tree->nrows && ok; row++)
	{
		NeighborList list;
		int64		has;

		if (row->hop != first->hop || row->relation != first->relation || row->path != first->path)
			continue;
		list = neighbors_of(a, row, seed, &all);
		has = list.offsets[1];
		nodes++;
		available += has;
		taken += row->n;
		none_short = none_short && has >= fan;
		if (row->n < has)
		{
			least = Min(least, row->n);
			most = Max(most, row->n);
		}
		ok = must(row->n <= has, "nobody gives more than they have") &&
			must(row->n >= Min(has, fan), "nobody gets less than with plain sampling");
		for (int i = 0; i < row->n && ok && !a->options.rotate; i++)
			ok = must(row->neighbors[i] == list.nodes[i], "the first of the order");
	}
	ok = ok && must(taken == Min(need, available), "edges of a path are what is planned, or what there is") &&
		must(most - least <= 1, "counts of nodes not exhausted differ by one at most");
	if (ok && none_short && nodes == first->planned)
	{
		NeighborPick plain = {
			.count = fan, .inclusive = a->options.inclusive, .rotate = a->options.rotate,
			.salt = random_hash(random_hash(a->options.salt, first->hop), first->relation)
		};

		for (const TreeRow *row = first; row < tree->rows + tree->nrows && ok; row++)
		{
			NeighborList list;

			if (row->hop != first->hop || row->relation != first->relation || row->path != first->path)
				continue;
			list = neighbors_of(a, row, seed, &plain);
			ok = must(row->n == list.offsets[1] && memcmp(row->neighbors, list.nodes, row->n * sizeof(int32)) == 0,
					  "equal to plain sampling where nothing is short");
		}
	}
	return ok;
}

static bool
check_tree(const Case *a, const Tree *tree, int seed)
{
	bool		ok = true;

	for (const TreeRow *row = tree->rows; row < tree->rows + tree->nrows && ok; row++)
	{
		bool		first = true;

		for (const TreeRow *before = tree->rows; before < row && first; before++)
			first = before->hop != row->hop || before->relation != row->relation || before->path != row->path;
		if (first)
			ok = check_group(a, tree, row, seed);
	}
	return ok;
}

/* By the keys of nodes, as two stores give them different numbers. */
static bool
same_tree(const Case *a, const Tree *x, const Case *b, const Tree *y)
{
	bool		ok = x->nrows == y->nrows;

	for (int64 i = 0; i < x->nrows && ok; i++)
	{
		const TreeRow *p = &x->rows[i];
		const TreeRow *q = &y->rows[i];
		const GraphRelation *def = &a->graph->relations[p->relation];

		ok = p->hop == q->hop && p->relation == q->relation && p->path == q->path && p->n == q->n &&
			store_node_hash(a->test->store, def->dst_type, p->node) ==
			store_node_hash(b->test->store, def->dst_type, q->node);
		for (int k = 0; k < p->n && ok; k++)
			ok = store_node_hash(a->test->store, def->src_type, p->neighbors[k]) ==
				store_node_hash(b->test->store, def->src_type, q->neighbors[k]);
	}
	return ok;
}

static Sample *
case_sample(const Case *a, int from, int n)
{
	TestTexts	seeds = {n, a->seeds.values + from};

	return neighbor_sample(a->test->store, a->graph, a->node_type, test_find(a->test, a->node_type, &seeds),
						   a->at.n >= 0 ? a->at.values + from : NULL, n, &a->options);
}

/*
 * Arguments from "arg" on: graph, node_type, fanout (hop by hop, relation by relation), hops, seeds, at, rotate, salt,
 * inclusive, adaptive.
 */
static Case
read_case(FunctionCallInfo fcinfo)
{
	Case		a = {.graph = graph_load(test_text(fcinfo, 0))};

	a.node_type = test_node_type(a.graph, test_text(fcinfo, 1));
	a.options.fanout = test_fanout(a.graph, PG_GETARG_JSONB_P(2), PG_GETARG_INT32(3));
	a.seeds = test_texts(fcinfo, 4);
	a.at = test_times(fcinfo, 5);
	if (a.seeds.n < 0)
		a.seeds = test_all_names(a.graph, a.node_type);
	if (a.at.n >= 0 && a.at.n < a.seeds.n)
		elog(ERROR, "there are fewer times than seeds");
	a.options.rotate = PG_GETARG_BOOL(6);
	a.options.salt = PG_GETARG_INT64(7);
	a.options.inclusive = PG_GETARG_BOOL(8);
	a.options.adaptive = PG_GETARG_BOOL(9);
	return a;
}

/* test_adaptive(graph, node_type, fanout, hops, seeds, at, rotate, salt, inclusive, adaptive, neighbor_order) -> bool */
Datum
test_adaptive(PG_FUNCTION_ARGS)
{
	Case		live = read_case(fcinfo);
	Case		resident = live;
	Sample	   *x,
			   *y;
	bool		ok = true;

	live.test = test_open(live.graph, true, live.options.salt, test_order(fcinfo, 10));
	resident.test = test_open(live.graph, false, live.options.salt, test_order(fcinfo, 10));
	x = case_sample(&live, 0, live.seeds.n);
	y = case_sample(&resident, 0, live.seeds.n);
	for (int i = 0; i < live.seeds.n && ok; i++)
	{
		Tree		a = tree_read(&live, x, i);
		Tree		b = tree_read(&resident, y, i);
		Tree		c = tree_read(&resident, case_sample(&resident, i, 1), 0);

		ok = check_tree(&resident, &b, i) && must(same_tree(&live, &a, &resident, &b), "both stores give the same trees") &&
			must(same_tree(&resident, &b, &resident, &c), "the tree of a seed is the same in any company");
		CHECK_FOR_INTERRUPTS();
	}
	test_close(live.test);
	test_close(resident.test);
	PG_RETURN_BOOL(ok);
}

/* test_tree(the same) -> (hop int, relation text, nodes bigint, edges bigint): of all seeds' trees together */
Datum
test_tree(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Case		a = read_case(fcinfo);

	InitMaterializedSRF(fcinfo, 0);
	a.test = test_open(a.graph, false, a.options.salt, test_order(fcinfo, 10));
	for (int hop = 1; hop <= a.options.fanout->nhops; hop++)
	{
		for (int r = 0; r < a.graph->nrelations; r++)
		{
			int64		counts[2] = {0, 0};
			bool		nulls[4] = {false, false, false, false};
			Datum		values[4];

			for (int i = 0; i < a.seeds.n; i++)
			{
				Tree		tree = tree_read(&a, case_sample(&a, i, 1), 0);

				for (int64 k = 0; k < tree.nrows; k++)
				{
					if (tree.rows[k].hop != hop || tree.rows[k].relation != r)
						continue;
					counts[0]++;
					counts[1] += tree.rows[k].n;
				}
			}
			values[0] = Int32GetDatum(hop);
			values[1] = CStringGetTextDatum(a.graph->relations[r].name);
			values[2] = Int64GetDatum(counts[0]);
			values[3] = Int64GetDatum(counts[1]);
			if (counts[0] > 0)
				tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	test_close(a.test);
	return (Datum) 0;
}
