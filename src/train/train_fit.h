/*
 * train_fit.h
 *		The inside of the training loop, for the files that it is made of.
 */
#ifndef SAGE_TRAIN_FIT_H
#define SAGE_TRAIN_FIT_H

#include "postgres.h"

#include "tensor/tape.h"
#include "train/checkpoint.h"
#include "train/optim.h"
#include "train/train.h"
#include "train/train_batch.h"

typedef struct OrderEntry
{
	uint64		hash;
	int64		row;
} OrderEntry;

/* How a fit went: all that a refit needs to go the same way. */
typedef struct FitCourse
{
	int64		batches;		/* in an epoch */
	int			epochs;
	int			nbest;
	int64		best[CHECKPOINTS_KEEP]; /* steps of the best checkpoints */
} FitCourse;

/* One fit in progress. */
typedef struct Fit
{
	Trainer    *trainer;
	Model	   *model;
	const Fanout *fanout;		/* of the model: for evaluation */
	const Fanout *training;		/* of a training batch */
	TrainPhase	phase;
	uint64		seed;
	Optim	   *optim;
	Tape	   *tape;
	BatchMaker *maker;
	Evaluator  *evaluator;		/* of the validation labels */
	MemoryContext batch_cxt;
	OrderEntry *order;			/* [ntrain] */
	bool		all_labels;		/* a refit: every side of the split trains */
	int64		ntrain;
	int64		batches;		/* in an epoch */
	int64		interval;		/* steps from one evaluation to the next */
	int64		step;			/* done so far */
	int64		improved;		/* step of the last evaluation that was better */
	double		best_score;
	double		best_loss;
	double		smooth_loss;	/* validation loss, smoothed over evaluations */
	double		validation;		/* metric of the last evaluation */
	Checkpoints *checkpoints;
	FitCourse  *first;			/* of a refit: how the fit before it went */
	FitResult  *first_result;
	FitResult	result;
	int			rows_capacity;
} Fit;

/* train_state.c */
extern void fit_state_write(void *fit, StateIO *io);
extern TrainPhase train_state_phase(StateIO *io);
extern void train_state_main(StateIO *io, FitResult *result, Model *model);
extern void train_state_first(StateIO *io, FitResult *result, FitCourse *course);
extern void fit_state_read(Fit *fit, StateIO *io);

#endif							/* SAGE_TRAIN_FIT_H */
