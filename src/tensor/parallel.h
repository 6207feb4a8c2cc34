/*
 * parallel.h
 *		The only door to threads.
 *
 * parallel_for() cuts [0, n) into stretches of "grain" and calls the task on
 * each, on as many threads as sage.threads says, the caller's own among them.
 * When it returns, or raises an error, no task is running any more.
 *
 * A task is plain C, like a kernel: it allocates nothing, raises nothing, and
 * calls nothing of PostgreSQL.  Which thread takes a stretch is chance, so a
 * task writes only what belongs to its own stretch.  Stretches do not depend
 * on the number of threads, unless the caller makes them so; where a sum
 * goes over a border between two, the caller adds the parts in their order.
 *
 * Between two stretches a cancel is looked for: one should take no longer
 * than some 30 ms.
 */
#ifndef SAGE_PARALLEL_H
#define SAGE_PARALLEL_H

#include "postgres.h"

typedef void (*ParallelTask) (void *arg, int64 from, int64 to);

extern void parallel_for(int64 n, int64 grain, ParallelTask task, void *arg);
extern int	parallel_threads(void);

/*
 * One task aside: a helper begins it, if there is one, while the caller goes
 * on; parallel_aside_end() waits for its end, or does it then.  The task looks
 * at parallel_stopping() now and then and returns early if that is true.
 *
 * Whoever begins one catches errors, and calls parallel_aside_stop() before
 * anything that the task works on goes away.
 */
typedef void (*ParallelAside) (void *arg);

extern void parallel_aside_begin(ParallelAside task, void *arg);
extern void parallel_aside_end(void);
extern void parallel_aside_stop(void);
extern bool parallel_stopping(void);

#endif							/* SAGE_PARALLEL_H */
