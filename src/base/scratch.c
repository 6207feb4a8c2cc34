/*
 * scratch.c
 *		Bytes put aside in a temporary file, for what is written often and
 *		read once.
 *
 * Such a file is one of PostgreSQL's own temporary files: see spill.c, whose
 * files are arrays that one can work on.  It belongs to a memory context and
 * goes with it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "base/scratch.h"

/* Moved at a time. */
#define SCRATCH_SLICE	(1024 * 1024)

struct Scratch
{
	File		file;
	MemoryContextCallback callback;
};

static void
scratch_end(void *arg)
{
	FileClose(((Scratch *) arg)->file);
}

/* An empty file; in CurrentMemoryContext. */
Scratch *
scratch_create(void)
{
	Scratch    *scratch = palloc0(sizeof(Scratch));

	scratch->file = OpenTemporaryFile(true);
	scratch->callback.func = scratch_end;
	scratch->callback.arg = scratch;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &scratch->callback);
	return scratch;
}

void
scratch_write(Scratch *scratch, int64 at, const void *data, Size size)
{
	for (Size done = 0; done < size; done += SCRATCH_SLICE)
	{
		int			slice = (int) Min(SCRATCH_SLICE, size - done);

		CHECK_FOR_INTERRUPTS();
		if (FileWrite(scratch->file, (char *) data + done, slice, at + done, WAIT_EVENT_BUFFILE_WRITE) != slice)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write temporary file \"%s\": %m", FilePathName(scratch->file))));
	}
}

/* What was written there before. */
void
scratch_read(Scratch *scratch, int64 at, void *data, Size size)
{
	for (Size done = 0; done < size; done += SCRATCH_SLICE)
	{
		int			slice = (int) Min(SCRATCH_SLICE, size - done);
		int			got;

		CHECK_FOR_INTERRUPTS();
		got = FileRead(scratch->file, (char *) data + done, slice, at + done, WAIT_EVENT_BUFFILE_READ);
		if (got < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read temporary file \"%s\": %m", FilePathName(scratch->file))));
		if (got < slice)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("could not read temporary file \"%s\": read only %d of %d bytes",
							FilePathName(scratch->file), got, slice)));
	}
}
