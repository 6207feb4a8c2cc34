/*
 * job_launcher.c
 *		The process that resumes runs at server start.
 *
 * It exists only where the library is in shared_preload_libraries.  When the
 * server has started, or has recovered from a crash, it sends a worker to each
 * database in turn; the worker itself knows whether the extension is there
 * and whether runs wait.  After that it sleeps, and is woken by whoever could
 * not start a worker because no process was free: the database is noted in
 * shared memory, and it tries again every second.
 */
#include "postgres.h"

#include <signal.h>

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "job/job_launch.h"
#include "job/job_launcher.h"
#include "sage.h"

#define MAX_ASKED	64

/* All under the lock. */
typedef struct LauncherShared
{
	LWLock	   *lock;
	Latch	   *latch;			/* of the launcher; NULL: there is none */
	bool		overflow;		/* more databases asked than the list holds */
	int			count;
	Oid			asked[MAX_ASKED];	/* databases that lack a worker */
} LauncherShared;

static LauncherShared *shared = NULL;
static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

extern SAGE_EXPORT void sage_launcher_main(Datum arg);

static void
launcher_shmem_request(void)
{
	if (previous_request != NULL)
		previous_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(LauncherShared)));
	RequestNamedLWLockTranche("sage", 1);
}

static void
launcher_shmem_startup(void)
{
	bool		found;

	if (previous_startup != NULL)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("sage launcher", sizeof(LauncherShared), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(LauncherShared));
		shared->lock = &GetNamedLWLockTranche("sage")->lock;
	}
	LWLockRelease(AddinShmemInitLock);
}

/* While the libraries of shared_preload_libraries are loaded. */
void
launcher_register(void)
{
	BackgroundWorker worker = {0};

	previous_request = shmem_request_hook;
	shmem_request_hook = launcher_shmem_request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = launcher_shmem_startup;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 5;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "sage");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "sage_launcher_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "sage launcher");
	snprintf(worker.bgw_type, BGW_MAXLEN, "sage launcher");
	RegisterBackgroundWorker(&worker);
}

/* Puts a database at the end of the list; the lock is held. */
static void
note_database(Oid database)
{
	for (int i = 0; i < shared->count; i++)
	{
		if (shared->asked[i] == database)
			return;
	}
	if (shared->count < MAX_ASKED)
		shared->asked[shared->count++] = database;
	else
		shared->overflow = true;
}

/* Has a worker started later; nothing happens where there is no launcher. */
void
launcher_ask(Oid database)
{
	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	note_database(database);
	if (shared->latch != NULL)
		SetLatch(shared->latch);
	LWLockRelease(shared->lock);
}

static void
launcher_exit(int code, Datum arg)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->latch = NULL;
	LWLockRelease(shared->lock);
}

/* The databases that one can connect to, in memory that lasts. */
static List *
list_databases(void)
{
	List	   *databases = NIL;
	Relation	relation;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		if (database->datallowconn && !database->datistemplate)
			databases = lappend_oid(databases, database->oid);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	return databases;
}

static void
launcher_sleep(long milliseconds)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/* The database that has waited longest, off the list; InvalidOid: none waits. */
static Oid
next_asked(void)
{
	Oid			database = InvalidOid;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (shared->count > 0)
	{
		database = shared->asked[0];
		shared->count--;
		memmove(shared->asked, shared->asked + 1, shared->count * sizeof(Oid));
	}
	LWLockRelease(shared->lock);
	return database;
}

/*
 * Tries for all that asked, the first to ask first; true if none is left.  A
 * database that fails goes to the end of the list, without a wake-up: it is
 * tried again after the sleep.
 */
static bool
serve_asked(void)
{
	Oid			database;

	while (OidIsValid(database = next_asked()))
	{
		if (job_launch(database))
			continue;
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		note_database(database);
		LWLockRelease(shared->lock);
		return false;
	}
	return true;
}

/* One worker to each database, one after the other, so that few processes are taken at once. */
static void
serve_all(void)
{
	List	   *databases = list_databases();
	ListCell   *lc;

	foreach(lc, databases)
	{
		while (!ShutdownRequestPending && !job_launch(lfirst_oid(lc)))
			launcher_sleep(1000);
		launcher_sleep(50);
		if (ShutdownRequestPending)
			break;
	}
	list_free(databases);
}

/* Whether more databases asked than the list holds; asks once. */
static bool
take_overflow(void)
{
	bool		overflow;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	overflow = shared->overflow;
	shared->overflow = false;
	LWLockRelease(shared->lock);
	return overflow;
}

void
sage_launcher_main(Datum arg)
{
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->latch = MyLatch;
	LWLockRelease(shared->lock);
	before_shmem_exit(launcher_exit, 0);

	serve_all();
	while (!ShutdownRequestPending)
	{
		bool		served = serve_asked();

		if (served && take_overflow())
			serve_all();
		launcher_sleep(served ? 60 * 1000L : 1000L);
	}
	proc_exit(1);				/* if it was not the server that stopped, it is to be started again */
}
