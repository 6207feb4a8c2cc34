/*
 * train_api.h
 *		What sage_train and sage_train_async share.
 */
#ifndef SAGE_TRAIN_API_H
#define SAGE_TRAIN_API_H

#include "postgres.h"

#include "fmgr.h"

#include "train/train_request.h"

extern void train_api_arguments(FunctionCallInfo fcinfo, TrainArguments *args);

#endif							/* SAGE_TRAIN_API_H */
