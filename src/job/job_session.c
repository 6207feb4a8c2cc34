/*
 * job_session.c
 *		The session of a worker between two runs.
 *
 * One process trains runs of several roles.  What a role's functions leave in
 * the session (settings, advisory locks, temporary tables, prepared
 * statements, values of sequences) must not reach the next role, so a worker
 * does what DISCARD ALL does, in two steps: the settings at once, before the
 * end of the run is recorded, the rest when its lock may go.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "commands/async.h"
#include "commands/prepare.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/plancache.h"
#include "utils/portal.h"

#include "job/job_session.h"
#include "job/job_train.h"

static void
set_default(const char *name, const char *value)
{
	SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

/*
 * What the database or the superuser may have set for sessions is not meant
 * for workers.
 */
void
session_defaults(void)
{
	set_default("search_path", "pg_catalog, pg_temp");
	set_default("default_transaction_isolation", "read committed");
	set_default("default_transaction_read_only", "off");
	set_default("default_transaction_deferrable", "off");
	set_default("lock_timeout", "0");
	set_default("synchronize_seqscans", "off");
	set_default("track_activities", "on");
}

/* The process's own role and settings; outside of a transaction. */
void
session_reset_settings(void)
{
	SetUserIdAndSecContext(GetSessionUserId(), 0);
	SetSessionAuthorization(BOOTSTRAP_SUPERUSERID, true);
	ResetAllOptions();
	session_defaults();
}

/*
 * All else that a session keeps, in a transaction of its own.  The advisory
 * locks of job_lock.c go as well: what is still needed is to be taken again.
 */
void
session_discard(void)
{
	job_begin();
	PortalHashTableDeleteAll();
	DropAllPreparedStatements();
	Async_UnlistenAll();
	LockReleaseAll(USER_LOCKMETHOD, true);
	ResetPlanCache();
	ResetTempTableNamespace();
	ResetSequenceCaches();
	job_commit();
}
