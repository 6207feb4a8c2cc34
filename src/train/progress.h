/*
 * progress.h
 *		How training speaks to whoever runs it: two callbacks.
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
	PHASE_STORING
} TrainPhase;

typedef struct ProgressReport
{
	TrainPhase	phase;
	int			epoch;			/* from 1 */
	int			epochs;			/* at the most */
	int64		batch;			/* done in this epoch */
	int64		batches;
	double		loss;			/* mean of the epoch so far */
	const char *metric;
	double		validation;		/* of the last epoch that ended; NaN: none */
	double		seconds;		/* since the beginning */
	bool		epoch_ended;
} ProgressReport;

typedef struct Progress
{
	void		(*report) (void *arg, const ProgressReport *report);
	bool		(*cancelled) (void *arg);	/* NULL: only CHECK_FOR_INTERRUPTS */
	void	   *arg;
} Progress;

#endif							/* SAGE_PROGRESS_H */
