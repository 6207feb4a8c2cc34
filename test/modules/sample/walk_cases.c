/*
 * walk_cases.c
 *		Both stores asked the same long series of random questions.
 *
 * What a store has put in order for one question it keeps for the next, so a
 * single question says little.  Each answer is held against the other store's
 * and against the whole order, which a third store gives that is never asked
 * for less.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "sample_test.h"

PG_FUNCTION_INFO_V1(test_walk);

#define MAX_BATCH	40

typedef struct Question
{
	int			n;
	char	   *dst[MAX_BATCH];
	bool		timed;
	TimestampTz times[MAX_BATCH];
	NeighborPick pick;
} Question;

typedef struct Walk
{
	const Graph *graph;
	int			relation;
	TestTexts	names;			/* of all nodes of dst_type */
	TestTexts	hubs;			/* of those worth asking for more often */
	TestTimes	times;
	bool		rotates;		/* the order lets a pick rotate */
	TestStore  *live;
	TestStore  *resident;
	TestStore  *whole;
} Walk;

/* The step'th question: some destinations, times and a pick. */
static Question
draw_question(const Walk *walk, uint64 seed)
{
	static const int counts[] = {0, 1, 2, 5, 10, 16, 17, 40, 64, 65, 100, 300, -1};
	Question	question = {0};

	question.n = (int) random_below(random_hash(seed, 1), MAX_BATCH + 1);
	question.timed = walk->times.n > 0 && random_below(random_hash(seed, 2), 3) > 0;
	question.pick.count = counts[random_below(random_hash(seed, 3), lengthof(counts))];
	question.pick.rotate = random_below(random_hash(seed, 4), 2) == 1;
	question.pick.inclusive = random_below(random_hash(seed, 5), 2) == 1;
	question.pick.salt = random_hash(seed, 6);
	question.pick.epoch = random_below(random_hash(seed, 7), 3);
	for (int i = 0; i < question.n; i++)
	{
		const TestTexts *names = random_below(random_hash(seed, 300 + i), 2) == 0 ? &walk->names : &walk->hubs;

		question.dst[i] = names->values[random_below(random_hash(seed, 100 + i), names->n)];
		if (question.timed)
			question.times[i] = walk->times.values[random_below(random_hash(seed, 200 + i), walk->times.n)];
	}
	return question;
}

static NeighborList
ask(const Walk *walk, TestStore *test, const Question *question, const NeighborPick *pick)
{
	TestTexts	names = {question->n, (char **) question->dst};
	NeighborList list;

	store_neighbors(test->store, walk->relation,
					test_find(test, walk->graph->relations[walk->relation].dst_type, &names),
					question->timed ? question->times : NULL, question->n, pick, &list);
	return list;
}

/* The e'th neighbor of one list is the f'th of the other. */
static bool
same_neighbor(const Walk *walk, const TestStore *a, const NeighborList *x, int64 e,
			  const TestStore *b, const NeighborList *y, int64 f)
{
	int			type = walk->graph->relations[walk->relation].src_type;

	return strcmp(test_name(a, type, x->nodes[e]), test_name(b, type, y->nodes[f])) == 0 &&
		(x->weights == NULL) == (y->weights == NULL) &&
		(x->weights == NULL || x->weights[e] == y->weights[f]);
}

/* So many of the whole order from "start" on, going round, are the pick. */
static bool
is_run(const Walk *walk, const NeighborList *picked, const NeighborList *whole, int64 i, int64 start)
{
	int64		n = whole->offsets[i + 1] - whole->offsets[i];

	for (int64 k = 0; k < picked->offsets[i + 1] - picked->offsets[i]; k++)
	{
		if (!same_neighbor(walk, walk->resident, picked, picked->offsets[i] + k,
						   walk->whole, whole, whole->offsets[i] + (start + k) % n))
			return false;
	}
	return true;
}

/* The i'th destination's pick is what the pick says of the whole order. */
static bool
is_pick(const Walk *walk, const NeighborPick *pick, const NeighborList *picked, const NeighborList *whole, int64 i)
{
	int64		n = whole->offsets[i + 1] - whole->offsets[i];
	int64		wanted = pick->count < 0 ? n : Min(n, pick->count);

	if (picked->offsets[i + 1] - picked->offsets[i] != wanted)
		return false;
	for (int64 start = 0; start < (pick->rotate && walk->rotates ? Max(n, 1) : 1); start++)
	{
		if (is_run(walk, picked, whole, i, start))
			return true;
	}
	return false;
}

static bool
check_step(const Walk *walk, int step, const Question *question)
{
	NeighborPick all = {.count = -1, .inclusive = question->pick.inclusive, .epoch = question->pick.epoch};
	NeighborList live = ask(walk, walk->live, question, &question->pick);
	NeighborList resident = ask(walk, walk->resident, question, &question->pick);
	NeighborList whole = ask(walk, walk->whole, question, &all);

	for (int64 i = 0; i <= question->n; i++)
	{
		if (live.offsets[i] != resident.offsets[i])
		{
			elog(NOTICE, "step %d: the stores give numbers of neighbors that differ", step);
			return false;
		}
	}
	for (int64 e = 0; e < live.offsets[question->n]; e++)
	{
		if (!same_neighbor(walk, walk->live, &live, e, walk->resident, &resident, e))
		{
			elog(NOTICE, "step %d: the stores give neighbors that differ", step);
			return false;
		}
	}
	for (int64 i = 0; i < question->n; i++)
	{
		if (!is_pick(walk, &question->pick, &resident, &whole, i))
		{
			elog(NOTICE, "step %d: neighbors of \"%s\" are not a pick of their order", step,
				 question->dst[i]);
			return false;
		}
	}
	return true;
}

/* test_walk(graph text, relation text, hubs text[], times timestamptz[], steps int, seed bigint,
 * neighbor_order text) -> bool */
Datum
test_walk(PG_FUNCTION_ARGS)
{
	Walk		walk = {.graph = graph_load(test_text(fcinfo, 0))};
	int			steps = PG_GETARG_INT32(4);
	uint64		seed = PG_GETARG_INT64(5);
	NeighborOrder order = test_order(fcinfo, 6);
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "test step", ALLOCSET_DEFAULT_SIZES);
	bool		ok = true;

	walk.relation = test_relation(walk.graph, test_text(fcinfo, 1));
	walk.rotates = relation_order(walk.graph, walk.relation, order) == ORDER_UNIFORM;
	walk.names = test_all_names(walk.graph, walk.graph->relations[walk.relation].dst_type);
	walk.hubs = test_texts(fcinfo, 2);
	walk.times = test_times(fcinfo, 3);
	walk.live = test_open(walk.graph, true, seed, order);
	walk.resident = test_open(walk.graph, false, seed, order);
	walk.whole = test_open(walk.graph, false, seed, order);
	for (int step = 0; step < steps && ok; step++)
	{
		MemoryContext old = MemoryContextSwitchTo(cxt);
		Question	question = draw_question(&walk, random_hash(seed, step));

		ok = check_step(&walk, step, &question);
		MemoryContextSwitchTo(old);
		MemoryContextReset(cxt);
		CHECK_FOR_INTERRUPTS();
	}
	test_close(walk.live);
	test_close(walk.resident);
	test_close(walk.whole);
	PG_RETURN_BOOL(ok);
}
