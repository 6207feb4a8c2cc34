/*
 * tape.h
 *		The record of one forward pass, and the way back through it.
 *
 * Every operation computes its result at once and, when the tape records,
 * notes how to send the gradient back.  A tape that does not record is
 * inference: the same code, no gradients kept.  All results live in the
 * tape's own memory until tape_reset(), which keeps that memory for the next
 * batch.
 *
 * Operations that take "into" add to that tensor and return it, so a
 * convolution of several relations needs one buffer; with NULL they make a
 * new one.  Operations that say "in place" change their argument and return
 * it; no earlier operation may still need the old values.
 *
 * A tensor without grad receives none: data is such a tensor.  A result has
 * one if the tape records and any of its arguments has.
 */
#ifndef SAGE_TAPE_H
#define SAGE_TAPE_H

#include "postgres.h"

#include "tensor/tensor.h"

typedef struct Tape Tape;

extern Tape *tape_create(MemoryContext parent, bool recording);
extern void tape_reset(Tape *tape);
extern bool tape_is_recording(const Tape *tape);
extern bool tape_set_recording(Tape *tape, bool recording);
extern void *tape_alloc(Tape *tape, int64 count, Size size);
extern Tensor *tape_tensor(Tape *tape, int64 rows, int64 cols);
extern Tensor *tape_constant(Tape *tape, int64 rows, int64 cols);
extern Tensor *tape_zeros(Tape *tape, int64 rows, int64 cols);
extern void tape_backward(Tape *tape, Tensor *loss);

/*
 * For those who write an operation.  tape_record() notes that backward(tape,
 * step) is to be called on the way back, and returns the step, "size" bytes
 * of zeros to be filled in; only for a tape that records.
 * tape_require_grad() gives a tensor a gradient, unless it has one already or
 * the tape does not record; tape_require_grad_in_place() in the place of its
 * numbers.
 */
typedef void (*TapeBackward) (Tape *tape, void *step);

extern void tape_require_grad(Tape *tape, Tensor *tensor);
extern void tape_require_grad_in_place(Tape *tape, Tensor *tensor);
extern void *tape_record(Tape *tape, TapeBackward backward, Size size);

/* operations (tape_ops.c) */
extern Tensor *tape_matmul(Tape *tape, Tensor *x, Tensor *w, Tensor *into);
extern Tensor *tape_sparse_matmul(Tape *tape, const SparseRows *x, Tensor *w, Tensor *into);
extern Tensor *tape_sparse_project(Tape *tape, const SparseRows *x, Tensor *w);	/* only to be averaged */
extern Tensor *tape_segment_mean(Tape *tape, Tensor *x, int64 nsegments, const int64 *offsets,
								 const int32 *src, const float *weights, Tensor *into);
extern Tensor *tape_gather_rows(Tape *tape, Tensor *x, const int32 *rows, int64 n);
extern Tensor *tape_add(Tape *tape, Tensor *x, Tensor *y);	/* x += y, in place */
extern Tensor *tape_add_bias(Tape *tape, Tensor *x, Tensor *bias);	/* in place */
extern Tensor *tape_relu(Tape *tape, Tensor *x);	/* in place */
extern Tensor *tape_dropout(Tape *tape, Tensor *x, float p, uint64 seed);	/* in place */
extern Tensor *tape_first_rows(Tape *tape, Tensor *x, int64 rows);	/* a view */
extern Tensor *tape_l2_normalize(Tape *tape, Tensor *x);
extern Tensor *tape_layer_norm(Tape *tape, Tensor *x, Tensor *gain, Tensor *bias);

/*
 * Losses: the mean over rows (and columns, for multilabel) weighted by
 * weights[rows] (NULL: 1), as a 1 x 1 tensor.
 */
extern Tensor *tape_loss_bce(Tape *tape, Tensor *logits, const float *targets, const float *weights);
extern Tensor *tape_loss_ce(Tape *tape, Tensor *logits, const int32 *classes, const float *weights);
extern Tensor *tape_loss_mse(Tape *tape, Tensor *values, const float *targets, const float *weights);
extern Tensor *tape_loss_mae(Tape *tape, Tensor *values, const float *targets, const float *weights);
extern Tensor *tape_loss_huber(Tape *tape, Tensor *values, const float *targets, const float *weights, float delta);

#endif							/* SAGE_TAPE_H */
