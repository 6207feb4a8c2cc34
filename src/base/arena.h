/*
 * arena.h
 *		Memory for those who may not ask for any: a block given beforehand,
 *		filled from the front.
 */
#ifndef SAGE_ARENA_H
#define SAGE_ARENA_H

#include "postgres.h"

#define ARENA_ALIGN		64

typedef struct Arena
{
	void	   *block;			/* as it was allocated */
	char	   *start;			/* its first cache line */
	Size		size;			/* from there on */
	Size		used;
} Arena;

/* An empty arena in a block of size + ARENA_ALIGN bytes. */
static inline Arena
arena_create(void *block, Size size)
{
	Arena		arena = {block, (char *) TYPEALIGN(ARENA_ALIGN, (uintptr_t) block), size, 0};

	return arena;
}

/*
 * An array on a cache line, not initialized; NULL if there is no room.  Plain
 * C: count * size is small enough to be computed, because it counts what is
 * in memory already.
 */
static inline void *
arena_alloc(Arena *arena, int64 count, Size size)
{
	Size		bytes = TYPEALIGN(ARENA_ALIGN, Max(count * size, 1));
	char	   *result = arena->start + arena->used;

	if (bytes > arena->size - arena->used)
		return NULL;
	arena->used += bytes;
	return result;
}

#endif							/* SAGE_ARENA_H */
