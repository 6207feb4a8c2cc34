/*
 * memory.c
 *		Large arrays: sizes checked before they are allocated, and charged
 *		against sage.max_memory.
 */
#include "postgres.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/memory.h"
#include "base/spill.h"

/*
 * What is left to all that cannot lie in a file is half of the memory, or, of
 * little memory, three quarters: batches do not get smaller with it.
 */
#define MEMORY_LITTLE	(Size) (64 * 1024 * 1024)

/* Small requests are not worth a walk over the contexts. */
#define MEMORY_CHARGED	(64 * 1024)

/* Pages that processors have besides the usual ones, and arrays that are worth them. */
#define LARGE_PAGE	((uintptr_t) 2 * 1024 * 1024)
#define LARGE_ARRAY	((Size) 8 * 1024 * 1024)

/* Bytes written between two looks for interrupts. */
#define MEMORY_SLICE	((Size) 8 * 1024 * 1024)

/*
 * count * size, or an error if that is no sensible size of an array.
 */
Size
memory_bytes(int64 count, Size size)
{
	if (count < 0 || size == 0 || (uint64) count > MaxAllocHugeSize / 2 / size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("array of %lld elements of %zu bytes is too large",
						(long long) count, size)));
	return (Size) count * size;
}

/*
 * The operation that a context belongs to: the outermost "sage " context
 * around it, or NULL.
 */
static MemoryContext
memory_operation(MemoryContext cxt)
{
	MemoryContext found = NULL;

	for (; cxt != NULL; cxt = MemoryContextGetParent(cxt))
	{
		if (cxt->name != NULL && strncmp(cxt->name, "sage ", 5) == 0)
			found = cxt;
	}
	return found;
}

/*
 * Refuses what would take the operation beyond sage.max_memory.
 */
static void
memory_charge(MemoryContext cxt, Size bytes)
{
	MemoryContext operation;
	Size		limit = (Size) guc_max_memory * 1024;
	Size		used;

	if (bytes < MEMORY_CHARGED)
		return;
	operation = memory_operation(cxt);
	if (operation == NULL)
		return;
	used = MemoryContextMemAllocated(operation, true);
	if (bytes > limit || used > limit - bytes)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sage.max_memory of %d MB is exceeded", guc_max_memory / 1024),
				 errdetail("%zu MB are in use and %zu MB more are needed.",
						   used / (1024 * 1024), bytes / (1024 * 1024) + 1),
				 errhint("Raise sage.max_memory, or use a smaller graph, batch, fan-out or width.")));
}

/*
 * Asks the kernel for large pages under a large array.  Neighbors and rows
 * are met in random order, and with small pages finding where each of them is
 * takes as long as reading it.  It is advice: errors do not matter.
 */
static void *
memory_in_large_pages(void *pointer, Size bytes)
{
#ifdef MADV_HUGEPAGE
	uintptr_t	begin = TYPEALIGN(LARGE_PAGE, (uintptr_t) pointer);
	uintptr_t	end = TYPEALIGN_DOWN(LARGE_PAGE, (uintptr_t) pointer + bytes);

	if (bytes >= LARGE_ARRAY && begin < end)
		(void) madvise((void *) begin, end - begin, MADV_HUGEPAGE);
#endif
	return pointer;
}

static void *
memory_take(MemoryContext cxt, Size bytes)
{
	return memory_in_large_pages(MemoryContextAllocHuge(cxt, Max(bytes, 1)), bytes);
}

/*
 * The array with another size.  A large one that grows is copied, where its
 * size is known (else 0): the kernel could move its pages, but to an address
 * where they are small ones.
 */
static void *
memory_retake(void *pointer, Size old_bytes, Size bytes)
{
	char	   *larger;

	if (old_bytes < LARGE_ARRAY || bytes <= old_bytes)
		return memory_in_large_pages(repalloc_huge(pointer, Max(bytes, 1)), bytes);
	larger = memory_take(GetMemoryChunkContext(pointer), bytes);
	for (Size from = 0; from < old_bytes; from += MEMORY_SLICE)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(larger + from, (char *) pointer + from, Min(MEMORY_SLICE, old_bytes - from));
	}
	pfree(pointer);
	return larger;
}

/* An array in CurrentMemoryContext, not initialized. */
void *
memory_alloc(int64 count, Size size)
{
	Size		bytes = memory_bytes(count, size);

	memory_charge(CurrentMemoryContext, bytes);
	return memory_take(CurrentMemoryContext, bytes);
}

/* Fills an array with zeros, answering a cancel in between. */
static void *
memory_clear(char *array, Size bytes)
{
	for (Size from = 0; from < bytes; from += MEMORY_SLICE)
	{
		if (from > 0)
			CHECK_FOR_INTERRUPTS();
		memset(array + from, 0, Min(MEMORY_SLICE, bytes - from));
	}
	return array;
}

void *
memory_alloc_zero(int64 count, Size size)
{
	return memory_clear(memory_alloc(count, size), memory_bytes(count, size));
}

/*
 * Makes an array longer, in the context it lives in.  During the move old and
 * new exist side by side, so the whole new size is charged.
 */
void *
memory_grow(void *pointer, int64 count, Size size)
{
	Size		bytes = memory_bytes(count, size);

	memory_charge(GetMemoryChunkContext(pointer), bytes);
	return memory_retake(pointer, 0, bytes);
}

/*
 * Gives what has been freed back to the kernel.  malloc keeps it to use it
 * again, but between what was read and what works on it there are holes that
 * nothing fits into.  For the end of a phase: it looks at all of the heap.
 */
void
memory_give_back(void)
{
#ifdef __GLIBC__
	(void) malloc_trim(0);
#endif
}

/* ------------------------------------------------------------------------
 * As long as a table
 * ------------------------------------------------------------------------
 */

/* Bytes that arrays as long as tables may take, and all else before them. */
Size
memory_for_tables(void)
{
	Size		limit = (Size) guc_max_memory * 1024;

	return limit - Max(limit / 2, Min(limit / 4 * 3, MEMORY_LITTLE));
}

/* Whether the operation may take so many bytes more for such an array. */
static bool
memory_has_room(MemoryContext cxt, Size bytes)
{
	MemoryContext operation;
	Size		room = memory_for_tables();

	if (bytes < MEMORY_CHARGED)
		return true;
	operation = memory_operation(cxt);
	return operation == NULL ||
		(bytes <= room && MemoryContextMemAllocated(operation, true) <= room - bytes);
}

void *
memory_alloc_table(int64 count, Size size)
{
	Size		bytes = memory_bytes(count, size);

	if (memory_has_room(CurrentMemoryContext, bytes))
		return memory_take(CurrentMemoryContext, bytes);
	return spill_alloc(bytes);
}

void *
memory_alloc_table_zero(int64 count, Size size)
{
	void	   *result = memory_alloc_table(count, size);

	return spill_owns(result) ? result : memory_clear(result, memory_bytes(count, size));
}

/* Makes an array longer, or shorter; one that there is no room for any more moves into a file. */
void *
memory_grow_table(void *pointer, int64 old_count, int64 count, Size size)
{
	Size		bytes = memory_bytes(count, size);
	MemoryContext cxt,
				old;
	void	   *larger;

	if (spill_owns(pointer))
		return spill_grow(pointer, bytes);
	cxt = GetMemoryChunkContext(pointer);
	if (count <= old_count || memory_has_room(cxt, bytes))
		return memory_retake(pointer, memory_bytes(old_count, size), bytes);
	old = MemoryContextSwitchTo(cxt);
	larger = spill_alloc(bytes);
	MemoryContextSwitchTo(old);
	memcpy(larger, pointer, memory_bytes(Min(old_count, count), size));
	pfree(pointer);
	return larger;
}

void
memory_free_table(void *pointer)
{
	if (spill_owns(pointer))
		spill_free(pointer);
	else
		pfree(pointer);
}
