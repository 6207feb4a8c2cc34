/*
 * query.c
 *		The only door to SPI.
 *
 * Three things are done here so that nobody else has to think of them.
 *
 * Snapshot: SPI with read_only = true uses exactly the active snapshot, with
 * false it takes a new one.  All reading is read-only, so that one statement
 * sees one state of the tables, its own transaction's earlier writes
 * included.
 *
 * Receiver: rows go to a DestReceiver instead of a tuple table, which is
 * twice as fast and needs no memory.  It is called in the executor's memory
 * context, where whatever the callback allocates would be freed under it, so
 * the caller's context is set first.
 *
 * Identity: the catalog belongs to the owner of schema sage.  While that
 * role is in force the search path is pg_catalog alone; otherwise an operator
 * planted by the caller would run with the owner's rights.  Both are undone
 * on return, and by the abort of the (sub)transaction after an error.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "tcop/dest.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/extension.h"
#include "base/query.h"

struct PreparedQuery
{
	SPIPlanPtr	plan;
	int			nargs;
	Oid		   *types;
	bool		catalog;
};

typedef struct RowReceiver
{
	DestReceiver dest;			/* must be first */
	QueryRow	row;
	void	   *arg;
	MemoryContext cxt;
} RowReceiver;

typedef struct Identity
{
	Oid			user;
	int			sec_context;
	int			guc_level;
} Identity;

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static bool
receiver_slot(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext old;

	slot_getallattrs(slot);
	old = MemoryContextSwitchTo(receiver->cxt);
	receiver->row(receiver->arg, slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(old);
	return true;
}

static void
receiver_nothing(DestReceiver *self)
{
}

static ParamListInfo
query_params(int nargs, const Oid *types, const Datum *args, const bool *nulls)
{
	ParamListInfo params;

	if (nargs == 0)
		return NULL;
	params = makeParamList(nargs);
	for (int i = 0; i < nargs; i++)
	{
		params->params[i].value = args[i];
		params->params[i].isnull = nulls != NULL && nulls[i];
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = types[i];
	}
	return params;
}

/*
 * True if the plan will be run as it is; false: it is yet to be made, or made
 * anew.  *kept: it was made to be run often.
 */
static bool
plan_is_made(SPIPlanPtr plan, bool *kept)
{
	List	   *sources = SPI_plan_get_plan_sources(plan);
	CachedPlanSource *source = list_length(sources) == 1 ? linitial(sources) : NULL;

	*kept = source != NULL && source->is_saved;
	return source != NULL && source->is_valid && source->gplan != NULL && source->gplan->is_valid;
}

/* A setting for what is planned until AtEOXact_GUC(true, level). */
static void
plan_with(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Runs a plan; SPI is connected.  Returns the number of rows.
 *
 * Just-in-time compilation is kept off: for a query that reads a whole table
 * it takes several times as long as the reading.  Whether to compile is part
 * of the plan, and changing a setting costs more than a short query's start.
 *
 * A statement that is prepared will be run often, on few rows each time, so
 * most pages that it reads are in memory, where one costs what any other
 * does.  A plan made for a disk would sort the rows' places first (a bitmap
 * scan), which takes longer than it saves.  (A tablespace's own costs stay as
 * they are.)
 */
static int64
query_plan_run(SPIPlanPtr plan, int nargs, const Oid *types, const Datum *args, const bool *nulls,
			   bool read_only, QueryRow row, void *arg, MemoryContext cxt)
{
	RowReceiver receiver = {
		.dest = {receiver_slot, receiver_startup, receiver_nothing, receiver_nothing, DestNone},
		.row = row, .arg = arg, .cxt = cxt
	};
	SPIExecuteOptions options = {0};
	bool		kept;
	int			guc_level = -1;
	int			result;

	options.params = query_params(nargs, types, args, nulls);
	options.read_only = read_only;
	if (row != NULL)
		options.dest = &receiver.dest;
	if (!plan_is_made(plan, &kept) && (jit_enabled || kept))
	{
		guc_level = NewGUCNestLevel();
		plan_with("jit", "off");
		if (kept && random_page_cost > seq_page_cost)
			plan_with("random_page_cost", GetConfigOption("seq_page_cost", false, false));
	}
	result = SPI_execute_plan_extended(plan, &options);
	if (guc_level >= 0)
		AtEOXact_GUC(true, guc_level);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	return (int64) SPI_processed;
}

static SPIPlanPtr
query_plan(const char *sql, int nargs, const Oid *types, int cursor_options)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nargs, (Oid *) types, cursor_options);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

/* ------------------------------------------------------------------------
 * Identity
 * ------------------------------------------------------------------------
 */

static Oid
catalog_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum("sage"));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"sage\" does not exist"),
				 errhint("Run CREATE EXTENSION sage in this database.")));
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

static Identity
identity_become_owner(void)
{
	Identity	saved;

	extension_check_version();
	GetUserIdAndSecContext(&saved.user, &saved.sec_context);
	saved.guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	SetUserIdAndSecContext(catalog_owner(), saved.sec_context | SECURITY_LOCAL_USERID_CHANGE);
	return saved;
}

static void
identity_restore(Identity saved)
{
	AtEOXact_GUC(false, saved.guc_level);
	SetUserIdAndSecContext(saved.user, saved.sec_context);
}

/* ------------------------------------------------------------------------
 * The door
 * ------------------------------------------------------------------------
 */

static PreparedQuery *
query_keep(const char *sql, int nargs, const Oid *types, int cursor_options, bool catalog)
{
	PreparedQuery	   *query = palloc0(sizeof(PreparedQuery));

	query->nargs = nargs;
	query->types = palloc(Max(nargs, 1) * sizeof(Oid));
	for (int i = 0; i < nargs; i++)
		query->types[i] = types[i];
	query->catalog = catalog;

	SPI_connect();
	query->plan = query_plan(sql, nargs, types, cursor_options);
	SPI_keepplan(query->plan);
	SPI_finish();
	return query;
}

/*
 * A statement prepared once and run many times, with a generic plan: planning
 * "= ANY" anew for each array costs more than running it.  In
 * CurrentMemoryContext; end it with query_free().
 */
PreparedQuery *
query_prepare(const char *sql, int nargs, const Oid *types)
{
	return query_keep(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN, false);
}

/*
 * The same with a plan that is made anew for the arguments: where they tell
 * partitions apart, so that the others need neither be planned for nor locked.
 */
PreparedQuery *
query_prepare_for_values(const char *sql, int nargs, const Oid *types)
{
	return query_keep(sql, nargs, types, CURSOR_OPT_CUSTOM_PLAN, false);
}

/* The same for the extension's own catalog, read as its owner. */
PreparedQuery *
query_prepare_catalog(const char *sql, int nargs, const Oid *types)
{
	Identity	saved = identity_become_owner();
	PreparedQuery	   *query = query_keep(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN, true);

	identity_restore(saved);
	return query;
}

int64
query_run(PreparedQuery *query, const Datum *args, const bool *nulls, QueryRow row, void *arg)
{
	MemoryContext cxt = CurrentMemoryContext;
	Identity	saved = {0};
	int64		count;

	if (query->catalog)
		saved = identity_become_owner();
	SPI_connect();
	count = query_plan_run(query->plan, query->nargs, query->types, args, nulls, true, row, arg, cxt);
	SPI_finish();
	if (query->catalog)
		identity_restore(saved);
	return count;
}

void
query_free(PreparedQuery *query)
{
	SPI_freeplan(query->plan);
	pfree(query->types);
	pfree(query);
}

/* What a SELECT returns, copied into CurrentMemoryContext; NULL: it is none, or several. */
TupleDesc
query_describe(const char *sql)
{
	MemoryContext cxt = CurrentMemoryContext;
	SPIPlanPtr	plan;
	TupleDesc	result = NULL;
	List	   *sources;

	SPI_connect();
	plan = query_plan(sql, 0, NULL, 0);
	sources = SPI_plan_get_plan_sources(plan);
	if (list_length(sources) == 1)
	{
		CachedPlanSource *source = linitial(sources);
		MemoryContext old = MemoryContextSwitchTo(cxt);

		if (source->resultDesc != NULL && source->commandTag == CMDTAG_SELECT)
			result = CreateTupleDescCopy(source->resultDesc);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return result;
}

static int64
query_single(const char *sql, int cursor_options, int nargs, const Oid *types, const Datum *args,
			 const bool *nulls, bool read_only, QueryRow row, void *arg)
{
	MemoryContext cxt = CurrentMemoryContext;
	int64		count;

	SPI_connect();
	count = query_plan_run(query_plan(sql, nargs, types, cursor_options), nargs, types, args, nulls, read_only,
						   row, arg, cxt);
	SPI_finish();
	return count;
}

int64
query_once(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls,
		   QueryRow row, void *arg)
{
	return query_single(sql, 0, nargs, types, args, nulls, true, row, arg);
}

int64
query_write(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls)
{
	return query_single(sql, 0, nargs, types, args, nulls, false, NULL, NULL);
}

/*
 * The catalog's plans are generic: planning for an argument copies it
 * several times, and weights may be hundreds of megabytes.
 */
int64
query_catalog(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls,
			  QueryRow row, void *arg)
{
	Identity	saved = identity_become_owner();
	int64		count = query_single(sql, CURSOR_OPT_GENERIC_PLAN, nargs, types, args, nulls, true, row, arg);

	identity_restore(saved);
	return count;
}

int64
query_catalog_write(const char *sql, int nargs, const Oid *types, const Datum *args, const bool *nulls,
					QueryRow row, void *arg)
{
	Identity	saved = identity_become_owner();
	int64		count = query_single(sql, CURSOR_OPT_GENERIC_PLAN, nargs, types, args, nulls, false, row, arg);

	identity_restore(saved);
	return count;
}
