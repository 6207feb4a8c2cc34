/*
 * loss.h
 *		What training makes small, and how the output starts.
 */
#ifndef SAGE_LOSS_H
#define SAGE_LOSS_H

#include "postgres.h"

#include "label/label.h"
#include "model/model_build.h"
#include "tensor/tape.h"

extern ModelLoss loss_choose(ModelTask task, ModelLoss given);
extern Tensor *loss_batch(Tape *tape, Tensor *logits, const Labels *labels, const int64 *rows, int64 n,
						  ModelLoss loss, double huber_delta, const float *weights);
extern void loss_initial_bias(const Labels *labels, const float *weights, Tensor *bias);

#endif							/* SAGE_LOSS_H */
