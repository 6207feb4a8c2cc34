/*
 * param.c
 *		All parameters of a network in one array, with named views into it.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "tensor/param.h"

/* Each view begins on a cache line: 16 floats. */
#define PARAM_ALIGN		16

/* Numbers drawn between two looks for interrupts: some 2 ms. */
#define PARAM_SLICE		(INT64CONST(256) * 1024)

typedef struct Param
{
	char	   *name;
	ParamInit	init;
	int64		first;			/* of its floats in the array */
	Tensor		tensor;
} Param;

struct ParamBlock
{
	MemoryContext context;
	Param	  **params;			/* pointers, so that views do not move */
	int			count;
	int			max;
	int64		size;			/* floats, padding included */
	float	   *data;			/* NULL before param_allocate() */
	float	   *grad;
};

/* An empty block whose memory comes from "cxt" and goes with it. */
ParamBlock *
param_create(MemoryContext cxt)
{
	ParamBlock *block = MemoryContextAllocZero(cxt, sizeof(ParamBlock));

	block->context = cxt;
	block->max = 16;
	block->params = MemoryContextAlloc(cxt, block->max * sizeof(Param *));
	return block;
}

/*
 * Declares a parameter of rows x cols; the name is copied.  Returns its
 * index: 0, 1, 2, ...
 */
int
param_declare(ParamBlock *block, const char *name, int64 rows, int64 cols, ParamInit init)
{
	Param	   *param;
	int64		size;

	Assert(block->data == NULL);
	if (rows < 0 || cols < 0 || (cols > 0 && rows > PG_INT64_MAX / cols))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("parameter \"%s\" of %lld x %lld numbers is too large",
						name, (long long) rows, (long long) cols)));

	/* also refuses what no memory can hold, so the sums below are safe */
	size = (int64) (memory_bytes(rows * cols, sizeof(float)) / sizeof(float));
	size = TYPEALIGN64(PARAM_ALIGN, size);
	(void) memory_bytes(block->size + size, sizeof(float));

	param = MemoryContextAllocZero(block->context, sizeof(Param));
	param->name = MemoryContextStrdup(block->context, name);
	param->init = init;
	param->first = block->size;
	param->tensor.rows = rows;
	param->tensor.cols = cols;
	memory_reserve(block->params, block->max, block->count + 1);
	block->params[block->count] = param;
	block->size += size;
	return block->count++;
}

/* Zeros, on a cache line, in the block's context. */
static float *
param_array(ParamBlock *block)
{
	MemoryContext old = MemoryContextSwitchTo(block->context);
	char	   *bytes = memory_alloc_table_zero(block->size + PARAM_ALIGN, sizeof(float));

	MemoryContextSwitchTo(old);
	return (float *) TYPEALIGN(PARAM_ALIGN * sizeof(float), (uintptr_t) bytes);
}

/*
 * Makes the array, all zeros, and with_gradients a second one beside it.
 * Nothing can be declared after this.
 */
void
param_allocate(ParamBlock *block, bool with_gradients)
{
	Assert(block->data == NULL);
	block->data = param_array(block);
	if (with_gradients)
		block->grad = param_array(block);
	for (int i = 0; i < block->count; i++)
	{
		Param	   *param = block->params[i];

		param->tensor.data = block->data + param->first;
		if (with_gradients)
			param->tensor.grad = block->grad + param->first;
	}
}

/* First values of the elements from .. to; key: of the parameter's numbers. */
static void
param_fill(Param *param, uint64 key, int64 from, int64 to)
{
	const Tensor *tensor = &param->tensor;
	double		limit = sqrt(6.0 / (double) (tensor->rows + tensor->cols));

	for (int64 i = from; i < to; i++)
	{
		switch (param->init)
		{
			case PARAM_ZERO:
				tensor->data[i] = 0;
				break;
			case PARAM_ONE:
				tensor->data[i] = 1;
				break;
			case PARAM_GLOROT:
				tensor->data[i] = (float) (limit * (2.0 * random_unit(random_hash(key, (uint64) i)) - 1.0));
				break;
		}
	}
}

/*
 * Gives every parameter its first value.  Each number is a hash of (seed,
 * index of the parameter, element): the same seed makes the same network.
 */
void
param_initialize(ParamBlock *block, uint64 seed)
{
	for (int p = 0; p < block->count; p++)
	{
		Param	   *param = block->params[p];
		int64		n = param->tensor.rows * param->tensor.cols;

		for (int64 from = 0; from < n; from += PARAM_SLICE)
		{
			CHECK_FOR_INTERRUPTS();
			param_fill(param, random_hash(seed, (uint64) p), from, Min(from + PARAM_SLICE, n));
		}
	}
}

int
param_count(const ParamBlock *block)
{
	return block->count;
}

const char *
param_name(const ParamBlock *block, int index)
{
	Assert(index >= 0 && index < block->count);
	return block->params[index]->name;
}

/* The view of a parameter: the same pointer as long as the block lives. */
Tensor *
param_tensor(ParamBlock *block, int index)
{
	Assert(index >= 0 && index < block->count);
	return &block->params[index]->tensor;
}

/*
 * Whether weight decay pulls the parameter toward zero: weights, whatever
 * their shape; a bias or a gain has a right to its size.
 */
bool
param_decays(const ParamBlock *block, int index)
{
	Assert(index >= 0 && index < block->count);
	return block->params[index]->init == PARAM_GLOROT;
}

/* The index of the parameter of that name, or -1. */
int
param_find(const ParamBlock *block, const char *name)
{
	for (int i = 0; i < block->count; i++)
	{
		if (strcmp(block->params[i]->name, name) == 0)
			return i;
	}
	return -1;
}

int64
param_size(const ParamBlock *block)
{
	return block->size;
}

float *
param_data(ParamBlock *block)
{
	return block->data;
}

/* NULL if the block was allocated without gradients. */
float *
param_grad(ParamBlock *block)
{
	return block->grad;
}
