/*
 * parallel.c
 *		The only door to threads.
 *
 * The helpers are started when they are first needed, with every signal
 * blocked, so that no handler of the server ever runs on one of them; they
 * end with the process.  They see one job at a time, in which they and the
 * main thread take stretches until none is left.  The main thread gives out
 * the job and takes it back; taking it back waits for those still at work.
 *
 * A batch of training is some fifty jobs of well under a millisecond, and
 * waking a sleeping thread takes a good part of that.  So both sides first
 * spin for a short while, where there is a processor for each thread, and
 * sleep only then.
 */
#include "postgres.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "access/parallel.h"
#include "miscadmin.h"
#include "storage/ipc.h"

#include "base/guc.h"
#include "tensor/parallel.h"

#define MAX_HELPERS		(GUC_MAX_THREADS - 1)

/* Looks at what is waited for, before sleeping: about 50 us. */
#define SPINS			2000

/* Stretches that one thread takes first, and others when theirs are done. */
typedef struct ParallelShare
{
	int64		next;			/* first stretch that nobody has taken; atomic */
	int64		end;
	char		unused[48];		/* each on a cache line of its own */
} ParallelShare;

typedef struct ParallelJob
{
	ParallelTask task;
	void	   *arg;
	int64		n;
	int64		grain;
	int			nshares;		/* one for each thread that may take part, the main one first */
	ParallelShare shares[GUC_MAX_THREADS];
} ParallelJob;

typedef enum AsideState
{
	ASIDE_NONE,
	ASIDE_GIVEN,				/* nobody has begun it */
	ASIDE_RUNNING
} AsideState;

/*
 * All fields are read and written under the lock, but those marked atomic may
 * be looked at without it to see whether it is time to take it.
 */
typedef struct ParallelPool
{
	pthread_mutex_t lock;
	pthread_cond_t given;		/* a job, a task aside, or the end */
	pthread_cond_t done;		/* the last helper has left the job, or the task aside */
	ParallelJob *job;			/* NULL: none */
	uint64		given_count;	/* jobs and tasks aside given so far; atomic */
	int			inside;			/* helpers at work on the job; atomic */
	ParallelAside aside;
	void	   *aside_arg;
	AsideState	aside_state;
	bool		stopping;		/* the task aside should return; atomic */
	bool		ending;
	int			sleeping;		/* helpers that wait for "given" */
	bool		spin;			/* there are enough processors */
	int			helpers;		/* started */
	bool		failed;			/* no more could be started */
	pthread_t	threads[MAX_HELPERS];
} ParallelPool;

static ParallelPool pool = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.given = PTHREAD_COND_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER
};

/* Lets the processor's other thread go on, where there is one. */
static inline void
spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Takes one stretch, of its own share if it can, and does it; false if there was none. */
static bool
job_step(ParallelJob *job, int share)
{
	for (int i = 0; i < job->nshares; i++)
	{
		ParallelShare *from = &job->shares[(share + i) % job->nshares];
		int64		stretch = __atomic_load_n(&from->next, __ATOMIC_RELAXED);

		if (stretch < from->end)
			stretch = __atomic_fetch_add(&from->next, 1, __ATOMIC_RELAXED);
		if (stretch < from->end)
		{
			int64		first = stretch * job->grain;

			job->task(job->arg, first, Min(first + job->grain, job->n));
			return true;
		}
	}
	return false;
}

/* Takes part in the job.  Called and left with the lock held. */
static void
helper_work(ParallelJob *job, int share)
{
	__atomic_store_n(&pool.inside, pool.inside + 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&pool.lock);
	while (job_step(job, share))
		;
	pthread_mutex_lock(&pool.lock);
	__atomic_store_n(&pool.inside, pool.inside - 1, __ATOMIC_RELAXED);
	if (pool.inside == 0)
		pthread_cond_signal(&pool.done);
}

/* The same for the task aside. */
static void
helper_aside(void)
{
	pool.aside_state = ASIDE_RUNNING;
	pthread_mutex_unlock(&pool.lock);
	pool.aside(pool.aside_arg);
	pthread_mutex_lock(&pool.lock);
	pool.aside_state = ASIDE_NONE;
	pthread_cond_signal(&pool.done);
}

/* Waits until something was given after "seen", for a short while awake. */
static void
helper_wait(uint64 seen)
{
	if (pool.spin)
	{
		pthread_mutex_unlock(&pool.lock);
		for (int i = 0; i < SPINS && __atomic_load_n(&pool.given_count, __ATOMIC_RELAXED) == seen; i++)
			spin_pause();
		pthread_mutex_lock(&pool.lock);
	}
	while (!pool.ending && pool.given_count == seen)
	{
		pool.sleeping++;
		pthread_cond_wait(&pool.given, &pool.lock);
		pool.sleeping--;
	}
}

/* A helper: does what was given since it last looked, and waits for more. */
static void *
helper_main(void *arg)
{
	const int	share = (int) (intptr_t) arg;
	uint64		seen = 0;

	pthread_mutex_lock(&pool.lock);
	while (!pool.ending)
	{
		if (pool.aside_state == ASIDE_GIVEN)
			helper_aside();
		else if (pool.job != NULL && pool.given_count != seen && share < pool.job->nshares)
		{
			seen = pool.given_count;
			helper_work(pool.job, share);
		}
		else
		{
			seen = pool.given_count;
			helper_wait(seen);
		}
	}
	pthread_mutex_unlock(&pool.lock);
	return NULL;
}

/*
 * When the process ends.  Nothing is running then: whoever gave a task aside
 * has stopped it, which could not wait for this, because memory goes earlier.
 */
static void
pool_end(int code, Datum arg)
{
	pthread_mutex_lock(&pool.lock);
	pool.ending = true;
	__atomic_store_n(&pool.stopping, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&pool.given);
	pthread_mutex_unlock(&pool.lock);
	for (int i = 0; i < pool.helpers; i++)
		pthread_join(pool.threads[i], NULL);
	pool.helpers = 0;
}

/*
 * Makes sure that there are so many helpers, or as many as the system gives:
 * with fewer the work is done as well.
 */
static void
pool_start(int helpers)
{
	sigset_t	all;
	sigset_t	before;

	if (helpers <= pool.helpers || pool.failed)
		return;
	if (pool.helpers == 0)
		on_proc_exit(pool_end, (Datum) 0);
	pthread_mutex_lock(&pool.lock);
	pool.spin = helpers < sysconf(_SC_NPROCESSORS_ONLN);
	pthread_mutex_unlock(&pool.lock);

	/* a thread takes over the mask of its maker, and keeps it */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool.helpers < helpers && !pool.failed)
	{
		if (pthread_create(&pool.threads[pool.helpers], NULL, helper_main,
						   (void *) (intptr_t) (pool.helpers + 1)) == 0)
			pool.helpers++;
		else
			pool.failed = true;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Lets the helpers see what was given.  With the lock held. */
static void
pool_wake(void)
{
	__atomic_store_n(&pool.given_count, pool.given_count + 1, __ATOMIC_RELAXED);
	if (pool.sleeping > 0)
		pthread_cond_broadcast(&pool.given);
}

static void
job_give(ParallelJob *job)
{
	pthread_mutex_lock(&pool.lock);
	pool.job = job;
	pool_wake();
	pthread_mutex_unlock(&pool.lock);
}

/* After this no helper is in the job, nor comes into it. */
static void
job_take_back(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.job = NULL;
	if (pool.inside > 0 && pool.spin)
	{
		pthread_mutex_unlock(&pool.lock);
		for (int i = 0; i < SPINS && __atomic_load_n(&pool.inside, __ATOMIC_RELAXED) > 0; i++)
			spin_pause();
		pthread_mutex_lock(&pool.lock);
	}
	while (pool.inside > 0)
		pthread_cond_wait(&pool.done, &pool.lock);
	pthread_mutex_unlock(&pool.lock);
}

/*
 * How many threads work on a job of the current session.  The postmaster has
 * one, because its children would inherit a pool without threads, and so has
 * a worker of a parallel query, which is itself one of many.
 */
int
parallel_threads(void)
{
	if (IsParallelWorker() || (IsPostmasterEnvironment && !IsUnderPostmaster))
		return 1;
	return guc_threads;
}

void
parallel_for(int64 n, int64 grain, ParallelTask task, void *arg)
{
	ParallelJob job;
	int64		stretches;
	bool		shared;

	Assert(n >= 0 && grain >= 0);
	job.task = task;
	job.arg = arg;
	job.n = n;
	job.grain = Max(grain, 1);
	stretches = n / job.grain + (n % job.grain != 0);
	pool_start((int) Min(parallel_threads(), stretches) - 1);
	job.nshares = (int) Max(Min(Min(parallel_threads(), pool.helpers + 1), stretches), 1);
	for (int i = 0; i < job.nshares; i++)
	{
		job.shares[i].next = stretches * i / job.nshares;
		job.shares[i].end = stretches * (i + 1) / job.nshares;
	}
	shared = job.nshares > 1;
	if (shared)
		job_give(&job);
	while (job_step(&job, 0))
	{
		if (!InterruptPending || !INTERRUPTS_CAN_BE_PROCESSED())
			continue;

		/* this may not come back, and the job lives on this stack */
		if (shared)
			job_take_back();
		CHECK_FOR_INTERRUPTS();
		if (shared)
			job_give(&job);
	}
	if (shared)
		job_take_back();
}

void
parallel_aside_begin(ParallelAside task, void *arg)
{
	Assert(pool.aside_state == ASIDE_NONE);
	if (parallel_threads() > 1)
		pool_start(parallel_threads() - 1);
	pthread_mutex_lock(&pool.lock);
	pool.aside = task;
	pool.aside_arg = arg;
	pool.aside_state = ASIDE_GIVEN;
	if (parallel_threads() > 1)
		pool_wake();
	pthread_mutex_unlock(&pool.lock);
}

/* Takes the task back if nobody has begun it: then true.  Else waits for its end. */
static bool
aside_take_back(void)
{
	bool		untouched;

	pthread_mutex_lock(&pool.lock);
	untouched = pool.aside_state == ASIDE_GIVEN;
	if (untouched)
		pool.aside_state = ASIDE_NONE;
	while (pool.aside_state == ASIDE_RUNNING)
		pthread_cond_wait(&pool.done, &pool.lock);
	__atomic_store_n(&pool.stopping, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&pool.lock);
	return untouched;
}

/* If nothing was begun, nothing is done.  A cancel is answered here, too. */
void
parallel_aside_end(void)
{
	if (aside_take_back())
		pool.aside(pool.aside_arg);
	CHECK_FOR_INTERRUPTS();
}

/* After an error: waits for the task's end, which it is told to hasten. */
void
parallel_aside_stop(void)
{
	__atomic_store_n(&pool.stopping, true, __ATOMIC_RELAXED);
	(void) aside_take_back();
}

/*
 * For the task aside: true if its result is not wanted any more, or if the
 * main thread should not wait for it because a cancel has come.
 */
bool
parallel_stopping(void)
{
	return __atomic_load_n(&pool.stopping, __ATOMIC_RELAXED) || __atomic_load_n(&InterruptPending, __ATOMIC_RELAXED);
}
