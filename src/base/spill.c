/*
 * spill.c
 *		Arrays in temporary files, for those that memory has no room for.
 *
 * Such an array is a file mapped into memory.  Whoever uses it sees an
 * ordinary pointer, and gets the same numbers; the kernel keeps in memory what
 * there is room for.  The files are PostgreSQL's own temporary files: they
 * count against temp_file_limit, and are removed when the server starts after
 * a crash.  They outlive transactions, so they lie in the database's own
 * tablespace and not in those of temp_tablespaces.  Every block is written
 * before it is mapped, so that a full disk is an error here and not a signal
 * later; but for file systems that copy on write (Btrfs, ZFS), where a disk
 * that fills up meanwhile can still end the process, and the others with it.
 *
 * An array belongs to a memory context and goes with it.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "base/spill.h"

/* Written at a time. */
#define SPILL_BLOCK		(256 * 1024)

typedef struct Spill
{
	dlist_node	node;
	char	   *base;			/* NULL: given back */
	Size		bytes;
	File		file;
	MemoryContextCallback callback;
} Spill;

static dlist_head spills = DLIST_STATIC_INIT(spills);

static Spill *
spill_find(const void *pointer)
{
	dlist_iter	iter;

	dlist_foreach(iter, &spills)
	{
		Spill	   *spill = dlist_container(Spill, node, iter.cur);

		if (spill->base == pointer)
			return spill;
	}
	return NULL;
}

static void
spill_end(void *arg)
{
	Spill	   *spill = arg;

	if (spill->base == NULL)
		return;
	munmap(spill->base, spill->bytes);
	FileClose(spill->file);
	spill->base = NULL;
	dlist_delete(&spill->node);
}

/* Makes the file so long. */
static void
spill_extend(File file, Size from, Size to)
{
	char	   *zeros = palloc0(SPILL_BLOCK);

	for (Size at = from; at < to; at += SPILL_BLOCK)
	{
		int			length = (int) Min(SPILL_BLOCK, to - at);

		CHECK_FOR_INTERRUPTS();
		if (FileWrite(file, zeros, length, at, WAIT_EVENT_BUFFILE_WRITE) != length)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write temporary file \"%s\": %m", FilePathName(file))));
	}
	pfree(zeros);
}

static char *
spill_map(File file, Size bytes)
{
	void	   *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, FileGetRawDesc(file), 0);

	if (base == MAP_FAILED)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not map temporary file \"%s\": %m", FilePathName(file))));
	return base;
}

void *
spill_alloc(Size bytes)
{
	Spill	   *spill = palloc0(sizeof(Spill));
	File		file;

	file = OpenTemporaryFile(true);
	PG_TRY();
	{
		spill_extend(file, 0, bytes);
		spill->base = spill_map(file, bytes);
	}
	PG_CATCH();
	{
		FileClose(file);
		PG_RE_THROW();
	}
	PG_END_TRY();
	spill->file = file;
	spill->bytes = bytes;
	spill->callback.func = spill_end;
	spill->callback.arg = spill;
	dlist_push_head(&spills, &spill->node);
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &spill->callback);
	return spill->base;
}

/* Whether the array is one of these. */
bool
spill_owns(const void *pointer)
{
	return !dlist_is_empty(&spills) && spill_find(pointer) != NULL;
}

/* The array with more room behind it, at another address. */
void *
spill_grow(void *pointer, Size bytes)
{
	Spill	   *spill = spill_find(pointer);

	if (bytes <= spill->bytes)
		return pointer;
	spill_extend(spill->file, spill->bytes, bytes);
	pointer = spill_map(spill->file, bytes);
	munmap(spill->base, spill->bytes);
	spill->base = pointer;
	spill->bytes = bytes;
	return pointer;
}

void
spill_free(void *pointer)
{
	spill_end(spill_find(pointer));
}

/*
 * Lets the process's view of all these arrays go.  What is in them stays in
 * the kernel's cache as long as it has room, and comes back when it is used.
 */
void
spill_rest(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &spills)
	{
		Spill	   *spill = dlist_container(Spill, node, iter.cur);

		(void) madvise(spill->base, spill->bytes, MADV_DONTNEED);
	}
}

/* Whether there are any. */
bool
spill_in_use(void)
{
	return !dlist_is_empty(&spills);
}
