/*
 * checkpoint.c
 *		The best weights met while training, and their average.
 *
 * A single best checkpoint owes part of its place to luck: the validation
 * labels are few, and the weights jump from step to step.  The plain average
 * of the ten best is better on every set it was tried on (src/README), and
 * costs nothing when scoring.
 */
#include "postgres.h"

#include "base/memory.h"
#include "train/checkpoint.h"

/* For large models fewer are kept; a fixed bound, so that results repeat. */
#define KEEP_FLOATS	(INT64CONST(64) * 1024 * 1024)

typedef struct Checkpoint
{
	double		score;			/* higher is better */
	double		loss;			/* decides between equal scores */
	int64		step;
	float	   *weights;
} Checkpoint;

struct Checkpoints
{
	int64		size;
	int			capacity;
	int			count;
	Checkpoint	best[CHECKPOINTS_KEEP];		/* best first */
};

Checkpoints *
checkpoints_create(int64 size)
{
	Checkpoints *checkpoints = palloc0(sizeof(Checkpoints));

	checkpoints->size = size;
	checkpoints->capacity = (int) Min(Max(KEEP_FLOATS / Max(size, 1), 1), CHECKPOINTS_KEEP);
	for (int i = 0; i < checkpoints->capacity; i++)
		checkpoints->best[i].weights = memory_alloc_table(size, sizeof(float));
	return checkpoints;
}

static bool
is_better(const Checkpoint *a, const Checkpoint *b)
{
	if (a->score != b->score)
		return a->score > b->score;
	return a->loss < b->loss;
}

/* Keeps a copy of the weights if they are among the best; true if they are the best. */
bool
checkpoints_offer(Checkpoints *checkpoints, const float *weights, double score, double loss, int64 step)
{
	Checkpoint	offered = {score, loss, step, NULL};
	int			place = checkpoints->count;

	while (place > 0 && is_better(&offered, &checkpoints->best[place - 1]))
		place--;
	if (place == checkpoints->capacity)
		return false;
	if (checkpoints->count < checkpoints->capacity)
		checkpoints->count++;
	offered.weights = checkpoints->best[checkpoints->count - 1].weights;
	memmove(&checkpoints->best[place + 1], &checkpoints->best[place],
			(checkpoints->count - 1 - place) * sizeof(Checkpoint));
	memcpy(offered.weights, weights, checkpoints->size * sizeof(float));
	checkpoints->best[place] = offered;
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
	for (int64 i = 0; i < checkpoints->size; i++)
	{
		double		sum = 0;

		for (int k = 0; k < checkpoints->count; k++)
			sum += checkpoints->best[k].weights[i];
		weights[i] = (float) (sum / checkpoints->count);
	}
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
		io->transfer(io, checkpoint->weights, checkpoints->size * sizeof(float));
	}
}
