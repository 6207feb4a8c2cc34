/*
 * store_nodes.c
 *		Rows as they are read become nodes with numbers, and edges' rows reach
 *		their reader.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/memory.h"
#include "store/store_internal.h"

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

/* For messages: a node's row is told by its key. */
static char *
node_row_text(const NodeType *type, Datum key)
{
	return psprintf("\"%s\" = %s", type->key_column, key_text(type->key_kind, key));
}

/* A row that is being read. */
typedef struct NodeRow
{
	const NodeType *type;
	Datum		key;
} NodeRow;

static void
node_row_context(void *arg)
{
	NodeRow    *row = arg;

	errcontext("row of %s with %s", row->type->table, node_row_text(row->type, row->key));
}

/* The same of an edge. */
typedef struct EdgeRow
{
	const EdgeType *edge;
	const EdgeColumns *columns;
	Datum	   *values;
} EdgeRow;

static void
edge_row_context(void *arg)
{
	EdgeRow    *row = arg;

	errcontext("row of %s with %s", row->edge->table, edge_row_text(row->columns, row->values));
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
	NodeRow		row = {type, values[0]};
	ErrorContextCallback callback = {error_context_stack, node_row_context, &row};
	int32		node;

	if (nulls[0] || (nodes->asked != NULL && idmap_find(nodes->asked, values[0]) < 0))
		return;
	if (!nulls[1] && graph_time_is_beyond(DatumGetTimestampTz(values[1]), type->time_typeid))
		graph_time_out_of_range(type->table, type->time_column, type->time_typeid, node_row_text(type, values[0]));
	node = nodes_number(nodes, values[0], nulls[1] ? DT_NOEND : DatumGetTimestampTz(values[1]));
	if (node < 0)
		nodes_not_unique(type);
	nodes->null_times += nulls[1] && type->time_column != NULL;
	if (nodes->reader.row == NULL)
		return;
	error_context_stack = &callback;
	nodes->reader.row(nodes->reader.arg, node, values + 2, nulls + 2);
	error_context_stack = callback.previous;
}

/*
 * Reads the rows of some keys, none of which has a number yet.  Keys that
 * have no row do not get one.
 */
static void
store_fetch_nodes(GraphStore *store, int type, const IdMap *asked)
{
	int32		n = idmap_count(asked);
	Datum	   *keys = memory_alloc(n, sizeof(Datum));

	for (int32 i = 0; i < n; i++)
		keys[i] = idmap_key(asked, i);
	store->nodes[type].asked = asked;
	store_query_nodes(store, type, keys, n, nodes_row, &store->nodes[type]);
	store->nodes[type].asked = NULL;
	pfree(keys);
}

/* All rows of a type.  by_key: in the order of their keys. */
void
store_read_nodes(GraphStore *store, int type, bool by_key)
{
	const NodeType *node_type = &store->graph->node_types[type];
	StoreNodes *nodes = &store->nodes[type];
	const char *sql = store_node_sql(store, type);

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
	EdgeRow		row = {&store->graph->edge_types[edge_type], columns, values};
	ErrorContextCallback callback = {error_context_stack, edge_row_context, &row};

	*hash = 0;
	if (edges->reader.row == NULL)
		return -1;
	if (edges->count == PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("edge type \"%s\" with features has more than %d rows",
						store->graph->edge_types[edge_type].name, PG_INT32_MAX)));
	error_context_stack = &callback;
	edges->reader.row(edges->reader.arg, edges->count, values + columns->features, nulls + columns->features);
	error_context_stack = callback.previous;
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
