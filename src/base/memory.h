/*
 * memory.h
 *		Large arrays: sizes checked before they are allocated, and charged
 *		against sage.max_memory.
 *
 * What is charged is all that the outermost memory context whose name begins
 * with "sage " holds, so every operation that may grow makes one such
 * context, and nothing has to be given back by hand.
 */
#ifndef SAGE_MEMORY_H
#define SAGE_MEMORY_H

#include "postgres.h"

extern void *memory_alloc(int64 count, Size size);
extern void *memory_alloc_zero(int64 count, Size size);
extern void *memory_grow(void *pointer, int64 count, Size size);
extern void memory_give_back(void);

/*
 * Arrays as long as a table.  One that would take the operation beyond
 * memory_for_tables(), half of sage.max_memory or less, lies in a temporary
 * file and is not charged.  They are to be grown and freed by these functions
 * only.
 */
extern Size memory_for_tables(void);
extern void *memory_alloc_table(int64 count, Size size);
extern void *memory_alloc_table_zero(int64 count, Size size);
extern void *memory_grow_table(void *pointer, int64 old_count, int64 count, Size size);
extern void memory_free_table(void *pointer);

extern Size memory_bytes(int64 count, Size size);

/* Room for one more entry: doubles *array when used reaches *capacity. */
#define memory_reserve(array, capacity, needed) \
	do { \
		if ((needed) > (capacity)) \
		{ \
			(capacity) = Max((needed), (capacity) * 2); \
			(array) = memory_grow((array), (capacity), sizeof(*(array))); \
		} \
	} while (0)

#endif							/* SAGE_MEMORY_H */
