/*
 * memory_sample.h
 *		Samples from a resident store, drawn by plain C: what a thread can do.
 */
#ifndef SAGE_MEMORY_SAMPLE_H
#define SAGE_MEMORY_SAMPLE_H

#include "base/arena.h"
#include "sample/neighbor.h"

/* What it needs beside the store; good for one sample at a time. */
typedef struct MemorySampler MemorySampler;

typedef enum SampleStatus
{
	SAMPLE_DRAWN,
	SAMPLE_NO_ROOM,				/* the arena is too small */
	SAMPLE_UNORDERED,			/* not by a thread, or a seed stands there twice: neighbor_sample() is to do it */
	SAMPLE_STOPPED				/* as parallel_stopping() said */
} SampleStatus;

extern MemorySampler *memory_sampler_create(GraphStore *store, const Graph *graph, int node_type);
extern SampleStatus memory_sample(MemorySampler *sampler, Arena *arena, const int32 *seeds, int64 nseeds,
								  const SampleOptions *options, bool in_thread, Sample **result);

#endif							/* SAGE_MEMORY_SAMPLE_H */
