/*
 * tensor_test.h
 *		What the cases of the tensor tests are made of.
 */
#ifndef TENSOR_TEST_H
#define TENSOR_TEST_H

#include "postgres.h"

#include "tensor/tape.h"
#include "tensor/tensor.h"

#define MAX_INPUTS	3

/* The width under test, in the shape of an input. */
#define COLS		(-1)

/* Data that the operations read: six rows of entries over nine others. */
#define DST_ROWS	6
#define SRC_ROWS	9
#define OUT_COLS	5

typedef struct TestData
{
	int64		cols;			/* the width under test */
	int64		offsets[DST_ROWS + 1];
	int32	   *ids;
	float	   *values;
	float	   *targets;		/* [DST_ROWS x cols] in (0, 1) */
	float	   *row_weights;	/* [DST_ROWS] */
	int32	   *classes;		/* [DST_ROWS] */
} TestData;

/*
 * An operation under test: its inputs, itself, and a plain reference in
 * double.  The reference serves twice: its value is what the operation should
 * give, its central differences what the backward should give.
 */
typedef struct OpCase
{
	const char *name;
	int64		rows[MAX_INPUTS];	/* 0: no more inputs */
	int64		cols[MAX_INPUTS];
	double		tolerance;
	Tensor	   *(*forward) (Tape *tape, Tensor **in, const TestData *data);
	void		(*reference) (double **in, const TestData *data, double *out);
} OpCase;

/* Everything that is not an operation of a tape. */
typedef struct KernelCase
{
	const char *name;
	bool		(*test) (void);
} KernelCase;

extern const OpCase op_cases[];
extern const KernelCase kernel_cases[];

/* Numbers away from zero, where some derivatives jump. */
extern float test_number(uint64 seed, int64 i);
extern bool test_close(double value, double expected, double tolerance);

#endif							/* TENSOR_TEST_H */
