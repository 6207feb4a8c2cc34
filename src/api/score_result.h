/*
 * score_result.h
 *		From a row of a model's outputs to SQL values.
 */
#ifndef SAGE_SCORE_RESULT_H
#define SAGE_SCORE_RESULT_H

#include "postgres.h"

#include "utils/array.h"

#include "model/model_spec.h"

extern double score_of_class(const ModelSpec *spec, const float *outputs, int class);
extern Datum score_label(const ModelSpec *spec, const float *outputs);
extern ArrayType *score_float_array(int n, float **elements);

#endif							/* SAGE_SCORE_RESULT_H */
