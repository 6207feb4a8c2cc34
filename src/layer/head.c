/*
 * head.c
 *		From the last hidden state to what the task asks for.
 */
#include "postgres.h"

#include "layer/layer.h"

/* hidden [n x width] -> logits or values [n x outputs] */
Tensor *
head_linear(Tape *tape, Tensor *hidden, Tensor *weight, Tensor *bias)
{
	return tape_add_bias(tape, tape_matmul(tape, hidden, weight, NULL), bias);
}
