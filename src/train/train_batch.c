/*
 * train_batch.c
 *		A batch made ready: labels, sample, encoded rows.
 *
 * Which nodes a batch draws in, and which entries of their rows dropout takes
 * out, depends on the seed and not on the weights.  So a thread makes the
 * next batch while this one is being learned from.  It works in memory that
 * was given to it before and reads nothing that the main thread changes; what
 * it cannot do, such as putting a long list of neighbors in order, is left to
 * the main thread, which then makes the whole batch.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/memory.h"
#include "base/spill.h"
#include "tensor/parallel.h"
#include "train/train_batch.h"

/* Room for a small batch; it grows with the batches. */
#define ARENA_FIRST		((Size) 32 * 1024)

/* A batch with the memory that it lives in. */
typedef struct BatchSlot
{
	Batch		batch;
	Arena	   *arena;
	bool		in_thread;		/* it may be a thread that makes it */
	bool		drawn;			/* the main thread drew the sample ... */
	MemoryContext cxt;			/* ... in here */
	const BatchMaker *maker;
	SampleStatus status;
} BatchSlot;

struct BatchMaker
{
	Trainer    *trainer;
	const Model *model;
	bool		ahead;			/* the next batch is made meanwhile, in an arena of its own */
	MemoryContext cxt;
	Arena		arenas[2];
	BatchSlot	slots[2];
	int			next;			/* the slot of the batch to come */
};

/* An arena of that size instead of the one that there was. */
static void
slot_reserve(BatchSlot *slot, Size size)
{
	MemoryContext old = MemoryContextSwitchTo(slot->maker->cxt);

	if (slot->arena->block != NULL)
		memory_free_table(slot->arena->block);
	slot->arena->block = NULL;
	*slot->arena = arena_create(memory_alloc_table(size + ARENA_ALIGN, 1), size);
	MemoryContextSwitchTo(old);
}

/*
 * For batches of up to "most" labels; in CurrentMemoryContext.  Where there is
 * no thread to make the next one, or memory is so short that the graph lies in
 * files, batches are made one by one.
 */
BatchMaker *
batch_maker_create(Trainer *trainer, const Model *model, int64 most)
{
	BatchMaker *maker = palloc0(sizeof(BatchMaker));

	maker->trainer = trainer;
	maker->model = model;
	maker->cxt = CurrentMemoryContext;
	maker->ahead = parallel_threads() > 1 && !spill_in_use();
	for (int i = 0; i < 2; i++)
	{
		BatchSlot  *slot = &maker->slots[i];

		slot->maker = maker;
		slot->arena = &maker->arenas[maker->ahead ? i : 0];
		slot->cxt = AllocSetContextCreate(maker->cxt, "sage batch", ALLOCSET_DEFAULT_SIZES);
		slot->batch.rows = memory_alloc(most, sizeof(int64));
		slot->batch.seeds = memory_alloc(most, sizeof(int32));
		if (trainer->labels->times != NULL)
			slot->batch.times = memory_alloc(most, sizeof(TimestampTz));
		if (slot->arena->block == NULL)
			slot_reserve(slot, ARENA_FIRST);
	}
	return maker;
}

/* The batch to come, for the caller to fill in: n, rows and options. */
Batch *
batch_next(BatchMaker *maker)
{
	return &maker->slots[maker->next].batch;
}

/* The sample, unless it is drawn, and the encoded rows.  Plain C. */
static void
slot_make(void *arg)
{
	BatchSlot  *slot = arg;
	const BatchMaker *maker = slot->maker;
	Batch	   *batch = &slot->batch;

	slot->arena->used = 0;
	slot->status = SAMPLE_DRAWN;
	if (!slot->drawn)
		slot->status = maker->trainer->sampler == NULL ? SAMPLE_UNORDERED :
			memory_sample(maker->trainer->sampler, slot->arena, batch->seeds, batch->n, &batch->sampling,
						  slot->in_thread, &batch->sample);
	if (slot->status != SAMPLE_DRAWN)
		return;
	batch->input = model_input(maker->model, slot->arena, batch->sample, maker->trainer->tables, &batch->forward);
	if (batch->input == NULL)
		slot->status = SAMPLE_NO_ROOM;
}

/* The batch was filled in and may be made. */
void
batch_begin(BatchMaker *maker)
{
	BatchSlot  *slot = &maker->slots[maker->next];
	Batch	   *batch = &slot->batch;
	const Labels *labels = maker->trainer->labels;

	for (int64 i = 0; i < batch->n; i++)
	{
		batch->seeds[i] = labels->nodes[batch->rows[i]];
		if (labels->times != NULL)
			batch->times[i] = labels->times[batch->rows[i]];
	}
	slot->drawn = false;
	slot->in_thread = maker->ahead;
	MemoryContextReset(slot->cxt);
	if (maker->ahead)
		parallel_aside_begin(slot_make, slot);
}

/* What the sampler in memory cannot do: times, features of edges, other picks than the plain one. */
static void
slot_sample(BatchSlot *slot)
{
	Trainer    *trainer = slot->maker->trainer;
	Batch	   *batch = &slot->batch;
	MemoryContext old = MemoryContextSwitchTo(slot->cxt);

	batch->sample = neighbor_sample(trainer->store, trainer->graph, trainer->spec->node_type, batch->seeds,
									batch->times, batch->n, &batch->sampling);
	MemoryContextSwitchTo(old);
	slot->drawn = true;
}

/* The batch, when it is ready.  It is good until the one after it is begun. */
Batch *
batch_finish(BatchMaker *maker)
{
	BatchSlot  *slot = &maker->slots[maker->next];

	if (maker->ahead)
		parallel_aside_end();
	else
		slot_make(slot);
	while (slot->status != SAMPLE_DRAWN)
	{
		if (slot->status == SAMPLE_NO_ROOM)
			slot_reserve(slot, slot->drawn ? model_input_size(maker->model, slot->batch.sample, maker->trainer->tables) :
						 slot->arena->size * 2);
		else if (slot->in_thread && slot->maker->trainer->sampler != NULL)
			slot->in_thread = false;
		else
			slot_sample(slot);
		slot_make(slot);
	}
	maker->next = 1 - maker->next;
	return &slot->batch;
}
