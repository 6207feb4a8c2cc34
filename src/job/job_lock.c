/*
 * job_lock.c
 *		Who works on what: session-level advisory locks of the workers.
 *
 * A worker holds one lock for its slot, of which there are sage.max_workers
 * in a database, and one for the run that it trains.  They end with the
 * process, however it ends, so that a row that says "running" while nobody
 * holds its lock is a run that was interrupted.  No shared memory of our own
 * is needed for it, and so no preloading.
 *
 * The fourth field keeps them apart from the locks that pg_advisory_lock()
 * makes (1 and 2 there).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lock.h"

#include "job/job_lock.h"

#define LOCK_RUN	0x5A6E
#define LOCK_SLOT	0x5A6F

static LOCKTAG
lock_tag(int64 number, int kind)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (number >> 32), (uint32) number, kind);
	return tag;
}

static bool
lock_try(int64 number, int kind)
{
	LOCKTAG		tag = lock_tag(number, kind);

	return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

static void
lock_release(int64 number, int kind)
{
	LOCKTAG		tag = lock_tag(number, kind);

	(void) LockRelease(&tag, ExclusiveLock, true);
}

/* False if another process works on the run. */
bool
job_lock_run(int64 run)
{
	return lock_try(run, LOCK_RUN);
}

void
job_unlock_run(int64 run)
{
	lock_release(run, LOCK_RUN);
}

int
job_lock_slot(int slots)
{
	for (int slot = 0; slot < slots; slot++)
	{
		if (lock_try(slot, LOCK_SLOT))
			return slot;
	}
	return -1;
}

void
job_unlock_slot(int slot)
{
	lock_release(slot, LOCK_SLOT);
}

static bool
is_ours(const LockInstanceData *lock, int kind)
{
	return lock->locktag.locktag_type == LOCKTAG_ADVISORY && lock->locktag.locktag_field1 == MyDatabaseId &&
		lock->locktag.locktag_field4 == kind && (lock->holdMask & LOCKBIT_ON(ExclusiveLock)) != 0;
}

/* The process that works on a run. */
int
job_run_pid(int64 run)
{
	LOCKTAG		tag = lock_tag(run, LOCK_RUN);
	LockData   *data = GetLockStatusData();

	for (int i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *lock = &data->locks[i];

		if (is_ours(lock, LOCK_RUN) && lock->locktag.locktag_field2 == tag.locktag_field2 &&
			lock->locktag.locktag_field3 == tag.locktag_field3)
			return lock->pid;
	}
	return 0;
}

/* How many workers there are in this database. */
int
job_slots_held(void)
{
	LockData   *data = GetLockStatusData();
	int			count = 0;

	for (int i = 0; i < data->nelements; i++)
		count += is_ours(&data->locks[i], LOCK_SLOT);
	return count;
}
