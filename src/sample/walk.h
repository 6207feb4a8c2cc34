/*
 * walk.h
 *		Sampling on request: the edges met on the way from some nodes.
 */
#ifndef SAGE_WALK_H
#define SAGE_WALK_H

#include "postgres.h"

#include "sample/pick.h"
#include "sample/places.h"

/* What cannot be meant. */
#define WALK_MAX_HOPS	16
#define WALK_MAX_EDGES	1e8

typedef struct WalkOptions
{
	int			nhops;
	const int  *counts;			/* [nhops] -1: all */
	PickStrategy strategy;
	const bool *relations;		/* [relations] to be walked */
	TimestampTz at;				/* or STORE_ALWAYS */
	uint64		seed;
} WalkOptions;

typedef struct WalkEdge
{
	int			hop;
	int			relation;
	int32		node;			/* of the relation's dst_type: who asks */
	int32		neighbor;		/* of its src_type */
	float		weight;
	TimestampTz time;			/* DT_NOBEGIN: always; DT_NOEND: unknown */
} WalkEdge;

typedef struct Walk
{
	int64		nedges;
	int64		capacity;
	WalkEdge   *edges;
	TypeNodes  *met;			/* [node types], the seeds first */
} Walk;

extern bool *walk_relations(const Graph *graph, const char *edge_type);
extern void walk_check(const Graph *graph, int64 nseeds, const WalkOptions *options);
extern Walk *walk_sample(GraphStore *store, const Graph *graph, int node_type, const int32 *seeds, int64 nseeds,
						 const WalkOptions *options);

/* subgraph.c */
extern Walk *subgraph_edges(GraphStore *store, const Graph *graph, const Walk *walk, const bool *relations, TimestampTz at);
extern int32 *subgraph_distances(const Graph *graph, const Walk *walk, const Walk *edges, int node_type, int32 seed,
								 int64 *starts);

#endif							/* SAGE_WALK_H */
