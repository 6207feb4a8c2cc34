/*
 * negative.c
 *		Pairs that are no edges: nodes that a source has no edge to.
 *
 * A candidate is drawn from a pool by weight, and drawn again if it may not
 * be taken or was taken already, which makes a sample without replacement.
 * Where that takes too long, because few are left, keys are given to all of
 * the pool and the smallest taken, which has the same distribution.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "sample/negative.h"
#include "sample/pick.h"

const char *const negative_strategy_names[] = {"random", "degree", "weight", NULL};

/* Draws in a row that came to nothing, before all of a pool is looked at. */
#define MISSES	32

/* Candidates to be drawn from, with what their weights add up to. */
typedef struct Pool
{
	int64		n;
	const int32 *nodes;			/* [n] */
	double	   *sums;			/* [n] of the weights up to and with each */
} Pool;

struct Negatives
{
	const double *weights;		/* [n] 0: not to be drawn */
	const uint64 *hashes;
	Pool		all;
	int			nshares;
	NegativeShare *shares;
	double	  **share_sums;		/* [nshares][n] along each share's nodes */
	bool	   *taken;			/* [n] or excluded, while one source is drawn for */
};

static double *
running_sums(const int32 *nodes, int64 n, const double *weights)
{
	double	   *sums = memory_alloc(n, sizeof(double));
	double		sum = 0;

	for (int64 i = 0; i < n; i++)
		sums[i] = sum += weights[nodes[i]];
	return sums;
}

/* The candidates by their value of a column. */
static void
share_index(NegativeShare *share, const int32 *nodes, int64 n)
{
	int64	   *next = memory_alloc_zero((int64) share->nvalues + 1, sizeof(int64));
	int64		total = 0;

	share->offsets = memory_alloc((int64) share->nvalues + 1, sizeof(int64));
	for (int64 i = 0; i < n; i++)
	{
		if (share->values[nodes[i]] >= 0)
			next[share->values[nodes[i]]]++;
	}
	for (int32 v = 0; v <= share->nvalues; v++)
	{
		int64		count = next[v];

		share->offsets[v] = next[v] = total;
		total += count;
	}
	share->nodes = memory_alloc(total, sizeof(int32));
	for (int64 i = 0; i < n; i++)
	{
		if (share->values[nodes[i]] >= 0)
			share->nodes[next[share->values[nodes[i]]]++] = nodes[i];
	}
	pfree(next);
}

/*
 * n candidates, those that are visible and have a weight.  What is given is
 * kept and must stay.
 */
Negatives *
negatives_create(const bool *visible, const double *weights, const uint64 *hashes, int32 n, NegativeShare *shares,
				 int nshares)
{
	Negatives  *negatives = palloc0(sizeof(Negatives));
	int32	   *nodes = memory_alloc(n, sizeof(int32));

	for (int32 i = 0; i < n; i++)
	{
		if (visible[i] && weights[i] > 0)
			nodes[negatives->all.n++] = i;
	}
	negatives->all.nodes = nodes;
	negatives->all.sums = running_sums(nodes, negatives->all.n, weights);
	negatives->weights = weights;
	negatives->hashes = hashes;
	negatives->taken = memory_alloc_zero(n, sizeof(bool));
	negatives->nshares = nshares;
	negatives->shares = shares;
	negatives->share_sums = palloc(Max(nshares, 1) * sizeof(double *));
	for (int i = 0; i < nshares; i++)
	{
		int64		total = 0;

		share_index(&shares[i], nodes, negatives->all.n);
		for (int64 k = 0; k < negatives->all.n; k++)
			total += shares[i].values[nodes[k]] >= 0;
		negatives->share_sums[i] = running_sums(shares[i].nodes, total, weights);
	}
	return negatives;
}

/* The first place whose sum is above what is looked for. */
static int64
pool_find(const Pool *pool, double sum)
{
	int64		low = 0,
				high = pool->n - 1;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (pool->sums[middle] > sum)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* A candidate with its key. */
typedef struct Keyed
{
	double		key;
	int32		node;
} Keyed;

static int
keyed_compare(const void *a, const void *b)
{
	const Keyed *x = a;
	const Keyed *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

/* The last resort: up to count of those of the pool that can be taken. */
static int
pool_exhaust(Negatives *negatives, const Pool *pool, int count, uint64 seed, int shared, Negative *drawn)
{
	Keyed	   *keyed = memory_alloc(pool->n, sizeof(Keyed));
	int64		n = 0;

	for (int64 i = 0; i < pool->n; i++)
	{
		int32		node = pool->nodes[i];

		if (negatives->taken[node])
			continue;
		keyed[n].key = pick_weighted_key(random_hash(seed, negatives->hashes[node]), negatives->weights[node]);
		keyed[n++].node = node;
	}
	CHECK_FOR_INTERRUPTS();
	qsort(keyed, n, sizeof(Keyed), keyed_compare);
	count = (int) Min(count, n);
	for (int i = 0; i < count; i++)
	{
		drawn[i].node = keyed[i].node;
		drawn[i].shared = shared;
		negatives->taken[keyed[i].node] = true;
	}
	pfree(keyed);
	return count;
}

/* Draws up to count of a pool; how many there were. */
static int
pool_draw(Negatives *negatives, const Pool *pool, double before, int count, uint64 seed, int shared, Negative *drawn)
{
	int			n = 0;
	int			misses = 0;

	if (pool->n == 0)
		return 0;
	for (uint64 turn = 0; n < count && misses < MISSES; turn++)
	{
		double		range = pool->sums[pool->n - 1] - before;
		int32		node = pool->nodes[pool_find(pool, before + random_unit(random_hash(seed, turn)) * range)];

		if (negatives->taken[node])
		{
			misses++;
			continue;
		}
		misses = 0;
		drawn[n].node = node;
		drawn[n++].shared = shared;
		negatives->taken[node] = true;
	}
	if (n < count)
		n += pool_exhaust(negatives, pool, count - n, random_mix(seed), shared, drawn + n);
	return n;
}

/*
 * Draws up to count negatives, all different, and none of the excluded ones;
 * the shares first, if there is a positive (-1: none).  What a share cannot
 * give comes from all.  Returns how many there are.
 */
int
negatives_draw(Negatives *negatives, const int32 *excluded, int64 nexcluded, int32 positive, int count, uint64 seed,
			   Negative *drawn)
{
	int			n = 0;
	double		wanted = 0;

	for (int64 i = 0; i < nexcluded; i++)
		negatives->taken[excluded[i]] = true;
	for (int i = 0; i < negatives->nshares && positive >= 0; i++)
	{
		const NegativeShare *share = &negatives->shares[i];
		int			from = (int) (wanted * count + 1e-9);
		int32		value = share->values[positive];
		int			to = (int) ((wanted += share->share) * count + 1e-9);
		Pool		pool;
		int64		begin;

		if (value < 0)
			continue;
		begin = share->offsets[value];
		pool.n = share->offsets[value + 1] - begin;
		pool.nodes = share->nodes + begin;
		pool.sums = negatives->share_sums[i] + begin;
		n += pool_draw(negatives, &pool, begin > 0 ? pool.sums[-1] : 0, to - from, random_hash(seed, i + 1), i, drawn + n);
	}
	n += pool_draw(negatives, &negatives->all, 0, count - n, random_mix(seed), -1, drawn + n);
	for (int i = 0; i < n; i++)
		negatives->taken[drawn[i].node] = false;
	for (int64 i = 0; i < nexcluded; i++)
		negatives->taken[excluded[i]] = false;
	return n;
}
