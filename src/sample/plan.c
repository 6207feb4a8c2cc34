/*
 * plan.c
 *		What adaptive sampling may draw for one seed, known beforehand.
 *
 * Let fan[h][r] be the fan-out of relation r at hop h.  The seed's own path is
 * planned with one node, and a path that goes on by relation r at hop h with
 * fan[h][r] times the nodes planned for the path so far, whatever was found.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/memory.h"
#include "sample/adaptive.h"

/* The steps of a path, for messages. */
static char *
path_text(const SamplePlan *plan, const Graph *graph, int path)
{
	StringInfoData text;

	if (plan->paths[path].parent <= 0)
		return pstrdup(graph->relations[plan->paths[path].relation].name);
	initStringInfo(&text);
	appendStringInfo(&text, "%s, %s", path_text(plan, graph, plan->paths[path].parent),
					 graph->relations[plan->paths[path].relation].name);
	return text.data;
}

static void
plan_too_large(const SamplePlan *plan, const Graph *graph, int path)
{
	if (plan->npaths >= PLAN_MAX_PATHS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("adaptive sampling plans more than %d paths", PLAN_MAX_PATHS),
				 errhint("Use fewer hops, or turn relations off with a fanout of 0.")));
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("adaptive sampling plans more than %d neighbors for one seed", PLAN_MAX_EDGES),
			 errdetail("The limit is exceeded with %lld along the path %s.",
					   (long long) plan->paths[path].planned, path_text(plan, graph, path)),
			 errhint("Use smaller fanouts, or 0 for relations that are not needed at a hop.")));
}

/* A path one step longer. */
static void
plan_add(SamplePlan *plan, const Graph *graph, int parent, int relation, int count, int *capacity)
{
	PlanPath	path = {parent, relation, plan->paths[parent].hop + 1, graph->relations[relation].src_type};

	if (count < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("adaptive sampling cannot take all neighbors of relation \"%s\"",
						graph->relations[relation].name),
				 errhint("Give its fanout as numbers of at least 0; they are plans that others fill up.")));
	path.planned = plan->paths[parent].planned * count;
	if (plan->npaths == *capacity)
	{
		*capacity *= 2;
		plan->paths = memory_grow(plan->paths, *capacity, sizeof(PlanPath));
		plan->children = memory_grow(plan->children, (int64) *capacity * plan->nrelations, sizeof(int));
	}
	plan->paths[plan->npaths] = path;
	plan->children[parent * plan->nrelations + relation] = plan->npaths;
	for (int r = 0; r < plan->nrelations; r++)
		plan->children[plan->npaths * plan->nrelations + r] = -1;
	plan->edges += path.planned;
	if (plan->edges > PLAN_MAX_EDGES || plan->npaths >= PLAN_MAX_PATHS)
		plan_too_large(plan, graph, plan->npaths);
	plan->npaths++;
}

/*
 * All paths of a fan-out from seeds of a type.  An error if they, or their
 * neighbors, are too many, or if a fan-out has no bound.
 */
SamplePlan *
plan_create(const Graph *graph, const Fanout *fanout, int node_type)
{
	SamplePlan *plan = palloc0(sizeof(SamplePlan));
	PlanPath	seed = {-1, -1, 0, node_type, 1};
	int			capacity = 16;

	plan->nrelations = Max(graph->nrelations, 1);
	plan->paths = memory_alloc(capacity, sizeof(PlanPath));
	plan->children = memory_alloc((int64) capacity * plan->nrelations, sizeof(int));
	plan->paths[0] = seed;
	plan->npaths = 1;
	for (int r = 0; r < plan->nrelations; r++)
		plan->children[r] = -1;

	/* the array is its own queue */
	for (int i = 0; i < plan->npaths && plan->paths[i].hop < fanout->nhops; i++)
	{
		for (int r = 0; r < graph->nrelations; r++)
		{
			int			count = fanout_count(fanout, plan->paths[i].hop + 1, r);

			if (graph->relations[r].dst_type == plan->paths[i].type && count != 0)
				plan_add(plan, graph, i, r, count, &capacity);
		}
	}
	return plan;
}
