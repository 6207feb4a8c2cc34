/*
 * tape.c
 *		The record of one forward pass, and the way back through it.
 *
 * A tape is a list of steps and the memory that they and all results live
 * in.  That memory is a few large blocks which are filled from the front and
 * kept by tape_reset(): a batch that allocated anew would spend more time in
 * page faults than in arithmetic.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "tensor/parallel_kernel.h"
#include "tensor/tape.h"

/* A cache line, and the widest register. */
#define TAPE_ALIGN		64
#define TAPE_BLOCK_MIN	((Size) 64 * 1024)

typedef struct TapeBlock
{
	char	   *start;			/* as allocated */
	Size		size;
	Size		used;			/* counted from the first aligned byte */
} TapeBlock;

typedef struct TapeStep
{
	TapeBackward backward;
	void	   *step;
} TapeStep;

typedef struct TapeGrad
{
	float	   *grad;
	int64		count;
} TapeGrad;

struct Tape
{
	MemoryContext context;
	bool		recording;

	TapeBlock  *blocks;
	int64		nblocks;
	int64		maxblocks;
	int64		current;		/* the block being filled */

	TapeStep   *steps;
	int64		nsteps;
	int64		maxsteps;

	TapeGrad   *grads;			/* of all results, zeroed before the way back */
	int64		ngrads;
	int64		maxgrads;
};

/*
 * A tape in a context of its own under "parent"; it goes when that goes.
 */
Tape *
tape_create(MemoryContext parent, bool recording)
{
	MemoryContext context = AllocSetContextCreate(parent, "sage tape", ALLOCSET_DEFAULT_SIZES);
	Tape	   *tape = MemoryContextAllocZero(context, sizeof(Tape));

	tape->context = context;
	tape->recording = recording;
	return tape;
}

bool
tape_is_recording(const Tape *tape)
{
	return tape->recording;
}

/* For an empty tape; returns what it did before. */
bool
tape_set_recording(Tape *tape, bool recording)
{
	bool		before = tape->recording;

	Assert(tape->nsteps == 0 && tape->current == 0);
	tape->recording = recording;
	return before;
}

/* Appends a block with room for "need" bytes. */
static void
tape_add_block(Tape *tape, Size need)
{
	MemoryContext old = MemoryContextSwitchTo(tape->context);
	TapeBlock	block = {NULL, TAPE_BLOCK_MIN, 0};

	/* each as large as a half of all before it: few blocks, little waste */
	for (int64 i = 0; i < tape->nblocks; i++)
		block.size += tape->blocks[i].size / 2;
	block.size = Max(block.size, need);
	block.start = memory_alloc_table(block.size + TAPE_ALIGN, 1);

	if (tape->blocks == NULL)
	{
		tape->maxblocks = 8;
		tape->blocks = memory_alloc(tape->maxblocks, sizeof(TapeBlock));
	}
	memory_reserve(tape->blocks, tape->maxblocks, tape->nblocks + 1);
	tape->blocks[tape->nblocks++] = block;
	MemoryContextSwitchTo(old);
}

/*
 * Forgets all results and steps.  If they were in several blocks, these are
 * joined into one, so that from the second batch on there is one block.
 */
void
tape_reset(Tape *tape)
{
	tape->nsteps = 0;
	tape->ngrads = 0;
	if (tape->nblocks > 1)
	{
		Size		total = 0;

		for (int64 i = 0; i < tape->nblocks; i++)
		{
			total += tape->blocks[i].used;
			memory_free_table(tape->blocks[i].start);
		}
		tape->nblocks = 0;
		if (tape->recording)
			memory_give_back(); /* a training has just begun */

		/* batches differ a little in size */
		tape_add_block(tape, total + total / 8);
	}
	for (int64 i = 0; i < tape->nblocks; i++)
		tape->blocks[i].used = 0;
	tape->current = 0;
}

/*
 * An array of the tape, aligned to a cache line, not initialized, that lives
 * until tape_reset().
 */
void *
tape_alloc(Tape *tape, int64 count, Size size)
{
	Size		bytes = memory_bytes(count, size);
	TapeBlock  *block;
	char	   *result;

	bytes = TYPEALIGN(TAPE_ALIGN, Max(bytes, 1));
	while (tape->current < tape->nblocks &&
		   tape->blocks[tape->current].size - tape->blocks[tape->current].used < bytes)
		tape->current++;
	if (tape->current >= tape->nblocks)
		tape_add_block(tape, bytes);

	block = &tape->blocks[tape->current];
	result = (char *) TYPEALIGN(TAPE_ALIGN, (uintptr_t) block->start) + block->used;
	block->used += bytes;
	return result;
}

/* A tensor that receives no gradient, not initialized: data. */
Tensor *
tape_constant(Tape *tape, int64 rows, int64 cols)
{
	Tensor	   *tensor = tape_alloc(tape, 1, sizeof(Tensor));

	if (rows < 0 || cols < 0 || (cols > 0 && rows > PG_INT64_MAX / cols))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("matrix of %lld x %lld numbers is too large",
						(long long) rows, (long long) cols)));
	tensor->rows = rows;
	tensor->cols = cols;
	tensor->data = tape_alloc(tape, rows * cols, sizeof(float));
	tensor->grad = NULL;
	return tensor;
}

/* A gradient for a tensor that has none: to be cleared before the way back. */
static void
tape_set_grad(Tape *tape, Tensor *tensor, float *grad)
{
	tensor->grad = grad;
	if (tape->grads == NULL)
	{
		tape->maxgrads = 64;
		tape->grads = MemoryContextAlloc(tape->context, tape->maxgrads * sizeof(TapeGrad));
	}
	memory_reserve(tape->grads, tape->maxgrads, tape->ngrads + 1);
	tape->grads[tape->ngrads].grad = grad;
	tape->grads[tape->ngrads].count = tensor->rows * tensor->cols;
	tape->ngrads++;
}

/*
 * Gives the tensor a gradient, unless it has one or the tape does not record.
 */
void
tape_require_grad(Tape *tape, Tensor *tensor)
{
	if (tape->recording && tensor->grad == NULL)
		tape_set_grad(tape, tensor, tape_alloc(tape, tensor->rows * tensor->cols, sizeof(float)));
}

/*
 * The same in the place of its numbers, which are gone when the way back
 * begins.  For results of linear operations that only linear operations read:
 * those need no numbers to go back.
 */
void
tape_require_grad_in_place(Tape *tape, Tensor *tensor)
{
	Assert(tensor->grad == NULL);
	if (tape->recording)
		tape_set_grad(tape, tensor, tensor->data);
}

/* A tensor, not initialized, with a gradient if the tape records. */
Tensor *
tape_tensor(Tape *tape, int64 rows, int64 cols)
{
	Tensor	   *tensor = tape_constant(tape, rows, cols);

	tape_require_grad(tape, tensor);
	return tensor;
}

/* The same, filled with zeros: something to add into. */
Tensor *
tape_zeros(Tape *tape, int64 rows, int64 cols)
{
	Tensor	   *tensor = tape_tensor(tape, rows, cols);

	memset(tensor->data, 0, (Size) (rows * cols) * sizeof(float));
	return tensor;
}

void *
tape_record(Tape *tape, TapeBackward backward, Size size)
{
	TapeStep	step;

	Assert(tape->recording);
	step.backward = backward;
	step.step = tape_alloc(tape, 1, size);
	memset(step.step, 0, size);
	if (tape->steps == NULL)
	{
		tape->maxsteps = 64;
		tape->steps = MemoryContextAlloc(tape->context, tape->maxsteps * sizeof(TapeStep));
	}
	memory_reserve(tape->steps, tape->maxsteps, tape->nsteps + 1);
	tape->steps[tape->nsteps++] = step;
	return step.step;
}

/*
 * Adds d loss / d x to the grad of every x that the loss [1 x 1] was made
 * of.  The gradients of results start from zero; those of parameters are
 * the caller's, who clears them.  Once per recorded pass.
 */
void
tape_backward(Tape *tape, Tensor *loss)
{
	Assert(tape->recording);
	Assert(loss->rows == 1 && loss->cols == 1);

	if (loss->grad == NULL)
		return;					/* nothing to learn */
	for (int64 i = 0; i < tape->ngrads; i++)
		parallel_clear(tape->grads[i].grad, tape->grads[i].count);
	loss->grad[0] = 1;
	for (int64 i = tape->nsteps - 1; i >= 0; i--)
	{
		CHECK_FOR_INTERRUPTS();
		tape->steps[i].backward(tape, tape->steps[i].step);
	}
}
