/*
 * spill.h
 *		Arrays in temporary files, for those that memory has no room for.
 */
#ifndef SAGE_SPILL_H
#define SAGE_SPILL_H

#include "postgres.h"

extern void *spill_alloc(Size bytes);	/* all zero; ends with CurrentMemoryContext */
extern bool spill_owns(const void *pointer);
extern void *spill_grow(void *pointer, Size bytes);
extern void spill_free(void *pointer);
extern void spill_rest(void);
extern bool spill_in_use(void);

#endif							/* SAGE_SPILL_H */
