/*
 * adaptive.h
 *		Adaptive metapath-aware sampling: what neighbor_sample() does if asked.
 */
#ifndef SAGE_ADAPTIVE_H
#define SAGE_ADAPTIVE_H

#include "postgres.h"

#include "sample/neighbor.h"
#include "sample/places.h"

/* More edges than this for one seed are not planned. */
#define PLAN_MAX_EDGES	1000000
#define PLAN_MAX_PATHS	10000

/* A way to walk from the seed: the relations taken, one a hop. */
typedef struct PlanPath
{
	int			parent;			/* -1: this is the seed itself */
	int			relation;		/* the last step; -1 for the seed */
	int			hop;			/* 0 for the seed */
	int			type;			/* where it leads */
	int64		planned;		/* nodes at its end, at the most */
} PlanPath;

typedef struct SamplePlan
{
	int			npaths;
	int			nrelations;
	PlanPath   *paths;			/* [npaths], shorter ones first; the seed's own is number 0 */
	int		   *children;		/* [npaths x nrelations] one step further; -1: none */
	int64		edges;			/* of one seed, all paths together */
} SamplePlan;

/* plan.c */
extern SamplePlan *plan_create(const Graph *graph, const Fanout *fanout, int node_type);

/* adaptive.c */
extern Sample *adaptive_sample(GraphStore *store, const Graph *graph, int node_type, const int32 *seeds,
							   const TimestampTz *times, int64 nseeds, const SampleOptions *options);

/* neighbor.c */
extern void sample_set_nodes(Sample *sample, const GraphStore *store, TypeNodes *types, int ntypes, bool timed);

#endif							/* SAGE_ADAPTIVE_H */
