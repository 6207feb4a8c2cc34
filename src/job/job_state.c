/*
 * job_state.c
 *		The table sage.run_state: where a run stands, to go on from there.
 *
 * A state is a stream of bytes, cut into parts that fit into a row.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/compat.h"
#include "base/memory.h"
#include "base/query.h"
#include "base/query_args.h"
#include "job/job_state.h"

#define PART_BYTES	(8 * 1024 * 1024)

/* A state on its way into the table. */
typedef struct StateWriter
{
	StateIO		io;				/* must be first */
	int64		run;
	uint64		fingerprint;
	int			part;
	bytea	   *data;
	Size		used;
} StateWriter;

/* A state that was read: all its parts, in memory. */
typedef struct StateReader
{
	StateIO		io;				/* must be first */
	uint64		fingerprint;	/* of the data that is there now */
	bool		changed;		/* the state belongs to other data */
	int64		size;
	int64		capacity;
	int64		at;
	char	   *bytes;
} StateReader;

static void
queue_write(const char *sql, const QueryArgs *args)
{
	query_catalog_write(sql, args->count, args->types, args->values, args->nulls, NULL, NULL);
}

static void
writer_flush(StateWriter *writer)
{
	QueryArgs	args = {0};

	if (writer->used == 0)
		return;
	SET_VARSIZE(writer->data, writer->used + VARHDRSZ);
	args_add_bigint(&args, writer->run);
	args_add_int(&args, ++writer->part);
	args_add_bigint(&args, (int64) writer->fingerprint);
	args_add_bytes(&args, writer->data);
	queue_write("INSERT INTO sage.run_state (run, part, fingerprint, data) VALUES ($1, $2, $3, $4)", &args);
	writer->used = 0;
}

static void
writer_transfer(StateIO *io, void *data, Size size)
{
	StateWriter *writer = (StateWriter *) io;
	const char *from = data;

	while (size > 0)
	{
		Size		n = Min(size, PART_BYTES - writer->used);

		memcpy(VARDATA(writer->data) + writer->used, from, n);
		writer->used += n;
		from += n;
		size -= n;
		if (writer->used == PART_BYTES)
			writer_flush(writer);
	}
}

void
job_state_forget(int64 run)
{
	QueryArgs	args = {0};

	args_add_bigint(&args, run);
	queue_write("DELETE FROM sage.run_state WHERE run = $1", &args);
}

/* Replaces what is kept of a run. */
void
job_state_save(int64 run, uint64 fingerprint, const EpochEnd *end)
{
	StateWriter writer = {.io = {writer_transfer, false}, .run = run, .fingerprint = fingerprint};

	job_state_forget(run);
	writer.data = palloc(PART_BYTES + VARHDRSZ);
	end->write(end->state, &writer.io);
	writer_flush(&writer);
	pfree(writer.data);
}

static void
reader_row(void *arg, Datum *values, bool *nulls)
{
	StateReader *reader = arg;
	bytea	   *data;
	int64		n;

	if ((uint64) DatumGetInt64(values[0]) != reader->fingerprint)
	{
		reader->changed = true;
		return;
	}
	data = (bytea *) PG_DETOAST_DATUM_PACKED(values[1]);
	n = VARSIZE_ANY_EXHDR(data);
	memory_reserve(reader->bytes, reader->capacity, reader->size + n);
	memcpy(reader->bytes + reader->size, VARDATA_ANY(data), n);
	reader->size += n;
	if ((Pointer) data != DatumGetPointer(values[1]))
		pfree(data);
}

static void
reader_transfer(StateIO *io, void *data, Size size)
{
	StateReader *reader = (StateReader *) io;

	if (size > reader->size - reader->at)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the saved state of the run is too short")));
	memcpy(data, reader->bytes + reader->at, size);
	reader->at += size;
}

/*
 * What is kept of a run, in CurrentMemoryContext; NULL: nothing, or nothing
 * that is about the same data.
 */
StateIO *
job_state_open(int64 run, uint64 fingerprint, bool *changed)
{
	StateReader *reader = palloc0(sizeof(StateReader));
	QueryArgs	args = {0};

	reader->io.transfer = reader_transfer;
	reader->io.reading = true;
	reader->fingerprint = fingerprint;
	reader->capacity = 1024;
	reader->bytes = palloc(reader->capacity);
	args_add_bigint(&args, run);
	query_catalog("SELECT fingerprint, data FROM sage.run_state WHERE run = $1 ORDER BY part",
				  args.count, args.types, args.values, args.nulls, reader_row, reader);
	*changed = reader->changed;
	return reader->size > 0 && !reader->changed ? &reader->io : NULL;
}
