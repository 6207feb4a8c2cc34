/*
 * test_parallel.c
 *		Threads, without a server: every stretch is done once, whatever the
 *		number of threads; a cancel leaves nothing running; a task aside ends
 *		when it is told to.
 */
#include "postgres.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include "access/parallel.h"
#include "miscadmin.h"
#include "storage/ipc.h"

#include "base/guc.h"
#include "tensor/parallel.h"

#undef printf

/* What the code under test knows of the server. */
volatile sig_atomic_t InterruptPending = false;
volatile uint32 InterruptHoldoffCount = 0;
volatile uint32 QueryCancelHoldoffCount = 0;
volatile uint32 CritSectionCount = 0;
bool		IsUnderPostmaster = true;
bool		IsPostmasterEnvironment = true;
int			ParallelWorkerNumber = -1;
int			guc_threads = 1;

static pg_on_exit_callback at_exit = NULL;
static jmp_buf caught;

static pthread_t main_thread;
static bool strayed = false;	/* a handler ran on another thread */

static void
set_pending(bool pending)
{
	__atomic_store_n(&InterruptPending, pending, __ATOMIC_RELAXED);
}

static void
handle_cancel(int signal_number)
{
	if (!pthread_equal(pthread_self(), main_thread))
		__atomic_store_n(&strayed, true, __ATOMIC_RELAXED);
	set_pending(true);
}

void
on_proc_exit(pg_on_exit_callback function, Datum arg)
{
	at_exit = function;
}

/* Stands for an error that leaves by longjmp. */
void
ProcessInterrupts(void)
{
	set_pending(false);
	longjmp(caught, 1);
}

static int	ncases = 0;
static int	nfailed = 0;

static void
report(bool ok, const char *name)
{
	ncases++;
	nfailed += !ok;
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ncases, name);
}

#define LENGTH	100003

static int	done[LENGTH];
static int	running = 0;

static void
count_task(void *arg, int64 from, int64 to)
{
	for (int64 i = from; i < to; i++)
		done[i]++;
}

/* Each number once, for sizes around those of the stretches. */
static bool
each_once(void)
{
	const int64 sizes[] = {0, 1, 2, 63, 64, 65, 1000, LENGTH};
	const int64 grains[] = {0, 1, 7, 64, LENGTH + 1};
	bool		ok = true;

	for (int threads = 1; threads <= 5; threads++)
	{
		guc_threads = threads;
		for (int s = 0; s < 8; s++)
		{
			for (int g = 0; g < 5; g++)
			{
				if (sizes[s] > 1000 && grains[g] < 7)
					continue;
				memset(done, 0, sizeof(done));
				parallel_for(sizes[s], grains[g], count_task, NULL);
				for (int64 i = 0; i < LENGTH; i++)
					ok = ok && done[i] == (i < sizes[s]);
			}
		}
	}
	return ok;
}

/* One job right after the other, with nothing in between. */
static bool
many_jobs(void)
{
	bool		ok = true;

	guc_threads = 4;
	memset(done, 0, sizeof(done));
	for (int i = 0; i < 5000; i++)
		parallel_for(64, 4, count_task, NULL);
	for (int i = 0; i < 64; i++)
		ok = ok && done[i] == 5000;
	return ok;
}

static void
slow_task(void *arg, int64 from, int64 to)
{
	__atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
	if (from == 8)
		kill(getpid(), SIGUSR1);
	usleep(2000);
	__atomic_fetch_sub(&running, 1, __ATOMIC_SEQ_CST);
}

/* A cancel in the midst of a job: nothing runs when the error is raised. */
static bool
canceled(void)
{
	volatile bool raised = false;

	guc_threads = 3;
	if (setjmp(caught) == 0)
		parallel_for(1000, 1, slow_task, NULL);
	else
		raised = true;
	return raised && __atomic_load_n(&running, __ATOMIC_SEQ_CST) == 0 && each_once();
}

/* While interrupts are held back, a job goes on. */
static bool
held_back(void)
{
	guc_threads = 3;
	InterruptHoldoffCount = 1;
	parallel_for(20, 1, slow_task, NULL);
	InterruptHoldoffCount = 0;
	set_pending(false);
	return __atomic_load_n(&running, __ATOMIC_SEQ_CST) == 0;
}

static void
sum_aside(void *arg)
{
	int64	   *sum = arg;

	for (int i = 0; i < 1000; i++)
		*sum += i;
}

/* Its result is there at the end, with helpers and without, and jobs go on beside it. */
static bool
aside(void)
{
	bool		ok = true;

	for (int round = 0; round < 300; round++)
	{
		int64		sum = 0;

		guc_threads = 1 + round % 3;
		memset(done, 0, 64 * sizeof(int));
		parallel_aside_begin(sum_aside, &sum);
		parallel_for(64, 4, count_task, NULL);
		parallel_aside_end();
		ok = ok && sum == 499500 && done[0] == 1 && done[63] == 1;
	}
	parallel_aside_end();		/* nothing was begun */
	return ok;
}

static void
endless_aside(void *arg)
{
	while (!parallel_stopping())
		usleep(100);
}

/* Told to stop, or left because a cancel has come. */
static bool
aside_stops(void)
{
	volatile bool raised = false;

	guc_threads = 2;
	parallel_aside_begin(endless_aside, NULL);
	usleep(2000);
	parallel_aside_stop();
	parallel_aside_begin(endless_aside, NULL);
	usleep(2000);
	kill(getpid(), SIGUSR1);
	if (setjmp(caught) == 0)
		parallel_aside_end();
	else
		raised = true;
	parallel_aside_stop();
	return raised && !parallel_stopping() && aside();
}

/* Where threads would be lost or too many, there is one. */
static bool
one_thread(void)
{
	bool		ok;

	guc_threads = 8;
	ParallelWorkerNumber = 0;
	ok = parallel_threads() == 1;
	ParallelWorkerNumber = -1;
	IsUnderPostmaster = false;
	ok = ok && parallel_threads() == 1;
	IsPostmasterEnvironment = false;
	ok = ok && parallel_threads() == 8;
	IsPostmasterEnvironment = IsUnderPostmaster = true;
	return ok;
}

/* The end of the process waits for a task aside. */
static bool
ends(void)
{
	guc_threads = 3;
	parallel_aside_begin(endless_aside, NULL);
	usleep(2000);
	at_exit(0, (Datum) 0);
	return true;
}

int
main(void)
{
	main_thread = pthread_self();
	signal(SIGUSR1, handle_cancel);
	report(each_once(), "every stretch is done once");
	report(many_jobs(), "many small jobs");
	report(canceled(), "a cancel leaves nothing running");
	report(held_back(), "interrupts that are held back do not stop a job");
	report(aside(), "a task aside");
	report(aside_stops(), "a task aside is stopped");
	report(one_thread(), "one thread where there should be one");
	report(ends(), "the end of the process");
	report(!strayed, "no signal was handled by a helper");
	printf("1..%d\n", ncases);
	return nfailed > 0;
}
