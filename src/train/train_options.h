/*
 * train_options.h
 *		The options of sage_train.
 */
#ifndef SAGE_TRAIN_OPTIONS_H
#define SAGE_TRAIN_OPTIONS_H

#include "postgres.h"

#include "model/model_spec.h"

extern void train_options_read(Jsonb *given, ModelOptions *options);
extern char *train_options_write(const ModelOptions *options);
extern void train_options_rows(OptionRow row, void *arg);

#endif							/* SAGE_TRAIN_OPTIONS_H */
