/*
 * score_calls.c
 *		How often a call in a query will probably be made, before it has been.
 *
 * A function that is called for each row is not told how many rows there
 * are; the planner, though, has an estimate.  The executor is watched for the
 * plan that is being run, and the call, which is known by its place in memory,
 * is looked for in it.  All of this is advice: calls that are not found,
 * because they stand in a PL/pgSQL expression for example, are taken as few.
 */
#include "postgres.h"

#include <math.h>

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"

#include "base/compat.h"
#include "predict/score_calls.h"

/* A query at work, and the one that it is called by. */
typedef struct RunningQuery
{
	QueryDesc  *query;
	uint64		count;			/* rows that are asked for; 0: all */
	struct RunningQuery *outer;
} RunningQuery;

typedef struct CallSearch
{
	const Node *call;
	double		limit;			/* rows that the node above will take */
	double		calls;			/* the answer */
} CallSearch;

static RunningQuery *running = NULL;
static ExecutorRun_hook_type run_before_us = NULL;

static void
calls_run(COMPAT_EXECUTOR_RUN_PARAMETERS)
{
	RunningQuery mine = {queryDesc, count, running};

	running = &mine;
	PG_TRY();
	{
		if (run_before_us != NULL)
			run_before_us(COMPAT_EXECUTOR_RUN_ARGUMENTS);
		else
			standard_ExecutorRun(COMPAT_EXECUTOR_RUN_ARGUMENTS);
	}
	PG_FINALLY();
	{
		running = mine.outer;
	}
	PG_END_TRY();
}

/* When the library is loaded, which is before the first query that needs it is run. */
void
score_calls_watch(void)
{
	run_before_us = ExecutorRun_hook;
	ExecutorRun_hook = calls_run;
}

static bool
expression_has(Node *node, void *call)
{
	if (node == NULL)
		return false;
	return node == call || expression_tree_walker(node, expression_has, call);
}

/* Whether a node reads all of its input whatever part of its output is taken. */
static bool
reads_all(const Plan *plan)
{
	return IsA(plan, Sort) || IsA(plan, Agg) || IsA(plan, Hash) || IsA(plan, ModifyTable);
}

/*
 * True if the call stands in this part of the plan; search->calls is set.  An
 * aggregate's argument is computed for each row of its input, all else for
 * about each row that comes out: a condition is computed more often than
 * that, but how much so is not known.
 */
static bool
search_plan(PlanState *state, void *arg)
{
	CallSearch *search = arg;
	Plan	   *plan = state->plan;
	double		above = search->limit;
	bool		found;

	if (IsA(plan, Limit))
		search->limit = Min(search->limit, plan->plan_rows);
	if (expression_has((Node *) plan->targetlist, (void *) search->call) ||
		expression_has((Node *) plan->qual, (void *) search->call))
	{
		search->calls = IsA(plan, Agg) && outerPlan(plan) != NULL ? outerPlan(plan)->plan_rows :
			Min(search->limit, plan->plan_rows);
		return true;
	}
	if (reads_all(plan))
		search->limit = INFINITY;
	found = planstate_tree_walker(state, search_plan, search);
	search->limit = above;
	return found;
}

/* The estimate for a call (its expression, or NULL) in the query at work; 0: not known. */
double
score_calls_expected(const Node *call)
{
	CallSearch	search = {.call = call, .limit = INFINITY};

	if (call == NULL || running == NULL || running->query->planstate == NULL)
		return 0;
	if (running->count > 0)
		search.limit = running->count;
	return search_plan(running->query->planstate, &search) ? search.calls : 0;
}
