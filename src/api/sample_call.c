/*
 * sample_call.c
 *		What the functions that sample on request have in common.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "api/arguments.h"
#include "api/sample_call.h"
#include "base/memory.h"
#include "base/options.h"
#include "graph/graph_column.h"

/* Runs a body in a memory context of its own, and closes what it has opened. */
Datum
sample_call(FunctionCallInfo fcinfo, SampleBody body)
{
	SampleCall	call = {.fcinfo = fcinfo, .result = (ReturnSetInfo *) fcinfo->resultinfo};
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "sage sample", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	char	   *graph = required_text(fcinfo, 0, "graph");

	InitMaterializedSRF(fcinfo, 0);
	call.row = AllocSetContextCreate(cxt, "sage row", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		call.graph = graph_load(graph);
		body(&call);
	}
	PG_FINALLY();
	{
		if (call.plans != NULL)
			store_plans_free(call.plans);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	return (Datum) 0;
}

/*
 * Opens the call's store: a live one, or one that has read the edges of the
 * relations marked in "resident".  columns and readers may be NULL: only keys
 * and times are read.
 */
void
sample_open(SampleCall *call, NeighborOrder order, uint64 seed, const bool *resident, const char *const *columns,
			const NodeReader *readers)
{
	int			ntables = Max(graph_table_count(call->graph), 1);

	if (columns == NULL)
	{
		const char **none = palloc(ntables * sizeof(char *));

		for (int t = 0; t < ntables; t++)
			none[t] = "";
		columns = none;
	}
	if (readers == NULL)
		readers = palloc0(ntables * sizeof(NodeReader));
	call->plans = store_plans_create(call->graph, columns, CurrentMemoryContext);
	call->store = resident == NULL ?
		store_open_live(call->graph, call->plans, readers, seed, order, CurrentMemoryContext) :
		store_open_resident(call->graph, call->plans, readers, seed, order, resident, false, CurrentMemoryContext);
}

/* One of some words, the last of which is followed by NULL. */
int
sample_choice(SampleCall *call, int index, const char *name, const char *const *choices)
{
	char	   *word = required_text(call->fcinfo, index, name);
	StringInfoData all;
	const char *nearest;
	int			n;

	initStringInfo(&all);
	for (n = 0; choices[n] != NULL; n++)
	{
		if (strcmp(choices[n], word) == 0)
			return n;
		appendStringInfo(&all, "%s%s", n > 0 ? ", " : "", choices[n]);
	}
	nearest = options_nearest(word, choices, n);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s: \"%s\"", name, word),
			 errdetail("Valid values are: %s.", all.data),
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
}

/* The node type that is named, or the only one; -1: none is named, and there are several. */
int
sample_node_type(SampleCall *call, int index)
{
	const Graph *graph = call->graph;
	char	   *name = arg_text(call->fcinfo, index);
	const char **names = palloc(Max(graph->nnode_types, 1) * sizeof(char *));
	const char *nearest;
	int			type;

	if (name == NULL)
		return graph->nnode_types == 1 ? 0 : -1;
	type = graph_find_node_type(graph, name);
	if (type >= 0)
		return type;
	for (int t = 0; t < graph->nnode_types; t++)
		names[t] = graph->node_types[t].name;
	nearest = options_nearest(name, names, graph->nnode_types);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("graph \"%s\" has no node type \"%s\"", graph->name, name),
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) :
			 errhint("See the view sage.node_types.")));
}

TimestampTz
sample_at(SampleCall *call, int index)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	return PG_ARGISNULL(index) ? STORE_ALWAYS : PG_GETARG_TIMESTAMPTZ(index);
}

int64
sample_seed(SampleCall *call, int index)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	require_arg(fcinfo, index, "seed");
	return PG_GETARG_INT64(index);
}

/*
 * An array of keys, bigint, text or uuid, as keys of a node type.  Texts are
 * read as what the type's keys are.
 */
Datum *
sample_keys(SampleCall *call, int index, const char *name, int node_type, int *n)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	const NodeType *type = &call->graph->node_types[node_type];
	ArrayType  *array;
	Datum	   *keys;
	bool	   *nulls;
	KeyKind		kind;
	int16		length;
	bool		by_value;
	char		align;

	require_arg(fcinfo, index, name);
	array = PG_GETARG_ARRAYTYPE_P(index);
	kind = ARR_ELEMTYPE(array) == INT8OID ? KEY_INT : ARR_ELEMTYPE(array) == UUIDOID ? KEY_UUID : KEY_TEXT;
	if (kind != KEY_TEXT && kind != type->key_kind)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("key of node type \"%s\" is %s, not %s", type->name,
						graph_key_kind_name(type->key_kind), graph_key_kind_name(kind)),
				 errhint("Cast argument \"%s\" to an array of the type of column \"%s\".", name, type->key_column)));
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &keys, &nulls, n);
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" must not contain null", name)));
		if (kind == KEY_TEXT)
			keys[i] = key_of_text(type->key_kind, keys[i]);
	}
	return keys;
}

/*
 * One more row of the result.  Whoever makes many has switched to call->row:
 * the rows themselves are held to work_mem, what they are made of is not.
 */
void
sample_put(SampleCall *call, Datum *values, bool *nulls)
{
	CHECK_FOR_INTERRUPTS();
	tuplestore_putvalues(call->result->setResult, call->result->setDesc, values, nulls);
	MemoryContextReset(call->row);
}

/* A node's key as text. */
Datum
sample_key(const SampleCall *call, int type, int32 node)
{
	return CStringGetTextDatum(key_text(call->graph->node_types[type].key_kind, store_node_key(call->store, type, node)));
}

/* A time to be shown: null if it is always or unknown. */
Datum
sample_time(TimestampTz time, bool *isnull)
{
	*isnull = TIMESTAMP_NOT_FINITE(time);
	return TimestampTzGetDatum(time);
}
