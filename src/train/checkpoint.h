/*
 * checkpoint.h
 *		The best weights met while training, and their average.
 */
#ifndef SAGE_CHECKPOINT_H
#define SAGE_CHECKPOINT_H

#include "postgres.h"

#include "tensor/param.h"
#include "train/progress.h"

#define CHECKPOINTS_KEEP	10

typedef struct Checkpoints Checkpoints;

extern Checkpoints *checkpoints_create(int64 size);
extern bool checkpoints_offer(Checkpoints *checkpoints, const float *weights, double score, double loss, int64 step);
extern int	checkpoints_count(const Checkpoints *checkpoints);
extern int64 checkpoints_step(const Checkpoints *checkpoints, int rank);	/* 0: the best */
extern void checkpoints_transfer(Checkpoints *checkpoints, StateIO *io);
extern void checkpoints_average(const Checkpoints *checkpoints, float *weights);

#endif							/* SAGE_CHECKPOINT_H */
