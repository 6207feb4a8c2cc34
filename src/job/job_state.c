/*
 * job_state.c
 *		Where a run stands, to go on from there: files.
 *
 * A state is several times as large as the model, and another one follows at
 * the end of each epoch.  As rows of a table that costs more than many a
 * training, in WAL, dead rows and waiting (src/README has the figures), and
 * what was committed without waiting for the disk would be lost all the same.
 * Writing over a file costs little more than copying the bytes, and they are
 * there after any process, or all of them, are gone.
 *
 * A run has three files.  Neither the newest one is written over, so that one
 * is whole at any moment, nor the newest that was forced to the disk, so that
 * the end of the operating system is survived, too.  The newest that is whole
 * is the one to go on from.
 *
 * They are in the directory of the database, which removes them with it, and
 * have the prefix of temporary files, so that base backups and the tools that
 * know each file in there pass over them: where they are missing, on a server
 * that was a standby, say, the run begins anew.  What stays of runs that are
 * no longer there is removed by the next worker.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/file_utils.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"

#include "base/compat.h"
#include "base/memory.h"
#include "job/job_queue.h"
#include "job/job_state.h"

#define STATE_MAGIC		0x53414745
#define STATE_PREFIX	PG_TEMP_FILE_PREFIX "_sage_run_"

#define NFILES			3

/* What a file begins with. */
typedef struct StateHeader
{
	uint32		magic;
	pg_crc32c	crc;			/* of all that follows this field: the body first, then the header's rest */
	uint64		fingerprint;	/* of the data that is trained on */
	int32		phase;
	int32		epoch;
	int64		size;			/* of the body */
} StateHeader;

#define HEADER_REST		offsetof(StateHeader, fingerprint)

/* A state on its way into its file. */
typedef struct StateWriter
{
	StateIO		io;				/* must be first */
	FILE	   *file;
	StateHeader header;
	bool		failed;			/* errno says why */
} StateWriter;

/* A state that was read into memory. */
typedef struct StateReader
{
	StateIO		io;				/* must be first */
	StateHeader header;
	int64		at;
	char	   *bytes;
} StateReader;

static void
state_path(char *path, int64 run, int number)
{
	snprintf(path, MAXPGPATH, "%s/" STATE_PREFIX INT64_FORMAT ".%d", DatabasePath, run, number);
}

static pg_crc32c
state_crc(pg_crc32c crc, const StateHeader *header)
{
	COMP_CRC32C(crc, (const char *) header + HEADER_REST, sizeof(StateHeader) - HEADER_REST);
	FIN_CRC32C(crc);
	return crc;
}

/* ------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------
 */

static void
writer_transfer(StateIO *io, void *data, Size size)
{
	StateWriter *writer = (StateWriter *) io;

	if (writer->failed || size == 0)
		return;
	COMP_CRC32C(writer->header.crc, data, size);
	writer->header.size += size;
	writer->failed = fwrite(data, 1, size, writer->file) != size;
}

/* Header and body; false, with errno, if that could not be done. */
static bool
write_contents(FILE *file, uint64 fingerprint, const EpochEnd *end, bool sync)
{
	StateWriter writer = {.io = {writer_transfer, false}, .file = file};
	StateHeader *header = &writer.header;

	header->magic = STATE_MAGIC;
	header->fingerprint = fingerprint;
	header->phase = end->phase;
	header->epoch = end->row.epoch;
	INIT_CRC32C(header->crc);
	errno = 0;
	if (fseek(file, sizeof(StateHeader), SEEK_SET) != 0)
		return false;
	end->write(end->state, &writer.io);
	header->crc = state_crc(header->crc, header);
	return !writer.failed && fseek(file, 0, SEEK_SET) == 0 && fwrite(header, sizeof(StateHeader), 1, file) == 1 &&
		fflush(file) == 0 && ftruncate(fileno(file), sizeof(StateHeader) + header->size) == 0 &&
		(!sync || pg_fsync(fileno(file)) == 0);
}

/*
 * Keeps one more state of a run, instead of an old one; with sync it is forced
 * to the disk.  False, after a warning, if that was not possible: what was
 * kept before stays.
 */
bool
job_state_save(JobStateFiles *files, int64 run, uint64 fingerprint, const EpochEnd *end, bool sync)
{
	char		path[MAXPGPATH];
	FILE	   *file;
	int			number = 0;
	bool		done;

	while (number == files->newest || number == files->synced)
		number++;
	state_path(path, run, number);
	file = AllocateFile(path, "r+b");
	if (file == NULL && errno == ENOENT)
		file = AllocateFile(path, PG_BINARY_W);
	done = file != NULL && write_contents(file, fingerprint, end, sync);
	if (!done)
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", path),
				 errdetail("If the run is interrupted, it loses what was trained since.")));
	if (file != NULL)
		FreeFile(file);
	if (!done)
		return false;
	files->newest = number;
	if (sync)
	{
		fsync_fname(DatabasePath, true);
		files->synced = number;
	}
	return true;
}

/* ------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------
 */

static void
reader_transfer(StateIO *io, void *data, Size size)
{
	StateReader *reader = (StateReader *) io;

	if (size > reader->header.size - reader->at)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the saved state of the run is too short")));
	memcpy(data, reader->bytes + reader->at, size);
	reader->at += size;
}

/* Header and body of a file; false if it is not whole. */
static bool
read_contents(FILE *file, StateReader *reader)
{
	StateHeader *header = &reader->header;
	struct stat status;
	pg_crc32c	crc;

	if (fstat(fileno(file), &status) != 0 || fread(header, sizeof(StateHeader), 1, file) != 1 ||
		header->magic != STATE_MAGIC || header->size != status.st_size - (int64) sizeof(StateHeader))
		return false;
	reader->bytes = memory_alloc(header->size, 1);
	if (fread(reader->bytes, 1, header->size, file) != header->size)
		return false;
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, reader->bytes, header->size);
	return EQ_CRC32C(state_crc(crc, header), header->crc);
}

/* NULL: there is no such file, or it is not whole. */
static StateReader *
read_state(int64 run, int number)
{
	StateReader *reader = palloc0(sizeof(StateReader));
	char		path[MAXPGPATH];
	FILE	   *file;
	bool		whole;

	state_path(path, run, number);
	file = AllocateFile(path, PG_BINARY_R);
	if (file == NULL)
		return NULL;
	whole = read_contents(file, reader);
	FreeFile(file);
	if (!whole)
	{
		ereport(LOG,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("file \"%s\" is not whole", path)));
		return NULL;
	}
	reader->io.transfer = reader_transfer;
	reader->io.reading = true;
	return reader;
}

/* Phases are in the order in which they are trained. */
static bool
is_newer(const StateHeader *a, const StateHeader *b)
{
	return a->phase > b->phase || (a->phase == b->phase && a->epoch > b->epoch);
}

/* What is kept of a run, in CurrentMemoryContext. */
JobState
job_state_open(JobStateFiles *files, int64 run, uint64 fingerprint)
{
	StateReader *newest = NULL;
	JobState	state = {0};

	files->newest = files->synced = -1;
	for (int number = 0; number < NFILES; number++)
	{
		StateReader *reader = read_state(run, number);

		if (reader == NULL)
			continue;
		if (reader->header.fingerprint != fingerprint)
			state.changed = true;
		else if (newest == NULL || is_newer(&reader->header, &newest->header))
		{
			newest = reader;
			files->newest = number;
		}
	}
	if (newest != NULL)
	{
		state.io = &newest->io;
		state.phase = (TrainPhase) newest->header.phase;
		state.epoch = newest->header.epoch;
	}
	return state;
}

/* ------------------------------------------------------------------------
 * Removing
 * ------------------------------------------------------------------------
 */

void
job_state_forget(int64 run)
{
	for (int number = 0; number < NFILES; number++)
	{
		char		path[MAXPGPATH];

		state_path(path, run, number);
		if (unlink(path) != 0 && errno != ENOENT)
			ereport(LOG,
					(errcode_for_file_access(),
					 errmsg("could not remove file \"%s\": %m", path)));
	}
}

/*
 * Forgets runs that ended without anybody who could: their model was dropped
 * while they were interrupted, say.  The files are listed before the runs are
 * looked at, so that of a run that has just begun the row is seen.
 */
void
job_state_clean(void)
{
	DIR		   *dir = AllocateDir(DatabasePath);
	struct dirent *entry;
	List	   *runs = NIL;
	ListCell   *lc;

	while ((entry = ReadDirExtended(dir, DatabasePath, LOG)) != NULL)
	{
		if (strncmp(entry->d_name, STATE_PREFIX, strlen(STATE_PREFIX)) == 0)
		{
			int64	   *run = palloc(sizeof(int64));

			*run = strtoi64(entry->d_name + strlen(STATE_PREFIX), NULL, 10);
			runs = lappend(runs, run);
		}
	}
	FreeDir(dir);
	foreach(lc, runs)
	{
		int64		run = *(int64 *) lfirst(lc);

		if (!job_is_open(run))
			job_state_forget(run);
	}
}
