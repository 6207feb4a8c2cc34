/*
 * store.c
 *		What the live and the resident store have in common: the queries, and
 *		giving numbers to nodes as their rows are read.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/memory.h"
#include "store/store_internal.h"

struct StorePlans
{
	MemoryContext cxt;
	int			ntypes;
	int			nrelations;
	char	  **node_sql;		/* [ntypes] SELECT key, time, columns FROM table */
	char	  **edge_columns;	/* [nedge_types] the reader's, for a select list */
	PreparedQuery **nodes;		/* [ntypes] the same for a list of keys; NULL until used */
	PreparedQuery **neighbors;	/* [nrelations] NULL until used */
	bool	   *keep_all;		/* [nrelations] see store_keeps_all() */
};

bool
edge_has_time(const EdgeType *edge)
{
	return edge->time_column != NULL;
}

/*
 * Whether each row is a neighbor of its own.  Without weights and features
 * the rows of one pair say the same, and are one.
 */
bool
edge_rows_count(const EdgeType *edge)
{
	return edge->weight_column != NULL || edge->features != NIL;
}

void
store_check_weight(float weight, const EdgeType *edge)
{
	if (!(weight >= 0) || isinf(weight))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight \"%s\" of %s has a value that is negative or not finite",
						edge->weight_column, edge->table),
				 errhint("Weights must be numbers of at least zero.")));
}

/* ------------------------------------------------------------------------
 * Plans
 * ------------------------------------------------------------------------
 */

StorePlans *
store_plans_create(const Graph *graph, const char *const *columns, MemoryContext parent)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "sage store plans", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	StorePlans *plans = palloc0(sizeof(StorePlans));

	plans->cxt = cxt;
	plans->ntypes = graph->nnode_types;
	plans->nrelations = graph->nrelations;
	plans->nodes = palloc0(Max(plans->ntypes, 1) * sizeof(PreparedQuery *));
	plans->neighbors = palloc0(Max(plans->nrelations, 1) * sizeof(PreparedQuery *));
	plans->keep_all = palloc0(Max(plans->nrelations, 1) * sizeof(bool));
	plans->node_sql = palloc0(Max(plans->ntypes, 1) * sizeof(char *));
	for (int i = 0; i < graph->nnode_types; i++)
	{
		const NodeType *type = &graph->node_types[i];

		plans->node_sql[i] = psprintf("SELECT %s, %s%s FROM %s",
									  graph_node_key(type),
									  type->time_column == NULL ? "NULL::pg_catalog.timestamptz" :
									  graph_time_expression(type->time_column, type->time_typeid),
									  columns[i], type->table);
	}
	plans->edge_columns = palloc0(Max(graph->nedge_types, 1) * sizeof(char *));
	for (int e = 0; e < graph->nedge_types; e++)
		plans->edge_columns[e] = pstrdup(columns[graph_edge_table(graph, e)]);
	MemoryContextSwitchTo(old);
	return plans;
}

void
store_plans_free(StorePlans *plans)
{
	for (int i = 0; i < plans->ntypes; i++)
	{
		if (plans->nodes[i] != NULL)
			query_free(plans->nodes[i]);
	}
	for (int i = 0; i < plans->nrelations; i++)
	{
		if (plans->neighbors[i] != NULL)
			query_free(plans->neighbors[i]);
	}
	MemoryContextDelete(plans->cxt);
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/*
 * Integers of one type are taken as they are, so that an index-only scan need
 * not compute anything; all else is cast to the type of keys.  (The cast to
 * the type found is no node in the plan, but keeps a table that was swapped
 * under a prepared query from being read as what it is not.)
 */
EdgeColumns
edge_columns(const EdgeType *edge)
{
	EdgeColumns columns = {InvalidOid, -1, -1, -1};
	int			place = 2;

	if (edge->source.count == 1 && edge->target.count == 1 &&
		is_integer(edge->source.typeids[0]) && edge->source.typeids[0] == edge->target.typeids[0])
		columns.end_type = edge->source.typeids[0];
	if (edge->time_column != NULL)
		columns.time = place++;
	if (edge->weight_column != NULL)
		columns.weight = place++;
	columns.features = place;
	return columns;
}

static char *
as_integer(const char *column, Oid type)
{
	return psprintf("%s::pg_catalog.int%d", quote_identifier(column), type == INT2OID ? 2 : type == INT4OID ? 4 : 8);
}

/* Source and target (or, backward, target and source), time, weight. */
char *
edge_select_list(const Graph *graph, const EdgeType *edge, bool forward)
{
	Oid			raw = edge_columns(edge).end_type;
	const char *source = OidIsValid(raw) ? as_integer(edge->source.names[0], raw) :
		key_columns_expression(&edge->source, &graph->node_types[edge->source_type].key);
	const char *target = OidIsValid(raw) ? as_integer(edge->target.names[0], raw) :
		key_columns_expression(&edge->target, &graph->node_types[edge->target_type].key);

	return psprintf("%s, %s%s%s", forward ? source : target, forward ? target : source,
					edge->time_column == NULL ? "" :
					psprintf(", %s", graph_time_expression(edge->time_column, edge->time_typeid)),
					edge->weight_column == NULL ? "" :
					psprintf(", %s::pg_catalog.float4", quote_identifier(edge->weight_column)));
}

/* What is selected of an edge table for its reader. */
const char *
store_edge_columns(const GraphStore *store, int edge_type)
{
	return store->plans->edge_columns[edge_type];
}

/* The edges of a list of nodes, one direction. */
static void
append_neighbor_select(StringInfo sql, const GraphStore *store, const GraphRelation *relation, bool forward)
{
	const Graph *graph = store->graph;
	const EdgeType *edge = &graph->edge_types[relation->edge_type];

	appendStringInfo(sql, "SELECT %s%s FROM %s WHERE %s", edge_select_list(graph, edge, forward),
					 store_edge_columns(store, relation->edge_type), edge->from,
					 forward ? key_columns_match(&edge->source, &graph->node_types[edge->source_type].key) :
					 key_columns_match(&edge->target, &graph->node_types[edge->target_type].key));
}

PreparedQuery *
store_neighbor_query(GraphStore *store, int relation)
{
	StorePlans *plans = store->plans;
	const GraphRelation *rel = &store->graph->relations[relation];

	if (plans->neighbors[relation] == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(plans->cxt);
		Oid			array_type = key_array_type(store->graph->node_types[rel->dst_type].key_kind);
		StringInfoData sql;

		initStringInfo(&sql);
		if (rel->forward)
			append_neighbor_select(&sql, store, rel, true);
		if (rel->forward && rel->backward)
			appendStringInfoString(&sql, " UNION ALL ");
		if (rel->backward)
			append_neighbor_select(&sql, store, rel, false);
		plans->neighbors[relation] = query_prepare(sql.data, 1, &array_type);
		MemoryContextSwitchTo(old);
	}
	return plans->neighbors[relation];
}

/*
 * Whether a live store has to keep all the neighbors that it finds, because
 * too many of the first ones had no row; known as long as the plans.
 */
bool
store_keeps_all(const GraphStore *store, int relation)
{
	return store->plans->keep_all[relation];
}

void
store_set_keep_all(GraphStore *store, int relation)
{
	store->plans->keep_all[relation] = true;
}

/* ------------------------------------------------------------------------
 * Nodes
 * ------------------------------------------------------------------------
 */

GraphStore *
store_create(const Graph *graph, StorePlans *plans, const NodeReader *readers, uint64 seed, NeighborOrder order,
			 MemoryContext parent, const char *name)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "sage store", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	GraphStore *store = palloc0(sizeof(GraphStore));

	MemoryContextSetIdentifier(cxt, name);
	store->graph = graph;
	store->plans = plans;
	store->cxt = cxt;
	store->seed = seed;
	store->nodes = palloc0(Max(graph->nnode_types, 1) * sizeof(StoreNodes));
	store->counts = palloc0(Max(graph->nrelations, 1) * sizeof(StoreCounts));
	store->orders = palloc(Max(graph->nrelations, 1) * sizeof(NeighborOrder));
	for (int r = 0; r < graph->nrelations; r++)
		store->orders[r] = relation_order(graph, r, order);
	for (int i = 0; i < graph->nnode_types; i++)
	{
		store->nodes[i].store = store;
		store->nodes[i].type = i;
		store->nodes[i].reader = readers[i];
		store->nodes[i].map = idmap_create(graph->node_types[i].key_kind, 0, cxt);
	}
	store->edges = palloc0(Max(graph->nedge_types, 1) * sizeof(StoreEdges));
	for (int e = 0; e < graph->nedge_types; e++)
		store->edges[e].reader = readers[graph_edge_table(graph, e)];
	MemoryContextSwitchTo(old);
	return store;
}

void
store_close(GraphStore *store)
{
	MemoryContextDelete(store->cxt);
}

/* The numbers of a type's nodes, by key, which belong to parent from now on. */
IdMap *
store_take_nodes(GraphStore *store, int type, MemoryContext parent)
{
	idmap_move(store->nodes[type].map, parent);
	return store->nodes[type].map;
}

static int32
nodes_number(StoreNodes *nodes, Datum key, TimestampTz time)
{
	bool		found = false;
	int32		node = nodes->appending ? idmap_append(nodes->map, key) : idmap_insert(nodes->map, key, &found);

	if (found)
		return -1;
	if (nodes->store->graph->node_types[nodes->type].time_column != NULL)
	{
		if (nodes->times == NULL)
		{
			nodes->times_capacity = 1024;
			nodes->times = MemoryContextAlloc(nodes->store->cxt, nodes->times_capacity * sizeof(TimestampTz));
		}
		if (node == nodes->times_capacity)
		{
			nodes->times = memory_grow_table(nodes->times, node, 2 * nodes->times_capacity, sizeof(TimestampTz));
			nodes->times_capacity *= 2;
		}
		nodes->times[node] = time;
	}
	return node;
}

SAGE_NORETURN static void
nodes_not_unique(const NodeType *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("node key \"%s\" of %s is not unique", type->key_column, type->table),
			 errhint("Each node must be one row; choose a unique column as key.")));
}

/*
 * A row arrives: (key, time, columns).  A row without a key is no node; a row
 * without a time is never visible to a seed that has one.  A collation may
 * hold keys for equal that are not the same, so that rows come which were not
 * asked for.
 */
static void
nodes_row(void *arg, Datum *values, bool *nulls)
{
	StoreNodes *nodes = arg;
	const NodeType *type = &nodes->store->graph->node_types[nodes->type];
	int32		node;

	if (nulls[0] || (nodes->asked != NULL && idmap_find(nodes->asked, values[0]) < 0))
		return;
	node = nodes_number(nodes, values[0], nulls[1] ? DT_NOEND : DatumGetTimestampTz(values[1]));
	if (node < 0)
		nodes_not_unique(type);
	nodes->null_times += nulls[1] && type->time_column != NULL;
	if (nodes->reader.row != NULL)
		nodes->reader.row(nodes->reader.arg, node, values + 2, nulls + 2);
}

/*
 * Reads the rows of some keys, none of which has a number yet.  Keys that
 * have no row do not get one.
 */
static void
store_fetch_nodes(GraphStore *store, int type, const IdMap *asked)
{
	StorePlans *plans = store->plans;
	const NodeType *node_type = &store->graph->node_types[type];
	int32		n = idmap_count(asked);
	Datum	   *keys = memory_alloc(n, sizeof(Datum));
	Datum		array;

	if (plans->nodes[type] == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(plans->cxt);
		Oid			array_type = key_array_type(node_type->key_kind);
		char	   *sql = psprintf("%s WHERE %s", plans->node_sql[type],
								   key_columns_match(&node_type->key, &node_type->key));

		plans->nodes[type] = query_prepare(sql, 1, &array_type);
		MemoryContextSwitchTo(old);
	}
	for (int32 i = 0; i < n; i++)
		keys[i] = idmap_key(asked, i);
	array = key_array(node_type->key_kind, keys, n);
	store->nodes[type].asked = asked;
	query_run(plans->nodes[type], &array, NULL, nodes_row, &store->nodes[type]);
	store->nodes[type].asked = NULL;
	pfree(DatumGetPointer(array));
	pfree(keys);
}

/* All rows of a type.  by_key: in the order of their keys. */
void
store_read_nodes(GraphStore *store, int type, bool by_key)
{
	const NodeType *node_type = &store->graph->node_types[type];
	StoreNodes *nodes = &store->nodes[type];
	const char *sql = store->plans->node_sql[type];

	if (by_key)
		sql = psprintf("%s ORDER BY %s", sql, key_columns_order(&node_type->key));
	idmap_begin(nodes->map, Min(graph_estimate_rows(node_type->relid), ROWS_EXPECTED));
	nodes->appending = true;
	query_once(sql, 0, NULL, NULL, NULL, nodes_row, nodes);
	nodes->appending = false;
	if (nodes->reader.end != NULL)
		nodes->reader.end(nodes->reader.arg);
	if (idmap_complete(nodes->map) >= 0)
		nodes_not_unique(node_type);
}

/*
 * Only for a live store that does not know the key: a resident one has laid
 * out its lists already.
 */
int32
store_add_node(GraphStore *store, int type, Datum key, TimestampTz time)
{
	int32		node = nodes_number(&store->nodes[type], key, time);

	if (node < 0)
		nodes_not_unique(&store->graph->node_types[type]);
	return node;
}

/*
 * The numbers of some keys, reading rows that are not known yet; -1 for a key
 * that has no row.  Where all rows were read there is nothing to read, even if
 * another reading might find more (a view over a volatile function).
 */
void
store_find(GraphStore *store, int type, const Datum *keys, int64 n, int32 *nodes)
{
	IdMap	   *map = store->nodes[type].map;
	int64		nmissing = 0;
	IdMap	   *asked;
	bool		found;

	for (int64 i = 0; i < n; i++)
	{
		nodes[i] = idmap_find(map, keys[i]);
		nmissing += nodes[i] < 0;
	}
	if (nmissing == 0 || idmap_is_complete(map))
		return;

	/* ask for each missing key once */
	asked = idmap_create(store->graph->node_types[type].key_kind, nmissing, CurrentMemoryContext);
	for (int64 i = 0; i < n; i++)
	{
		if (nodes[i] < 0)
			idmap_insert(asked, keys[i], &found);
	}
	store_fetch_nodes(store, type, asked);
	idmap_free(asked);
	for (int64 i = 0; i < n; i++)
	{
		if (nodes[i] < 0)
			nodes[i] = idmap_find(map, keys[i]);
	}
}

/*
 * Gives an edge's row to its reader: its number, and *hash to tell it from
 * others of the same pair; -1 and 0 if nobody reads.
 */
int32
store_edge_row(GraphStore *store, int edge_type, const EdgeColumns *columns, Datum *values, bool *nulls, uint64 *hash)
{
	StoreEdges *edges = &store->edges[edge_type];

	*hash = 0;
	if (edges->reader.row == NULL)
		return -1;
	if (edges->count == PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("edge type \"%s\" with features has more than %d rows",
						store->graph->edge_types[edge_type].name, PG_INT32_MAX)));
	edges->reader.row(edges->reader.arg, edges->count, values + columns->features, nulls + columns->features);
	*hash = edges->reader.hash(edges->reader.arg, edges->count);
	return edges->count++;
}

int32
store_node_count(const GraphStore *store, int type)
{
	return idmap_count(store->nodes[type].map);
}

uint64
store_node_hash(const GraphStore *store, int type, int32 node)
{
	return idmap_hash(store->nodes[type].map, node);
}

TimestampTz
store_node_time(const GraphStore *store, int type, int32 node)
{
	return store->nodes[type].times != NULL ? store->nodes[type].times[node] : DT_NOBEGIN;
}

Datum
store_node_key(const GraphStore *store, int type, int32 node)
{
	return idmap_key(store->nodes[type].map, node);
}

/* The rows' times by node, until the next row is read; NULL: they have none. */
const TimestampTz *
store_node_times(const GraphStore *store, int type)
{
	return store->nodes[type].times;
}

/* Rows read that have no time though their type has. */
int64
store_null_times(const GraphStore *store, int type)
{
	return store->nodes[type].null_times;
}

const StoreCounts *
store_counts(const GraphStore *store, int relation)
{
	return &store->counts[relation];
}

/*
 * The picked neighbors of each destination, in the order's order.  times may
 * be NULL: no destination has a seed time.  The result is in
 * CurrentMemoryContext.
 */
void
store_neighbors(GraphStore *store, int relation, const int32 *dst, const TimestampTz *times, int64 ndst,
				const NeighborPick *pick, NeighborList *result)
{
	if (store->live != NULL)
		live_neighbors(store, relation, dst, times, ndst, pick, result);
	else
		resident_neighbors(store, relation, dst, times, ndst, pick, result);
}

int
neighbor_entry_compare(const NeighborEntry *x, const NeighborEntry *y)
{
	return neighbor_order(x->priority, y->priority, x->time, y->time, x->weight, y->weight);
}

#define ST_SORT neighbor_entries_sort
#define ST_ELEMENT_TYPE NeighborEntry
#define ST_COMPARE(a, b) neighbor_entry_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE
#define ST_DEFINE
#include "lib/sort_template.h"
