/*
 * job_message.c
 *		Warnings and notices of a run, for the role that submitted it.
 *
 * A worker has no client: what the training warns of, and what functions in
 * the labels query raise, would be seen in the server's log at best.  A hook
 * on the way to the log keeps it, and it is stored in the run's row.  To be
 * on that way a message must be at the level of the log, so that is lowered
 * to notices here; what the administrator does not want in the log is taken
 * off again by the hook.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/query.h"
#include "base/query_args.h"
#include "job/job_message.h"

/* Of a run at the most; a function may raise one for each row. */
#define MOST_MESSAGES	50

/* Of a message at the most; a function may put a whole table into one. */
#define MESSAGE_BYTES	8192

static emit_log_hook_type previous_hook = NULL;
static int	wanted_level;		/* log_min_messages, as the administrator has set it */
static MemoryContext message_cxt = NULL;	/* NULL: no run */
static Datum messages[MOST_MESSAGES];	/* texts, in message_cxt */
static int	nmessages = 0;
static int	nstored = 0;

static bool
is_known(const text *message)
{
	for (int i = 0; i < nmessages; i++)
	{
		const text *known = DatumGetTextPP(messages[i]);

		if (VARSIZE_ANY(known) == VARSIZE_ANY(message) && memcmp(known, message, VARSIZE_ANY(message)) == 0)
			return true;
	}
	return false;
}

/* As psql shows it; what is said again is kept once. */
static void
keep_message(const ErrorData *error)
{
	MemoryContext old = MemoryContextSwitchTo(message_cxt);
	StringInfoData line;
	text	   *message;

	initStringInfo(&line);
	appendStringInfo(&line, "%s:  %s", error->elevel == WARNING ? "WARNING" : "NOTICE", error->message);
	if (error->detail != NULL)
		appendStringInfo(&line, "\nDETAIL:  %s", error->detail);
	if (error->hint != NULL)
		appendStringInfo(&line, "\nHINT:  %s", error->hint);
	message = cstring_to_text_with_len(line.data, pg_mbcliplen(line.data, line.len, MESSAGE_BYTES));
	if (is_known(message))
		pfree(message);
	else
		messages[nmessages++] = PointerGetDatum(message);
	pfree(line.data);
	MemoryContextSwitchTo(old);
}

/* In the order of log_min_messages "log" comes after all errors. */
static bool
log_wants(int level)
{
	return wanted_level != LOG && level >= wanted_level;
}

static void
message_hook(ErrorData *error)
{
	if (error->elevel == NOTICE || error->elevel == WARNING)
	{
		if (message_cxt != NULL && nmessages < MOST_MESSAGES)
			keep_message(error);
		if (!log_wants(error->elevel))
			error->output_to_server = false;
	}
	if (previous_hook != NULL && error->output_to_server)
		previous_hook(error);
}

/* Once in a worker. */
void
messages_install(void)
{
	previous_hook = emit_log_hook;
	emit_log_hook = message_hook;
	wanted_level = log_min_messages;
	if (!log_wants(NOTICE))
		SetConfigOption("log_min_messages", "notice", PGC_SUSET, PGC_S_OVERRIDE);
}

/* From now on messages are kept, in a context that lasts until messages_end. */
void
messages_begin(MemoryContext cxt)
{
	message_cxt = cxt;
	nmessages = nstored = 0;
}

void
messages_end(void)
{
	message_cxt = NULL;
	nmessages = nstored = 0;
}

/* Puts what this attempt had to say so far into the run's row. */
void
messages_store(int64 run)
{
	QueryArgs	args = {0};

	if (nmessages == nstored)
		return;
	args_add_bigint(&args, run);
	args_add(&args, TEXTARRAYOID,
			 PointerGetDatum(construct_array(messages, nmessages, TEXTOID, -1, false, TYPALIGN_INT)), false);
	query_catalog_write("UPDATE sage.run SET messages = $2 WHERE run = $1",
						args.count, args.types, args.values, args.nulls, NULL, NULL);
	nstored = nmessages;
}
