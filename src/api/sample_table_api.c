/*
 * sample_table_api.c
 *		sage_sample_nodes, sage_sample_edges and sage_sample_negatives: samples
 *		of whole tables.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "api/arguments.h"
#include "api/sample_call.h"
#include "base/memory.h"
#include "base/random.h"
#include "graph/graph_check.h"
#include "graph/graph_column.h"
#include "sage.h"
#include "sample/epoch.h"
#include "sample/fanout.h"
#include "sample/negative.h"
#include "sample/walk.h"

SAGE_FUNCTION(sage_sample_nodes);
SAGE_FUNCTION(sage_sample_edges);
SAGE_FUNCTION(sage_sample_negatives);

/* More rows than this are not drawn. */
#define DRAWN_MAX	INT64CONST(100000000)

/* ------------------------------------------------------------------------
 * Nodes and edges
 * ------------------------------------------------------------------------
 */

/* Arguments 2 to 6 of both. */
typedef struct EpochCall
{
	int64		wanted;			/* -1: all */
	EpochStrategy strategy;
	int			batch_size;
	TimestampTz at;
	int64		seed;
} EpochCall;

static EpochCall
read_epoch(SampleCall *call)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	EpochCall	epoch;

	epoch.wanted = PG_ARGISNULL(2) ? -1 : PG_GETARG_INT64(2);
	if (!PG_ARGISNULL(2) && (epoch.wanted < 0 || epoch.wanted > DRAWN_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be a number from 0 to %lld", (long long) DRAWN_MAX),
				 errhint("Leave it out for all.")));
	epoch.strategy = sample_choice(call, 3, "strategy", epoch_strategy_names);
	require_arg(fcinfo, 4, "batch_size");
	epoch.batch_size = PG_GETARG_INT32(4);
	if (epoch.batch_size < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch_size must be at least 1")));
	epoch.at = sample_at(call, 5);
	epoch.seed = sample_seed(call, 6);
	return epoch;
}

static bool
seen_at(TimestampTz time, TimestampTz at)
{
	return at == STORE_ALWAYS || time < at;
}

static void
nodes_body(SampleCall *call)
{
	EpochCall	epoch = read_epoch(call);
	int			type = sample_node_type(call, 1);
	int32	   *nodes;
	uint64	   *hashes;
	EpochDraw	draw;
	int64		n = 0;

	if (type < 0)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("graph \"%s\" has %d node types, and none is named", call->graph->name, call->graph->nnode_types),
				 errhint("Give node_type =>; see the view sage.node_types.")));
	sample_open(call, ORDER_UNIFORM, epoch.seed, NULL, NULL, NULL);
	store_read_nodes(call->store, type, true);
	nodes = memory_alloc(store_node_count(call->store, type), sizeof(int32));
	hashes = memory_alloc(store_node_count(call->store, type), sizeof(uint64));
	for (int32 i = 0; i < store_node_count(call->store, type); i++)
	{
		if (!seen_at(store_node_time(call->store, type, i), epoch.at))
			continue;
		hashes[n] = store_node_hash(call->store, type, i);
		nodes[n++] = i;
	}
	draw = epoch_draw(epoch.strategy, hashes, n, epoch.wanted, epoch.seed);
	MemoryContextSwitchTo(call->row);
	for (int64 i = 0; i < draw.count; i++)
	{
		Datum		values[2] = {Int64GetDatum(i / epoch.batch_size + 1), sample_key(call, type, nodes[epoch_index(&draw, i)])};
		bool		nulls[2] = {false, false};

		sample_put(call, values, nulls);
	}
}

/* sage_sample_nodes(graph, node_type, n, strategy, batch_size, at, seed) -> (batch, node) */
Datum
sage_sample_nodes(PG_FUNCTION_ARGS)
{
	return sample_call(fcinfo, nodes_body);
}

/* The edge type that is named, or the only one. */
static int
read_edge_type(SampleCall *call, int index)
{
	char	   *name = arg_text(call->fcinfo, index);
	const bool *relations = walk_relations(call->graph, name);

	if (name == NULL && call->graph->nedge_types != 1)
		ereport(ERROR,
				(errcode(call->graph->nedge_types == 0 ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE : ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("graph \"%s\" has %d edge types, and none is named", call->graph->name, call->graph->nedge_types),
				 errhint("Give edge_type =>; see the view sage.edge_types.")));
	for (int r = 0; r < call->graph->nrelations; r++)
	{
		if (relations[r])
			return call->graph->relations[r].edge_type;
	}
	return 0;
}

/* Both ends of an edge type, numbered in the order of their keys. */
static void
read_ends(SampleCall *call, const EdgeType *edge)
{
	store_read_nodes(call->store, edge->source_type, true);
	if (edge->target_type != edge->source_type)
		store_read_nodes(call->store, edge->target_type, true);
}

/* Takes out what is not seen at a time: the edge, or one of its ends. */
static void
edges_seen_at(SampleCall *call, const EdgeType *type, EdgeList *edges, TimestampTz at)
{
	int64		kept = 0;

	for (int64 i = 0; i < edges->count; i++)
	{
		if ((edges->times != NULL && !seen_at(edges->times[i], at)) ||
			!seen_at(store_node_time(call->store, type->source_type, edges->source[i]), at) ||
			!seen_at(store_node_time(call->store, type->target_type, edges->target[i]), at))
			continue;
		edges->source[kept] = edges->source[i];
		edges->target[kept] = edges->target[i];
		if (edges->times != NULL)
			edges->times[kept] = edges->times[i];
		if (edges->weights != NULL)
			edges->weights[kept] = edges->weights[i];
		kept++;
	}
	edges->count = kept;
}

static void
edges_body(SampleCall *call)
{
	EpochCall	epoch = read_epoch(call);
	const EdgeType *type = &call->graph->edge_types[read_edge_type(call, 1)];
	EdgeList	edges;
	uint64	   *hashes;
	EpochDraw	draw;

	sample_open(call, ORDER_UNIFORM, epoch.seed, NULL, NULL, NULL);
	read_ends(call, type);
	edges = store_read_edges(call->store, (int) (type - call->graph->edge_types));
	edges_seen_at(call, type, &edges, epoch.at);
	hashes = epoch_sort_edges(call->store, type->source_type, type->target_type, &edges);
	draw = epoch_draw(epoch.strategy, hashes, edges.count, epoch.wanted, epoch.seed);
	MemoryContextSwitchTo(call->row);
	for (int64 i = 0; i < draw.count; i++)
	{
		int64		e = epoch_index(&draw, i);
		bool		nulls[5] = {false, false, false, edges.weights == NULL, edges.times == NULL};
		Datum		values[5] = {
			Int64GetDatum(i / epoch.batch_size + 1), sample_key(call, type->source_type, edges.source[e]),
			sample_key(call, type->target_type, edges.target[e]),
			edges.weights != NULL ? Float8GetDatum(edges.weights[e]) : 0, 0
		};

		if (edges.times != NULL)
			values[4] = sample_time(edges.times[e], &nulls[4]);
		sample_put(call, values, nulls);
	}
}

/* sage_sample_edges(graph, edge_type, n, strategy, batch_size, at, seed) -> (batch, source, target, weight, time) */
Datum
sage_sample_edges(PG_FUNCTION_ARGS)
{
	return sample_call(fcinfo, edges_body);
}

/* ------------------------------------------------------------------------
 * Negatives
 * ------------------------------------------------------------------------
 */

/* What is read of each candidate beside its key: a weight, if one is named, and columns to be shared. */
typedef struct CandidateRows
{
	bool		weighted;
	double	   *weights;
	int64		capacity;
	int			nshares;
	NegativeShare *shares;
	IdMap	  **words;			/* [nshares] the values as texts */
} CandidateRows;

/* A reader of target nodes: (weight, columns). */
static void
candidate_row(void *arg, int32 node, Datum *values, bool *nulls)
{
	CandidateRows *rows = arg;
	int			at = 0;

	if (node >= rows->capacity)
	{
		rows->capacity = Max(2 * rows->capacity, node + 1);
		rows->weights = memory_grow(rows->weights, rows->capacity, sizeof(double));
		for (int i = 0; i < rows->nshares; i++)
			rows->shares[i].values = memory_grow(rows->shares[i].values, rows->capacity, sizeof(int32));
	}
	rows->weights[node] = 1;
	if (rows->weighted)
	{
		rows->weights[node] = nulls[0] ? 0 : DatumGetFloat8(values[0]);
		if (!(rows->weights[node] >= 0) || isinf(rows->weights[node]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("column named by weight_column has a value that is negative or not finite")));
		at = 1;
	}
	for (int i = 0; i < rows->nshares; i++)
	{
		bool		found;

		rows->shares[i].values[node] = nulls[at + i] ? -1 : idmap_insert(rows->words[i], values[at + i], &found);
		if (!nulls[at + i] && found)
			rows->shares[i].values[node] = idmap_find(rows->words[i], values[at + i]);
	}
}

/* {"column": share, ...} */
static void
read_shares(SampleCall *call, int index, const NodeType *type, CandidateRows *rows)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Jsonb	   *object;
	JsonbIterator *it;
	JsonbValue	key,
				value;
	JsonbIteratorToken token;
	double		sum = 0;

	if (PG_ARGISNULL(index))
		return;
	object = PG_GETARG_JSONB_P(index);
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("share must be an object of columns and shares"),
				 errhint("For example: {\"category\": 0.5}.")));
	rows->shares = palloc0(Max(JB_ROOT_COUNT(object), 1) * sizeof(NegativeShare));
	rows->words = palloc0(Max(JB_ROOT_COUNT(object), 1) * sizeof(IdMap *));
	it = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		NegativeShare *share = &rows->shares[rows->nshares];

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		share->column = pnstrdup(key.val.string.val, key.val.string.len);
		graph_check_columns(type->relid, list_make1(share->column));
		share->share = value.type != jbvNumeric ? -1 :
			DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
		sum += share->share;
		if (!(share->share >= 0 && sum <= 1 + 1e-9))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("shares must be numbers of at least 0 that add up to at most 1")));
		rows->words[rows->nshares++] = idmap_create(KEY_TEXT, 0, CurrentMemoryContext);
	}
}

/* The store, with the candidates' columns as its reader gets them. */
static void
open_candidates(SampleCall *call, int target_type, const char *weight_column, CandidateRows *rows, uint64 seed)
{
	int			ntables = graph_table_count(call->graph);
	const char **columns = palloc(ntables * sizeof(char *));
	NodeReader *readers = palloc0(ntables * sizeof(NodeReader));
	StringInfoData list;

	initStringInfo(&list);
	if (rows->weighted)
		appendStringInfo(&list, ", %s::pg_catalog.float8", quote_identifier(weight_column));
	for (int i = 0; i < rows->nshares; i++)
		appendStringInfo(&list, ", %s::pg_catalog.text", quote_identifier(rows->shares[i].column));
	for (int t = 0; t < ntables; t++)
		columns[t] = t == target_type ? list.data : "";
	readers[target_type].row = candidate_row;
	readers[target_type].arg = rows;
	rows->capacity = 64;
	rows->weights = memory_alloc(rows->capacity, sizeof(double));
	for (int i = 0; i < rows->nshares; i++)
		rows->shares[i].values = memory_alloc(rows->capacity, sizeof(int32));
	sample_open(call, ORDER_UNIFORM, seed, NULL, columns, readers);
}

/* What is to be drawn: arguments 1 to 9. */
typedef struct NegativeCall
{
	int			relation;		/* from sources to targets */
	int			source_type;
	int			target_type;
	int			k;
	NegativeStrategy strategy;
	char	   *weight_column;
	TimestampTz at;
	int64		seed;
	CandidateRows rows;
} NegativeCall;

static NegativeCall
read_negatives(SampleCall *call)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	NegativeCall a = {.relation = -1};
	int			edge_type = read_edge_type(call, 1);
	const EdgeType *edge = &call->graph->edge_types[edge_type];

	for (int r = call->graph->nrelations - 1; r >= 0; r--)
	{
		if (call->graph->relations[r].edge_type == edge_type && call->graph->relations[r].forward)
			a.relation = r;
	}
	a.source_type = edge->source_type;
	a.target_type = edge->target_type;
	require_arg(fcinfo, 3, "k");
	a.k = PG_GETARG_INT32(3);
	if (a.k < 0 || a.k > FANOUT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be a whole number from 0 to %d", FANOUT_MAX)));
	a.strategy = sample_choice(call, 4, "strategy", negative_strategy_names);
	a.weight_column = arg_text(fcinfo, 5);
	if ((a.weight_column != NULL) != (a.strategy == NEGATIVE_WEIGHT))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight_column is for strategy \"weight\", and needed there")));
	if (a.weight_column != NULL)
		graph_check_columns(call->graph->node_types[a.target_type].relid, list_make1(a.weight_column));
	a.rows.weighted = a.weight_column != NULL;
	read_shares(call, 7, &call->graph->node_types[a.target_type], &a.rows);
	if (a.rows.nshares > 0 && PG_ARGISNULL(6))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("share needs positives to share with"),
				 errhint("Give positives =>, one for each node.")));
	a.at = sample_at(call, 8);
	a.seed = sample_seed(call, 9);
	return a;
}

/* All that can be drawn, with weights by the strategy. */
static Negatives *
create_negatives(SampleCall *call, NegativeCall *a)
{
	int32		n = store_node_count(call->store, a->target_type);
	bool	   *visible = memory_alloc(n, sizeof(bool));
	uint64	   *hashes = memory_alloc(n, sizeof(uint64));

	for (int32 i = 0; i < n; i++)
	{
		visible[i] = seen_at(store_node_time(call->store, a->target_type, i), a->at);
		hashes[i] = store_node_hash(call->store, a->target_type, i);
	}
	if (a->strategy == NEGATIVE_DEGREE)
	{
		int64	   *degrees = store_degrees(call->store, a->relation, NULL, 0, a->at, false);

		for (int32 i = 0; i < n; i++)
			a->rows.weights[i] = (double) degrees[i];
		pfree(degrees);
	}
	for (int i = 0; i < a->rows.nshares; i++)
		a->rows.shares[i].nvalues = idmap_count(a->rows.words[i]);
	return negatives_create(visible, a->rows.weights, hashes, n, a->rows.shares, a->rows.nshares);
}

/* Draws for one source, and shows it. */
static void
draw_for(SampleCall *call, const NegativeCall *a, Negatives *negatives, int32 source, int32 positive, uint64 turn,
		 Negative *drawn)
{
	NeighborPick pick = {.count = -1};
	NeighborList list;
	uint64		seed = random_hash(random_hash(a->seed, store_node_hash(call->store, a->source_type, source)), turn);
	int32	   *excluded;
	int64		nexcluded;
	int			n;

	store_neighbors(call->store, a->relation, &source, a->at != STORE_ALWAYS ? &a->at : NULL, 1, &pick, &list);
	nexcluded = list.offsets[1];
	excluded = memory_alloc(nexcluded + 2, sizeof(int32));
	memcpy(excluded, list.nodes, nexcluded * sizeof(int32));
	if (a->source_type == a->target_type)
		excluded[nexcluded++] = source;
	if (positive >= 0)
		excluded[nexcluded++] = positive;
	n = negatives_draw(negatives, excluded, nexcluded, positive, a->k, seed, drawn);
	MemoryContextSwitchTo(call->row);
	for (int i = 0; i < n; i++)
	{
		bool		nulls[4] = {false, positive < 0, false, drawn[i].shared < 0};
		Datum		values[4] = {
			sample_key(call, a->source_type, source), positive < 0 ? 0 : sample_key(call, a->target_type, positive),
			sample_key(call, a->target_type, drawn[i].node),
			drawn[i].shared < 0 ? 0 : CStringGetTextDatum(a->rows.shares[drawn[i].shared].column)
		};

		sample_put(call, values, nulls);
	}
}

static void
negatives_body(SampleCall *call)
{
	NegativeCall a = read_negatives(call);
	int			n,
				npositives = -1;
	Datum	   *sources = sample_keys(call, 2, "nodes", a.source_type, &n);
	Datum	   *positives = NULL;
	Negatives  *negatives;
	Negative   *drawn;
	MemoryContext cxt;
	FunctionCallInfo fcinfo = call->fcinfo;

	if (!PG_ARGISNULL(6))
		positives = sample_keys(call, 6, "positives", a.target_type, &npositives);
	if (npositives >= 0 && npositives != n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d nodes, but %d positives", n, npositives)));
	if ((double) n * a.k > DRAWN_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("up to %.0f negatives are asked for", (double) n * a.k),
				 errhint("Ask for fewer with k, or for fewer nodes at a time.")));
	open_candidates(call, a.target_type, a.weight_column, &a.rows, a.seed);
	store_read_nodes(call->store, a.target_type, true);
	negatives = create_negatives(call, &a);
	drawn = memory_alloc(a.k, sizeof(Negative));
	cxt = AllocSetContextCreate(CurrentMemoryContext, "sage source", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(cxt);
		int32		source,
					positive = -1;

		CHECK_FOR_INTERRUPTS();
		store_find(call->store, a.source_type, &sources[i], 1, &source);
		if (positives != NULL)
			store_find(call->store, a.target_type, &positives[i], 1, &positive);
		if (source >= 0)
			draw_for(call, &a, negatives, source, positive, positives != NULL ? (uint64) positive + 1 : 0, drawn);
		MemoryContextSwitchTo(old);
		MemoryContextReset(cxt);
	}
}

/*
 * sage_sample_negatives(graph, edge_type, nodes, k, strategy, weight_column, positives, share, at, seed)
 *		-> (node, positive, negative, shared)
 */
Datum
sage_sample_negatives(PG_FUNCTION_ARGS)
{
	return sample_call(fcinfo, negatives_body);
}
