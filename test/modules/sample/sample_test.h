/*
 * sample_test.h
 *		What the cases of the store and sampler tests share: a store that was
 *		opened for a graph, and the names of its nodes.
 */
#ifndef SAMPLE_TEST_H
#define SAMPLE_TEST_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "base/random.h"
#include "sample/fanout.h"
#include "store/store.h"

/* The names of one type's nodes, as its reader got them. */
typedef struct TestNames
{
	MemoryContext cxt;
	char	  **names;			/* [count]; NULL: was added, not read */
	int32		count;
	int32		capacity;
} TestNames;

typedef struct TestStore
{
	const Graph *graph;
	GraphStore *store;
	StorePlans *plans;
	TestNames  *names;			/* [node types] */
} TestStore;

/* Arrays of SQL arguments; n is -1 where the argument is NULL. */
typedef struct TestTexts
{
	int			n;
	char	  **values;
} TestTexts;

typedef struct TestTimes
{
	int			n;
	TimestampTz *values;
} TestTimes;

extern TestTexts test_texts(FunctionCallInfo fcinfo, int arg);
extern TestTimes test_times(FunctionCallInfo fcinfo, int arg);
extern char *test_text(FunctionCallInfo fcinfo, int arg);

extern TestStore *test_open(const Graph *graph, bool live, uint64 seed, NeighborOrder order);
extern Fanout *test_fanout(const Graph *graph, Jsonb *fanout, int nhops);
extern NeighborOrder test_order(FunctionCallInfo fcinfo, int arg);
extern void test_close(TestStore *test);
extern int	test_relation(const Graph *graph, const char *name);
extern int	test_node_type(const Graph *graph, const char *name);
extern Datum test_key(const Graph *graph, int type, const char *name);
extern TestTexts test_all_names(const Graph *graph, int type);
extern int32 *test_find(TestStore *test, int type, const TestTexts *names);
extern const char *test_name(const TestStore *test, int type, int32 node);

#endif							/* SAMPLE_TEST_H */
