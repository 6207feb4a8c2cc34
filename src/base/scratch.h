/*
 * scratch.h
 *		Bytes put aside in a temporary file.
 */
#ifndef SAGE_SCRATCH_H
#define SAGE_SCRATCH_H

#include "postgres.h"

typedef struct Scratch Scratch;

extern Scratch *scratch_create(void);
extern void scratch_write(Scratch *scratch, int64 at, const void *data, Size size);
extern void scratch_read(Scratch *scratch, int64 at, void *data, Size size);

#endif							/* SAGE_SCRATCH_H */
