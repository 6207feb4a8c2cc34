/*
 * train_batch.h
 *		A batch made ready: labels, sample, encoded rows.
 */
#ifndef SAGE_TRAIN_BATCH_H
#define SAGE_TRAIN_BATCH_H

#include "postgres.h"

#include "sample/memory_sample.h"
#include "train/train.h"

/* Makes batches, one ahead of the one that is being learned from. */
typedef struct BatchMaker BatchMaker;

typedef struct Batch
{
	int64		n;
	int64	   *rows;			/* [n] the labels */
	int32	   *seeds;			/* [n] their nodes */
	TimestampTz *times;			/* [n]; NULL: none */
	SampleOptions sampling;
	ForwardOptions forward;
	Sample	   *sample;
	ModelInput *input;
} Batch;

extern BatchMaker *batch_maker_create(Trainer *trainer, const Model *model, int64 most);
extern Batch *batch_next(BatchMaker *maker);
extern void batch_begin(BatchMaker *maker);
extern Batch *batch_finish(BatchMaker *maker);

#endif							/* SAGE_TRAIN_BATCH_H */
