/*
 * param.h
 *		All parameters of a network in one array, with named views into it.
 *
 * One block means that the optimizer, gradient clipping, checkpoints and the
 * model file are one loop each.  Parameters are first declared with
 * param_declare(), then param_allocate() makes the array; views do not move
 * after that.
 */
#ifndef SAGE_PARAM_H
#define SAGE_PARAM_H

#include "postgres.h"

#include "tensor/tensor.h"

/* How a parameter begins, and with that what it is: only weights decay. */
typedef enum ParamInit
{
	PARAM_ZERO,					/* a bias */
	PARAM_ONE,					/* a gain */
	PARAM_GLOROT				/* weights: uniform, +-sqrt(6 / (rows + cols)) */
} ParamInit;

typedef struct ParamBlock ParamBlock;

extern ParamBlock *param_create(MemoryContext cxt);
extern int	param_declare(ParamBlock *block, const char *name, int64 rows, int64 cols, ParamInit init);
extern void param_allocate(ParamBlock *block, bool with_gradients);
extern void param_initialize(ParamBlock *block, uint64 seed);
extern int	param_count(const ParamBlock *block);
extern const char *param_name(const ParamBlock *block, int index);
extern Tensor *param_tensor(ParamBlock *block, int index);
extern bool param_decays(const ParamBlock *block, int index);
extern int	param_find(const ParamBlock *block, const char *name);	/* -1: none */

/* The whole array, padding included (padding is zero and stays zero). */
extern int64 param_size(const ParamBlock *block);
extern float *param_data(ParamBlock *block);
extern float *param_grad(ParamBlock *block);

#endif							/* SAGE_PARAM_H */
