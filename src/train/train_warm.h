/*
 * train_warm.h
 *		Training on from the weights of an earlier version.
 */
#ifndef SAGE_TRAIN_WARM_H
#define SAGE_TRAIN_WARM_H

#include "postgres.h"

#include "model/model_catalog.h"
#include "train/train.h"

extern ModelVersion *warm_version(const char *model, const JsonbValue *option);
extern const ModelSpec *warm_spec(const ModelVersion *version, const ModelSpec *wanted, const Graph *graph);
extern void warm_check_times(const ModelVersion *version, const ModelSpec *old, const ModelSpec *wanted);
extern void warm_labels(const ModelSpec *old, Labels *labels);
extern const float *warm_weights(const ModelVersion *version, const ModelSpec *spec, const Graph *graph);

#endif							/* SAGE_TRAIN_WARM_H */
