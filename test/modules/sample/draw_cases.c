/*
 * draw_cases.c
 *		Are samples uniform, and of different nodes independent?
 *
 * For graphs in which every destination has the same n neighbors.  Each
 * answer is a number of standard deviations from what it should be; seeds are
 * fixed, so the test gives the same answer every time.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "sample_test.h"

PG_FUNCTION_INFO_V1(test_draws_by_seed);
PG_FUNCTION_INFO_V1(test_draws_by_epoch);

typedef struct Draws
{
	const Graph *graph;
	int			relation;
	int			k;				/* wanted */
	int			n;				/* of so many */
	TestTexts	dst;
	TestTexts	src;
} Draws;

static void
put_score(ReturnSetInfo *result, const char *name, double score)
{
	Datum		values[2] = {CStringGetTextDatum(name), Float8GetDatum(score)};
	bool		nulls[2] = {false, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * The chi-square of cells that should all hold the same, as standard
 * deviations from its mean.  variance is that of one cell's count, of which
 * the cells share out a fixed sum.
 */
static double
chi_square_score(const int64 *cells, int n, double variance)
{
	double		mean = 0;
	double		chi = 0;

	for (int i = 0; i < n; i++)
		mean += (double) cells[i] / n;
	for (int i = 0; i < n; i++)
		chi += (cells[i] - mean) * (cells[i] - mean) / variance * (n - 1) / n;
	return (chi - (n - 1)) / sqrt(2.0 * (n - 1));
}

/* Counts in n cells of equal chance. */
static double
even_score(const int64 *cells, int n)
{
	double		total = 0;

	for (int i = 0; i < n; i++)
		total += (double) cells[i];
	return chi_square_score(cells, n, total / n * (1 - 1.0 / n));
}

static Draws
read_draws(FunctionCallInfo fcinfo)
{
	Draws		draws = {.graph = graph_load(test_text(fcinfo, 0))};

	draws.relation = test_relation(draws.graph, test_text(fcinfo, 1));
	draws.k = PG_GETARG_INT32(2);
	draws.dst = test_all_names(draws.graph, draws.graph->relations[draws.relation].dst_type);
	draws.src = test_all_names(draws.graph, draws.graph->relations[draws.relation].src_type);
	draws.n = draws.src.n;
	return draws;
}

/*
 * The picks of all destinations, as places in the list of sources:
 * [dst x k].  Every destination must have n neighbors.
 */
static int *
draw(const Draws *draws, TestStore *test, const NeighborPick *pick)
{
	const GraphRelation *def = &draws->graph->relations[draws->relation];
	int32	   *sources = test_find(test, def->src_type, &draws->src);
	int		   *place = palloc(draws->n * sizeof(int));
	NeighborList list;
	int			k = pick->count < 0 ? draws->n : pick->count;
	int		   *drawn = palloc(draws->dst.n * k * sizeof(int));

	for (int i = 0; i < draws->n; i++)
		place[sources[i]] = i;
	store_neighbors(test->store, draws->relation, test_find(test, def->dst_type, &draws->dst), NULL, draws->dst.n,
					pick, &list);
	if (list.offsets[draws->dst.n] != (int64) draws->dst.n * k)
		elog(ERROR, "a destination has too few neighbors");
	for (int i = 0; i < draws->dst.n * k; i++)
		drawn[i] = place[list.nodes[i]];
	pfree(place);
	return drawn;
}

/* How many of the k entries of a are also in b. */
static int
overlap(const int *a, const int *b, int k)
{
	int			common = 0;

	for (int i = 0; i < k; i++)
	{
		for (int j = 0; j < k; j++)
			common += a[i] == b[j];
	}
	return common;
}

/*
 * What pairs of independent samples of k out of n have in common is
 * hypergeometric; as standard deviations from the mean.
 */
static double
overlap_score(const Draws *draws, double common, double pairs)
{
	double		n = draws->n;
	double		k = draws->k;
	double		variance = k * (k / n) * (1 - k / n) * (n - k) / (n - 1);

	return (common - pairs * k * k / n) / sqrt(pairs * variance);
}

/*
 * test_draws_by_seed(graph text, relation text, k int, seeds int) -> (name text, score float8)
 *
 *	included: how often each source is drawn
 *	first: how often each comes first
 *	destinations: sources that two destinations share
 *	seeds: sources that one destination shares with itself under the next seed
 */
Datum
test_draws_by_seed(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Draws		draws = read_draws(fcinfo);
	int			seeds = PG_GETARG_INT32(3);
	int			ndst = draws.dst.n;
	int			k = draws.k;
	NeighborPick pick = {.count = k};
	int64	   *included = palloc0(draws.n * sizeof(int64));
	int64	   *first = palloc0(draws.n * sizeof(int64));
	double		shared = 0,
				repeated = 0;
	int		   *before = NULL;
	double		share = (double) k / draws.n;

	InitMaterializedSRF(fcinfo, 0);
	for (int seed = 1; seed <= seeds; seed++)
	{
		TestStore  *test = test_open(draws.graph, false, seed, ORDER_UNIFORM);
		int		   *drawn = draw(&draws, test, &pick);

		for (int i = 0; i < ndst * k; i++)
			included[drawn[i]]++;
		for (int d = 0; d < ndst; d++)
		{
			first[drawn[d * k]]++;
			if (d % 2 == 1)
				shared += overlap(drawn + (d - 1) * k, drawn + d * k, k);
			if (before != NULL)
				repeated += overlap(before + d * k, drawn + d * k, k);
		}
		if (before != NULL)
			pfree(before);
		before = drawn;
		test_close(test);
		CHECK_FOR_INTERRUPTS();
	}
	put_score(result, "included", chi_square_score(included, draws.n, (double) ndst * seeds * share * (1 - share)));
	put_score(result, "first", even_score(first, draws.n));
	put_score(result, "destinations", overlap_score(&draws, shared, (double) (ndst / 2) * seeds));
	put_score(result, "seeds", overlap_score(&draws, repeated, (double) ndst * (seeds - 1)));
	return (Datum) 0;
}

/* Where each destination's pick begins in its order. */
static void
find_starts(const Draws *draws, const int *drawn, const int *order, int *starts)
{
	for (int d = 0; d < draws->dst.n; d++)
	{
		int			s = 0;

		while (s < draws->n && order[d * draws->n + s] != drawn[d * draws->k])
			s++;
		for (int i = 0; i < draws->k; i++)
		{
			if (s == draws->n || order[d * draws->n + (s + i) % draws->n] != drawn[d * draws->k + i])
				elog(ERROR, "a rotating pick is no run of the order");
		}
		starts[d] = s;
	}
}

/*
 * test_draws_by_epoch(graph text, relation text, k int, epochs int) -> (name text, score float8)
 *
 * Rotating picks of one model, in many epochs.
 *
 *	starts: where the picks begin
 *	included: the largest deviation of how often each source is drawn
 *	epochs: from the start in one epoch to that in the next
 *	destinations: from the start of one destination to that of the next
 */
Datum
test_draws_by_epoch(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Draws		draws = read_draws(fcinfo);
	int			epochs = PG_GETARG_INT32(3);
	int			ndst = draws.dst.n;
	int			n = draws.n;
	NeighborPick all = {.count = -1};
	TestStore  *test = test_open(draws.graph, false, 1, ORDER_UNIFORM);
	int		   *order = draw(&draws, test, &all);
	int		   *starts = palloc(ndst * sizeof(int));
	int		   *before = palloc(ndst * sizeof(int));
	int64	   *began = palloc0(n * sizeof(int64));
	int64	   *included = palloc0(n * sizeof(int64));
	int64	   *steps = palloc0(n * sizeof(int64));
	int64	   *distances = palloc0(n * sizeof(int64));
	double		share = (double) draws.k / n;
	double		largest = 0;

	InitMaterializedSRF(fcinfo, 0);
	for (int epoch = 1; epoch <= epochs; epoch++)
	{
		NeighborPick pick = {.count = draws.k, .rotate = true, .salt = random_hash(7, epoch)};
		int		   *drawn = draw(&draws, test, &pick);

		find_starts(&draws, drawn, order, starts);
		for (int i = 0; i < ndst * draws.k; i++)
			included[drawn[i]]++;
		for (int d = 0; d < ndst; d++)
		{
			began[starts[d]]++;
			if (epoch > 1)
				steps[(starts[d] - before[d] + n) % n]++;
			if (d % 2 == 1)
				distances[(starts[d] - starts[d - 1] + n) % n]++;
			before[d] = starts[d];
		}
		pfree(drawn);
		CHECK_FOR_INTERRUPTS();
	}
	for (int i = 0; i < n; i++)
	{
		double		expected = (double) ndst * epochs * share;

		largest = Max(largest, fabs(included[i] - expected) / sqrt(expected * (1 - share)));
	}
	put_score(result, "starts", even_score(began, n));
	put_score(result, "included", largest);
	put_score(result, "epochs", even_score(steps, n));
	put_score(result, "destinations", even_score(distances, n));
	test_close(test);
	return (Datum) 0;
}
