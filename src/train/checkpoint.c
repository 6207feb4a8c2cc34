/*
 * checkpoint.c
 *		The best weights met while training, and their average.
 *
 * A single best checkpoint owes part of its place to luck: the validation
 * labels are few, and the weights jump from step to step.  The plain average
 * of the ten best is better on every set it was tried on (src/README), and
 * costs nothing when scoring.
 *
 * They are written now and then and read once, at the end, and together they
 * may be larger than all else of a training, so they lie in a file.
 */
#include "postgres.h"

#include "base/scratch.h"
#include "train/checkpoint.h"

/* For large models fewer are kept; a fixed bound, so that results repeat. */
#define KEEP_FLOATS	(INT64CONST(64) * 1024 * 1024)

/* Weights read from each of them at a time. */
#define SLICE_FLOATS	(INT64CONST(16) * 1024)

typedef struct Checkpoint
{
	double		score;			/* higher is better */
	double		loss;			/* decides between equal scores */
	int64		step;
	int			slot;			/* in the file */
} Checkpoint;

struct Checkpoints
{
	int64		size;
	int			capacity;
	int			count;
	Checkpoint	best[CHECKPOINTS_KEEP];		/* best first */
	Scratch    *file;			/* capacity slots of weights */
};

/* In CurrentMemoryContext, the file too. */
Checkpoints *
checkpoints_create(int64 size)
{
	Checkpoints *checkpoints = palloc0(sizeof(Checkpoints));

	checkpoints->size = size;
	checkpoints->capacity = (int) Min(Max(KEEP_FLOATS / Max(size, 1), 1), CHECKPOINTS_KEEP);
	checkpoints->file = scratch_create();
	return checkpoints;
}

static bool
is_better(const Checkpoint *a, const Checkpoint *b)
{
	if (a->score != b->score)
		return a->score > b->score;
	return a->loss < b->loss;
}

/* Where weight "first" of a slot stands in the file. */
static int64
slot_place(const Checkpoints *checkpoints, int slot, int64 first)
{
	return (slot * checkpoints->size + first) * sizeof(float);
}

/* Keeps a copy of the weights if they are among the best; true if they are the best. */
bool
checkpoints_offer(Checkpoints *checkpoints, const float *weights, double score, double loss, int64 step)
{
	Checkpoint	offered = {score, loss, step, checkpoints->count};
	int			place = checkpoints->count;

	while (place > 0 && is_better(&offered, &checkpoints->best[place - 1]))
		place--;
	if (place == checkpoints->capacity)
		return false;
	if (checkpoints->count < checkpoints->capacity)
		checkpoints->count++;
	else
		offered.slot = checkpoints->best[checkpoints->count - 1].slot;
	memmove(&checkpoints->best[place + 1], &checkpoints->best[place],
			(checkpoints->count - 1 - place) * sizeof(Checkpoint));
	checkpoints->best[place] = offered;
	scratch_write(checkpoints->file, slot_place(checkpoints, offered.slot, 0), weights,
				  checkpoints->size * sizeof(float));
	return place == 0;
}

int
checkpoints_count(const Checkpoints *checkpoints)
{
	return checkpoints->count;
}

int64
checkpoints_step(const Checkpoints *checkpoints, int rank)
{
	return checkpoints->best[rank].step;
}

/* The mean of all that are kept. */
void
checkpoints_average(const Checkpoints *checkpoints, float *weights)
{
	float	   *slice = palloc(SLICE_FLOATS * sizeof(float));
	double	   *sums = palloc(SLICE_FLOATS * sizeof(double));

	for (int64 from = 0; from < checkpoints->size; from += SLICE_FLOATS)
	{
		int64		n = Min(SLICE_FLOATS, checkpoints->size - from);

		memset(sums, 0, n * sizeof(double));
		for (int k = 0; k < checkpoints->count; k++)
		{
			scratch_read(checkpoints->file, slot_place(checkpoints, checkpoints->best[k].slot, from), slice,
						 n * sizeof(float));
			for (int64 i = 0; i < n; i++)
				sums[i] += slice[i];
		}
		for (int64 i = 0; i < n; i++)
			weights[from + i] = (float) (sums[i] / checkpoints->count);
	}
	pfree(slice);
	pfree(sums);
}

/* The weights of a slot, out or back. */
static void
slot_transfer(Checkpoints *checkpoints, int slot, StateIO *io)
{
	float	   *slice = palloc(SLICE_FLOATS * sizeof(float));

	for (int64 from = 0; from < checkpoints->size; from += SLICE_FLOATS)
	{
		Size		bytes = Min(SLICE_FLOATS, checkpoints->size - from) * sizeof(float);

		if (!io->reading)
			scratch_read(checkpoints->file, slot_place(checkpoints, slot, from), slice, bytes);
		io->transfer(io, slice, bytes);
		if (io->reading)
			scratch_write(checkpoints->file, slot_place(checkpoints, slot, from), slice, bytes);
	}
	pfree(slice);
}

/* Out to be kept, or back. */
void
checkpoints_transfer(Checkpoints *checkpoints, StateIO *io)
{
	io->transfer(io, &checkpoints->count, sizeof(int));
	Assert(checkpoints->count <= checkpoints->capacity);
	for (int i = 0; i < checkpoints->count; i++)
	{
		Checkpoint *checkpoint = &checkpoints->best[i];

		io->transfer(io, &checkpoint->score, sizeof(double));
		io->transfer(io, &checkpoint->loss, sizeof(double));
		io->transfer(io, &checkpoint->step, sizeof(int64));
		if (io->reading)
			checkpoint->slot = i;
		slot_transfer(checkpoints, checkpoint->slot, io);
	}
}
