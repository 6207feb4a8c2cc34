/*
 * kernel_sparse.c
 *		Sparse rows times a dense matrix, and the way back.
 *
 * This is the first layer over sets and categories: an embedding bag with
 * values.  It is where training spends most of its time.
 */
#include "base/random.h"
#include "tensor/kernel_gather.h"
#include "tensor/kernel_sparse.h"

/* Rows ahead that entries are asked for; where they begin, twice as many. */
#define PICK_AHEAD	8

/*
 * y [rows x cols] = x [rows x x.cols] * w [x.cols x cols]; with add, +=.
 */
KERNEL void
kernel_sparse(const SparseRows *x, const float *w, int64_t cols, float *y, bool add)
{
	Gather		g = {x->rows, x->offsets, x->ids, x->values, cols, GATHER_SUM, x->scale};

	gather_run(&g, w, y, add);
}

/*
 * y[r] is the sum over the entries e of row r of scale v[e] w[id[e]], so each
 * entry sends its share of the row's gradient to one row of w:
 *
 *		grad_w[id[e]] += scale v[e] grad_y[r].
 *
 * Nothing flows into x, which is data.
 */
KERNEL void
kernel_sparse_backward(const SparseRows *x, const float *grad_y, int64_t cols, float *grad_w)
{
	Gather		g = {x->rows, x->offsets, x->ids, x->values, cols, GATHER_SUM, x->scale};

	scatter_run(&g, grad_y, grad_w);
}

/*
 * Copies n rows of a table, of which each entry is left out with probability
 * p in [0, 1).  Row i becomes [offsets[i], offsets[i + 1]) of ids and values,
 * beginning with offset 0; there must be room for all entries, and for values
 * if the table has any.  That the others are to be divided by 1 - p is for the
 * caller to say.
 *
 * Whether an entry stays is a hash of (seed, row of the table, id), or of (seed,
 * i, id) if by_place.  The loop writes every entry and goes on to the next
 * place only if it stays: a branch that nobody can foresee would cost more
 * than the hash.  Rows of a large table come from all over the memory, and
 * waiting for them one by one would take most of the time.
 */
void
kernel_sparse_pick(const SparseRows *table, const int32_t *rows, int64_t n, float p, bool by_place, uint64_t seed,
				   int64_t *offsets, int32_t *ids, float *values)
{
	const uint64_t threshold = (uint64_t) ((double) p * 4294967296.0);
	int64_t		kept = 0;

	for (int64_t i = 0; i < n; i++)
	{
		const uint64_t row_seed = random_hash(seed, by_place ? i : rows[i]);
		const int64_t begin = table->offsets[rows[i]];
		const int64_t end = table->offsets[rows[i] + 1];

		if (i + 2 * PICK_AHEAD < n)
			__builtin_prefetch(&table->offsets[rows[i + 2 * PICK_AHEAD]], 0, 2);
		if (i + PICK_AHEAD < n)
		{
			const int32_t *ahead = table->ids + table->offsets[rows[i + PICK_AHEAD]];

			__builtin_prefetch(ahead, 0, 2);
			__builtin_prefetch(ahead + 16, 0, 2);
			__builtin_prefetch(ahead + 32, 0, 2);
		}
		offsets[i] = kept;
		for (int64_t e = begin; e < end; e++)
		{
			const int32_t id = table->ids[e];

			ids[kept] = id;
			if (table->values != NULL)
				values[kept] = table->values[e];
			kept += (random_mix(row_seed + id) >> 32) >= threshold;
		}
	}
	offsets[n] = kept;
}
