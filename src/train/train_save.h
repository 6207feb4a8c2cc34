/*
 * train_save.h
 *		A finished training becomes a version of its model.
 */
#ifndef SAGE_TRAIN_SAVE_H
#define SAGE_TRAIN_SAVE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "train/train_request.h"

/* A training in the session has no row of sage.run yet: run is 0. */
extern int	train_save(const TrainArguments *args, const TrainResult *result, int64 run, TimestampTz started);
extern void train_save_epoch(int64 run, bool baseline, const EpochRow *row);
extern double train_baseline_figure(const TrainResult *result);
extern void train_notice_left_out(const TrainResult *result);

#endif							/* SAGE_TRAIN_SAVE_H */
