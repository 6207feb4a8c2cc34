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

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_utils.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"

#include "base/compat.h"
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

/* A state on its way out of its file. */
typedef struct StateReader
{
	StateIO		io;				/* must be first */
	StateHeader header;
	int64		at;
	File		file;			/* lasts longer than a transaction; closed with the reader's context */
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

/* The next bytes of the body. */
static void
read_piece(StateReader *reader, char *data, Size size)
{
	for (Size done = 0; done < size;)
	{
		int			piece = (int) Min(size - done, (Size) 1 << 30);
		int			got;

		CHECK_FOR_INTERRUPTS();
		got = FileRead(reader->file, data + done, piece, sizeof(StateHeader) + reader->at + done, PG_WAIT_EXTENSION);
		if (got <= 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read the saved state of the run: %m")));
		done += got;
	}
}

static void
reader_transfer(StateIO *io, void *data, Size size)
{
	StateReader *reader = (StateReader *) io;

	if (size > reader->header.size - reader->at)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the saved state of the run is too short")));
	read_piece(reader, data, size);
	reader->at += size;
}

/* Reads the header and checks the body in pieces; false if it is not whole. */
static bool
check_contents(FILE *file, StateHeader *header)
{
	char		piece[BLCKSZ];
	struct stat status;
	pg_crc32c	crc;

	if (fstat(fileno(file), &status) != 0 || fread(header, sizeof(StateHeader), 1, file) != 1 ||
		header->magic != STATE_MAGIC || header->size != status.st_size - (int64) sizeof(StateHeader))
		return false;
	INIT_CRC32C(crc);
	for (int64 left = header->size; left > 0;)
	{
		Size		size = Min(left, (int64) sizeof(piece));

		CHECK_FOR_INTERRUPTS();
		if (fread(piece, 1, size, file) != size)
			return false;
		COMP_CRC32C(crc, piece, size);
		left -= size;
	}
	return EQ_CRC32C(state_crc(crc, header), header->crc);
}

/* The header of a file; false: there is none, or it is not whole. */
static bool
read_header(int64 run, int number, StateHeader *header)
{
	char		path[MAXPGPATH];
	FILE	   *file;
	bool		whole;

	state_path(path, run, number);
	file = AllocateFile(path, PG_BINARY_R);
	if (file == NULL)
		return false;
	whole = check_contents(file, header);
	FreeFile(file);
	if (!whole)
		ereport(LOG,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("file \"%s\" is not whole", path)));
	return whole;
}

static void
reader_close(void *reader)
{
	FileClose(((StateReader *) reader)->file);
}

/* Reads the body of a file as it is asked for, while CurrentMemoryContext lasts. */
static StateIO *
open_reader(int64 run, int number, const StateHeader *header)
{
	StateReader *reader = palloc0(sizeof(StateReader));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	char		path[MAXPGPATH];

	state_path(path, run, number);
	reader->io.transfer = reader_transfer;
	reader->io.reading = true;
	reader->header = *header;
	reader->file = PathNameOpenFile(path, O_RDONLY | PG_BINARY);
	if (reader->file < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path)));
	callback->func = reader_close;
	callback->arg = reader;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	return &reader->io;
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
	StateHeader newest = {0};
	JobState	state = {0};

	files->newest = files->synced = -1;
	for (int number = 0; number < NFILES; number++)
	{
		StateHeader header;

		if (!read_header(run, number, &header))
			continue;
		if (header.fingerprint != fingerprint)
			state.changed = true;
		else if (files->newest < 0 || is_newer(&header, &newest))
		{
			newest = header;
			files->newest = number;
		}
	}
	if (files->newest >= 0)
	{
		state.io = open_reader(run, files->newest, &newest);
		state.phase = (TrainPhase) newest.phase;
		state.epoch = newest.epoch;
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
