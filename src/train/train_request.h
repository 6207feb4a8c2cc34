/*
 * train_request.h
 *		What sage_train and sage_train_async are asked for.
 */
#ifndef SAGE_TRAIN_REQUEST_H
#define SAGE_TRAIN_REQUEST_H

#include "postgres.h"

#include "train/train.h"

/* The functions' arguments, as text; NULL: not given. */
typedef struct TrainArguments
{
	char	   *model;
	char	   *graph;
	char	   *target;
	char	   *labels;
	char	   *node_type;
	char	   *task;
	Jsonb	   *options;
} TrainArguments;

extern void train_arguments_complete(TrainArguments *args);
extern TrainRequest train_request_make(const TrainArguments *args);
extern char *train_arguments_write(const TrainArguments *args, bool whole);
extern void train_arguments_read(Jsonb *request, TrainArguments *args);

#endif							/* SAGE_TRAIN_REQUEST_H */
