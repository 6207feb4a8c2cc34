/*
 * sample_call.h
 *		What the functions that sample on request have in common.
 */
#ifndef SAGE_SAMPLE_CALL_H
#define SAGE_SAMPLE_CALL_H

#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

#include "store/store.h"

/* One call, from its beginning to its end. */
typedef struct SampleCall
{
	FunctionCallInfo fcinfo;
	ReturnSetInfo *result;
	Graph	   *graph;			/* that argument 0 names */
	StorePlans *plans;			/* NULL: no store was opened */
	GraphStore *store;
	MemoryContext row;			/* of the row that is being made; sample_put() empties it */
} SampleCall;

typedef void (*SampleBody) (SampleCall *call);

extern Datum sample_call(FunctionCallInfo fcinfo, SampleBody body);
extern void sample_open(SampleCall *call, NeighborOrder order, uint64 seed, const bool *resident,
						const char *const *columns, const NodeReader *readers);

/* Arguments of many of them. */
extern int	sample_choice(SampleCall *call, int index, const char *name, const char *const *choices);
extern int	sample_node_type(SampleCall *call, int index);
extern TimestampTz sample_at(SampleCall *call, int index);
extern int64 sample_seed(SampleCall *call, int index);
extern Datum *sample_keys(SampleCall *call, int index, const char *name, int type, int *n);
extern void sample_put(SampleCall *call, Datum *values, bool *nulls);
extern Datum sample_key(const SampleCall *call, int type, int32 node);
extern Datum sample_time(TimestampTz time, bool *isnull);

#endif							/* SAGE_SAMPLE_CALL_H */
