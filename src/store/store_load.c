/*
 * store_load.c
 *		Reads whole tables into memory: nodes, then edges as adjacency lists.
 *
 * Each edge table is read once, whatever number of relations walk it.  The
 * lists are laid out by a counting sort over the destinations; their order
 * within a node is made later, on first use (store_resident.c).
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/memory.h"
#include "base/spill.h"
#include "store/store_resident.h"

/* Edges laid out between two looks for a cancel: some milliseconds. */
#define EDGES_AT_ONCE	(1 << 18)

/*
 * Edges ahead that counters, and places in the lists, are asked for: both are
 * met in random order.
 */
#define EDGES_AHEAD		32

/* Rows whose ends are looked up together, so that one need not wait for another. */
#define EDGES_PENDING	256

/* A row whose ends are not looked up yet. */
typedef struct PendingEdge
{
	Datum		source;
	Datum		target;
	TimestampTz time;
	float		weight;
	int32		row;
} PendingEdge;

/* The rows of one edge table, ends as node numbers. */
typedef struct EdgeRows
{
	const IdMap *source_map;
	const IdMap *target_map;
	bool		same_type;
	int64		count;
	int64		capacity;
	int32	   *source;
	int32	   *target;
	TimestampTz *times;			/* NULL: no time column */
	float	   *weights;		/* NULL: no weight column */
	int32	   *rows;			/* as the reader knows them; NULL: nobody reads them */
	uint64	   *row_hashes;		/* by that; outlives the rest */
	int64		hashes_capacity;
	GraphStore *store;
	int			edge_type;
	StoreCounts counts;
	const EdgeType *type;
	EdgeColumns columns;
	bool		by_value;		/* keys can be kept longer than their row */
	int			npending;
	PendingEdge pending[EDGES_PENDING];
} EdgeRows;

/* Room for all rows that are pending. */
static void
edge_rows_reserve(EdgeRows *rows)
{
	int64		old;

	if (rows->count + rows->npending <= rows->capacity)
		return;
	old = rows->capacity;
	rows->capacity = old * 2;
	rows->source = memory_grow_table(rows->source, old, rows->capacity, sizeof(int32));
	rows->target = memory_grow_table(rows->target, old, rows->capacity, sizeof(int32));
	if (rows->times != NULL)
		rows->times = memory_grow_table(rows->times, old, rows->capacity, sizeof(TimestampTz));
	if (rows->weights != NULL)
		rows->weights = memory_grow_table(rows->weights, old, rows->capacity, sizeof(float));
	if (rows->rows != NULL)
		rows->rows = memory_grow_table(rows->rows, old, rows->capacity, sizeof(int32));
}

/* Looks up the ends of the rows that are pending. */
static void
edge_rows_resolve(EdgeRows *rows)
{
	int32		source[EDGES_PENDING];
	int32		target[EDGES_PENDING];

	edge_rows_reserve(rows);
	for (int i = 0; i < rows->npending; i++)
	{
		source[i] = idmap_find(rows->source_map, rows->pending[i].source);
		target[i] = idmap_find(rows->target_map, rows->pending[i].target);
	}
	for (int i = 0; i < rows->npending; i++)
	{
		if (source[i] < 0 || target[i] < 0)
			rows->counts.dangling++;
		else if (rows->same_type && source[i] == target[i])
			rows->counts.loops++;
		else
		{
			rows->source[rows->count] = source[i];
			rows->target[rows->count] = target[i];
			if (rows->times != NULL)
				rows->times[rows->count] = rows->pending[i].time;
			if (rows->weights != NULL)
				rows->weights[rows->count] = rows->pending[i].weight;
			if (rows->rows != NULL)
				rows->rows[rows->count] = rows->pending[i].row;
			rows->count++;
		}
	}
	rows->npending = 0;
}

/* The row goes to its reader, whether or not both ends turn out to be nodes. */
static int32
edge_rows_encode(EdgeRows *rows, Datum *values, bool *nulls)
{
	uint64		hash;
	int32		row = store_edge_row(rows->store, rows->edge_type, &rows->columns, values, nulls, &hash);

	if (row == rows->hashes_capacity)
	{
		rows->row_hashes = memory_grow_table(rows->row_hashes, row, 2 * rows->hashes_capacity, sizeof(uint64));
		rows->hashes_capacity *= 2;
	}
	rows->row_hashes[row] = hash;
	return row;
}

/* A row arrives: (source, target), time and weight if any, the reader's columns. */
static void
edge_row(void *arg, Datum *values, bool *nulls)
{
	EdgeRows   *rows = arg;
	PendingEdge *edge;

	rows->counts.edges++;
	if (nulls[0] || nulls[1])
	{
		rows->counts.null_ends++;
		return;
	}
	edge = &rows->pending[rows->npending++];
	edge->source = key_of_type(values[0], rows->columns.end_type);
	edge->target = key_of_type(values[1], rows->columns.end_type);
	idmap_prefetch(rows->source_map, edge->source);
	idmap_prefetch(rows->target_map, edge->target);
	rows->counts.null_times += rows->columns.time >= 0 && nulls[rows->columns.time];
	if (rows->times != NULL)
		edge->time = edge_row_time(&rows->columns, rows->type, values, nulls);
	if (rows->weights != NULL)
		edge->weight = edge_row_weight(&rows->columns, rows->type, values, nulls);
	if (rows->rows != NULL)
		edge->row = edge_rows_encode(rows, values, nulls);
	if (!rows->by_value || rows->npending == EDGES_PENDING)
		edge_rows_resolve(rows);
}

/* All but row_hashes, which are the store's, are in CurrentMemoryContext. */
static void
edge_rows_read(EdgeRows *rows, GraphStore *store, int edge_type)
{
	const Graph *graph = store->graph;
	const EdgeType *type = &graph->edge_types[edge_type];
	const NodeReader *reader = &store->edges[edge_type].reader;
	char	   *sql = psprintf("SELECT %s%s FROM %s", edge_select_list(graph, type, true),
							   store_edge_columns(store, edge_type), type->from);

	memset(rows, 0, sizeof(EdgeRows));
	rows->store = store;
	rows->edge_type = edge_type;
	rows->type = type;
	rows->columns = edge_columns(graph, type, true);
	rows->source_map = store->nodes[type->source_type].map;
	rows->target_map = store->nodes[type->target_type].map;
	rows->same_type = type->source_type == type->target_type;
	rows->by_value = graph->node_types[type->source_type].key_kind == KEY_INT &&
		graph->node_types[type->target_type].key_kind == KEY_INT;
	rows->capacity = Min(Max(graph_estimate_rows(type->relid), 1024), ROWS_EXPECTED);
	rows->source = memory_alloc_table(rows->capacity, sizeof(int32));
	rows->target = memory_alloc_table(rows->capacity, sizeof(int32));
	if (type->time_column != NULL)
		rows->times = memory_alloc_table(rows->capacity, sizeof(TimestampTz));
	if (type->weight_column != NULL)
		rows->weights = memory_alloc_table(rows->capacity, sizeof(float));
	if (reader->row != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(store->cxt);

		rows->hashes_capacity = rows->capacity;
		rows->row_hashes = memory_alloc_table(rows->hashes_capacity, sizeof(uint64));
		MemoryContextSwitchTo(old);
		rows->rows = memory_alloc_table(rows->capacity, sizeof(int32));
	}
	query_once(sql, 0, NULL, NULL, NULL, edge_row, rows);
	edge_rows_resolve(rows);
	if (reader->end != NULL)
		reader->end(reader->arg);
}

/* Counters of an edge to come are asked for, and with "places" where they point to. */
static inline void
relation_prefetch(const ResidentRelation *rel, const int64 *next, const int32 *dst, int64 edge, int64 count, bool places)
{
	if (edge + 2 * EDGES_AHEAD >= count)
		return;
	__builtin_prefetch(&next[dst[edge + 2 * EDGES_AHEAD]], 1);
	if (places)
		__builtin_prefetch(&rel->neighbors[next[dst[edge + EDGES_AHEAD]]], 1);
}

/* Puts neighbor "src" into the list of "dst". */
static inline void
relation_put(ResidentRelation *rel, int64 *next, const EdgeRows *rows, int64 edge, int32 dst, int32 src)
{
	int64		at = next[dst]++;

	rel->neighbors[at] = src;
	if (rel->times != NULL)
		rel->times[at] = rows->times[edge];
	if (rel->weights != NULL)
		rel->weights[at] = rows->weights[edge];
	if (rel->rows != NULL)
		rel->rows[at] = rows->rows[edge];
}

/*
 * Lays out the adjacency lists of one relation from its edge table's rows.
 */
static void
relation_build(ResidentRelation *rel, const GraphRelation *def, const EdgeRows *rows, int64 nnodes, uint64 seed,
			   NeighborOrder order)
{
	int64	   *next = memory_alloc_table_zero(nnodes + 1, sizeof(int64));
	int64		total = 0;

	rel->nnodes = nnodes;
	rel->seed = store_relation_seed(seed, def);
	rel->offsets = memory_alloc_table(nnodes + 1, sizeof(int64));
	rel->lengths = memory_alloc_table(nnodes, sizeof(int32));
	rel->sorted = memory_alloc_table_zero(nnodes, sizeof(int32));

	for (int64 i = 0; i < rows->count; i++)
	{
		if (i % EDGES_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (def->forward)
		{
			relation_prefetch(rel, next, rows->source, i, rows->count, false);
			next[rows->source[i]]++;
		}
		if (def->backward)
		{
			relation_prefetch(rel, next, rows->target, i, rows->count, false);
			next[rows->target[i]]++;
		}
	}
	for (int64 i = 0; i < nnodes; i++)
	{
		int64		length = next[i];

		if (length > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a node has more than %d neighbors in relation \"%s\"", PG_INT32_MAX, def->name)));
		rel->lengths[i] = (int32) length;
		rel->offsets[i] = next[i] = total;
		total += length;
	}
	rel->offsets[nnodes] = total;

	rel->neighbors = memory_alloc_table(total, sizeof(int32));
	if (rows->times != NULL)
		rel->times = memory_alloc_table(total, sizeof(TimestampTz));
	if (rows->weights != NULL)
		rel->weights = memory_alloc_table(total, sizeof(float));
	if (rows->rows != NULL)
		rel->rows = memory_alloc_table(total, sizeof(int32));
	rel->row_hashes = rows->row_hashes;
	rel->each_row = edge_rows_count(rows->type);
	if (!rel->each_row && order != ORDER_UNIFORM)
		rel->newer = memory_alloc_table(total, sizeof(int32));
	for (int64 i = 0; i < rows->count; i++)
	{
		if (i % EDGES_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (def->forward)
		{
			relation_prefetch(rel, next, rows->source, i, rows->count, true);
			relation_put(rel, next, rows, i, rows->source[i], rows->target[i]);
		}
		if (def->backward)
		{
			relation_prefetch(rel, next, rows->target, i, rows->count, true);
			relation_put(rel, next, rows, i, rows->target[i], rows->source[i]);
		}
	}
	memory_free_table(next);
}

/*
 * Reads the edge tables of the wanted relations (NULL: of all).  The nodes
 * have been read.
 */
void
resident_load_edges(GraphStore *store, const bool *wanted)
{
	const Graph *graph = store->graph;
	MemoryContext scratch = AllocSetContextCreate(store->cxt, "sage edge rows", ALLOCSET_DEFAULT_SIZES);

	for (int e = 0; e < graph->nedge_types; e++)
	{
		EdgeRows	rows;
		bool		read = false;

		for (int r = 0; r < graph->nrelations; r++)
		{
			const GraphRelation *def = &graph->relations[r];

			if (def->edge_type != e || (wanted != NULL && !wanted[r]))
				continue;
			if (!read)
			{
				MemoryContext old = MemoryContextSwitchTo(scratch);

				edge_rows_read(&rows, store, e);
				MemoryContextSwitchTo(old);
				read = true;
			}
			relation_build(resident_relation(store, r), def, &rows,
						   idmap_count(store->nodes[def->dst_type].map), store->seed, store->orders[r]);
			store->counts[r] = rows.counts;
		}
		MemoryContextReset(scratch);
		spill_rest();
	}
	MemoryContextDelete(scratch);
}

/*
 * The edges of one table, between nodes that the store knows by now.  In
 * CurrentMemoryContext.
 */
EdgeList
store_read_edges(GraphStore *store, int edge_type)
{
	EdgeRows	rows;
	EdgeList	list;

	edge_rows_read(&rows, store, edge_type);
	list.count = rows.count;
	list.source = rows.source;
	list.target = rows.target;
	list.times = rows.times;
	list.weights = rows.weights;
	return list;
}

/*
 * How many of the lists' edges have a time that is "at" or later, where it is
 * known at all; *known: how many that is.  For a resident store.
 */
int64
store_edges_after(const GraphStore *store, int relation, TimestampTz at, int64 *known)
{
	const ResidentRelation *rel = resident_relation(store, relation);
	int64		after = 0;

	*known = 0;
	if (rel->times == NULL)
		return 0;
	for (int64 i = 0; i < rel->offsets[rel->nnodes]; i++)
	{
		if (i % EDGES_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		*known += rel->times[i] != DT_NOEND;
		after += rel->times[i] != DT_NOEND && rel->times[i] >= at;
	}
	return after;
}
