/*
 * progress.h
 *		How training speaks to whoever runs it: callbacks.
 */
#ifndef SAGE_PROGRESS_H
#define SAGE_PROGRESS_H

#include "postgres.h"

typedef enum TrainPhase
{
	PHASE_LOADING,
	PHASE_TRAINING,
	PHASE_REFIT,
	PHASE_BASELINE,
	PHASE_EVALUATING,			/* the finished weights, on the labels that were held back */
	PHASE_STORING
} TrainPhase;

typedef struct ProgressReport
{
	TrainPhase	phase;
	int			epoch;			/* from 1 */
	int			epochs;			/* at the most */
	int64		batch;			/* done in this epoch */
	int64		batches;
	int64		rows;			/* labels in an epoch */
	double		loss;			/* mean of the epoch so far */
	const char *metric;
	double		validation;		/* of the last epoch that ended; NaN: none */
	double		seconds;		/* since the beginning */
	bool		epoch_ended;
} ProgressReport;

/* One pass over the training labels. */
typedef struct EpochRow
{
	int			epoch;
	double		loss;
	double		validation;		/* NaN: none */
	double		seconds;
} EpochRow;

/*
 * Bytes that leave to be kept, or come back: one function describes a
 * structure for both directions.
 */
typedef struct StateIO
{
	void		(*transfer) (struct StateIO *io, void *data, Size size);
	bool		reading;
} StateIO;

/* An epoch has ended; write(state, io) gives all that is needed to go on from there. */
typedef struct EpochEnd
{
	TrainPhase	phase;
	EpochRow	row;
	void		(*write) (void *state, StateIO *io);
	void	   *state;
} EpochEnd;

/* Any of them may be NULL. */
typedef struct Progress
{
	void		(*report) (void *arg, const ProgressReport *report);
	void		(*epoch) (void *arg, const EpochEnd *end);
	void	   *arg;
} Progress;

#endif							/* SAGE_PROGRESS_H */
