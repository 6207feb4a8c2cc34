/*
 * fanout.h
 *		How many neighbors: for each hop and relation.
 */
#ifndef SAGE_FANOUT_H
#define SAGE_FANOUT_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "graph/graph.h"

/* More than this for one node is not a sample. */
#define FANOUT_MAX	1000000

/*
 * Where the user does not say, the mean number of neighbors decides: a mean
 * over ten of a hundred neighbors is mostly noise.  Scoring, which is done
 * once, takes more of them than training, which sees others in each epoch.
 */
#define FANOUT_DEFAULT		10
#define FANOUT_MAX_TRAIN	25
#define FANOUT_MAX_SCORE	100
#define FANOUT_UNSET		PG_INT32_MIN

/*
 * Of the past as many as that: the mean degree would be that of all times, so
 * that rows of the future would decide how many of the past are seen.
 */
#define FANOUT_PAST			20

typedef struct Fanout
{
	int			nhops;
	int			nrelations;
	int		   *counts;			/* [nhops x nrelations], hop 1 (next to the seeds) first; -1: all, 0: off */
} Fanout;

extern Fanout *fanout_read(const Graph *graph, JsonbValue *value, int nhops);
extern Fanout *fanout_copy(const Fanout *fanout);
extern int	fanout_default(double mean_degree, bool training);
extern void fanout_fill(Fanout *fanout, int relation, int count);
extern void fanout_check_size(const Fanout *fanout);
extern Fanout *fanout_off(const Graph *graph, int nhops);
extern int	fanout_hops(JsonbValue *value);
extern int	fanout_count(const Fanout *fanout, int hop, int relation);
extern char *fanout_text(const Fanout *fanout, const Graph *graph);

#endif							/* SAGE_FANOUT_H */
