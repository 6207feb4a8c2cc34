/*
 * store_plan.c
 *		The queries of a store: what is selected of the tables, and how rows
 *		are found by key.
 *
 * A plain table is asked by one generic plan, "= ANY ($1)", for any number of
 * keys.  That form is never pruned, so that each partition of a partitioned
 * table would be searched for each key, and locked.  Where partitions are
 * told apart by the keys, a few at a time are asked for with a plan made for
 * these very keys, which touches and locks only their partitions; and many
 * keys by a join, whose inner side is pruned key by key.  Seed times bound
 * what is read of a partitioned edge table, as a condition on the time column
 * itself, by which partitions are pruned when the generic plan starts.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/memory.h"
#include "graph/graph_column.h"
#include "store/store_internal.h"

/* Keys that a partitioned table is asked for in one piece, and how many such pieces there may be. */
#define KEYS_A_PIECE	16
#define PIECES_MAX		8

/* How the rows of some keys are asked for. */
typedef enum KeyForm
{
	FORM_ANY,					/* all at once */
	FORM_PIECES,				/* KEYS_A_PIECE at a time, planned for them */
	FORM_JOIN					/* all at once, each looked for where it can be */
} KeyForm;

#define FORM_COUNT	(FORM_JOIN + 1)

/* One question in its forms; each is prepared when it is first needed. */
typedef struct KeyQuery
{
	PreparedQuery *forms[FORM_COUNT];
} KeyQuery;

typedef struct NeighborQuery
{
	KeyQuery	forms[2][2];	/* [within bounds][backward alone] */
} NeighborQuery;

struct StorePlans
{
	MemoryContext cxt;
	int			ntypes;
	int			nrelations;
	char	  **node_sql;		/* [ntypes] SELECT key, time, columns FROM table */
	char	  **edge_columns;	/* [nedge_types] the reader's, for a select list */
	KeyQuery   *nodes;			/* [ntypes] the same for a list of keys */
	NeighborQuery *neighbors;	/* [nrelations] */
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

/* For messages: an edge's row is told by its ends. */
char *
edge_row_text(const EdgeColumns *columns, Datum *values)
{
	return psprintf("ends %s and %s", key_text(columns->kinds[0], edge_row_end(columns, values[0])),
					key_text(columns->kinds[1], edge_row_end(columns, values[1])));
}

/*
 * A weight that is no normal number of type float4: one that is too small for
 * it is its smallest, so that it stays one; else an error.
 */
float
edge_weight_other(const EdgeColumns *columns, const EdgeType *edge, Datum *values, double weight)
{
	if (weight > 0 && weight < FLT_MIN)
		return FLT_MIN;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 isfinite(weight) && weight > 0 ?
			 errmsg("weight \"%s\" of %s has a value that is too large: %g", edge->weight_column, edge->table, weight) :
			 errmsg("weight \"%s\" of %s has a value that is negative or not finite", edge->weight_column, edge->table),
			 errdetail("It is the row with %s.", edge_row_text(columns, values)),
			 errhint("Weights must be numbers of at least zero and at most 3e38.")));
}

StorePlans *
store_plans_create(const Graph *graph, const char *const *columns, MemoryContext parent)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "sage store plans", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	StorePlans *plans = palloc0(sizeof(StorePlans));

	plans->cxt = cxt;
	plans->ntypes = graph->nnode_types;
	plans->nrelations = graph->nrelations;
	plans->nodes = palloc0(Max(plans->ntypes, 1) * sizeof(KeyQuery));
	plans->neighbors = palloc0(Max(plans->nrelations, 1) * sizeof(NeighborQuery));
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

static void
key_query_free(KeyQuery *query)
{
	for (int i = 0; i < FORM_COUNT; i++)
	{
		if (query->forms[i] != NULL)
			query_free(query->forms[i]);
	}
}

void
store_plans_free(StorePlans *plans)
{
	for (int i = 0; i < plans->ntypes; i++)
		key_query_free(&plans->nodes[i]);
	for (int i = 0; i < plans->nrelations; i++)
	{
		for (int form = 0; form < 4; form++)
			key_query_free(&plans->neighbors[i].forms[form / 2][form % 2]);
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
edge_columns(const Graph *graph, const EdgeType *edge, bool forward)
{
	EdgeColumns columns = {InvalidOid,
		{graph->node_types[edge->source_type].key_kind, graph->node_types[edge->target_type].key_kind},
	-1, -1, -1};
	int			place = 2;

	if (edge->source.count == 1 && edge->target.count == 1 &&
		is_integer(edge->source.typeids[0]) && edge->source.typeids[0] == edge->target.typeids[0])
		columns.end_type = edge->source.typeids[0];
	if (edge->time_column != NULL)
		columns.time = place++;
	if (edge->weight_column != NULL)
		columns.weight = place++;
	columns.features = place;
	if (!forward)
	{
		KeyKind		first = columns.kinds[0];

		columns.kinds[0] = columns.kinds[1];
		columns.kinds[1] = first;
	}
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
	Oid			raw = edge_columns(graph, edge, forward).end_type;
	const char *source = OidIsValid(raw) ? as_integer(edge->source.names[0], raw) :
		key_columns_expression(&edge->source, &graph->node_types[edge->source_type].key);
	const char *target = OidIsValid(raw) ? as_integer(edge->target.names[0], raw) :
		key_columns_expression(&edge->target, &graph->node_types[edge->target_type].key);

	return psprintf("%s, %s%s%s", forward ? source : target, forward ? target : source,
					edge->time_column == NULL ? "" :
					psprintf(", %s", graph_time_expression(edge->time_column, edge->time_typeid)),
					edge->weight_column == NULL ? "" :
					psprintf(", %s", graph_number_expression(edge->weight_column, edge->weight_typeid)));
}

/* What is selected of an edge table for its reader. */
const char *
store_edge_columns(const GraphStore *store, int edge_type)
{
	return store->plans->edge_columns[edge_type];
}

/* ------------------------------------------------------------------------
 * Rows by key
 * ------------------------------------------------------------------------
 */

static KeyForm
choose_form(Oid relid, const KeyColumns *columns, int nkeys)
{
	if (!graph_partitioned_by(relid, columns))
		return FORM_ANY;
	return nkeys <= KEYS_A_PIECE * PIECES_MAX ? FORM_PIECES : FORM_JOIN;
}

/* The end of a SELECT: rows of which the columns name one of the keys in $1. */
static char *
keys_condition(const KeyColumns *columns, const KeyColumns *key, KeyForm form)
{
	switch (form)
	{
		case FORM_PIECES:
			return key_columns_match_few(columns, key, KEYS_A_PIECE);
		case FORM_JOIN:
			return key_columns_match_joined(columns, key);
		default:
			return psprintf(" WHERE %s", key_columns_match(columns, key));
	}
}

static PreparedQuery *
prepare(const char *sql, int nargs, const Oid *types, KeyForm form, MemoryContext cxt)
{
	MemoryContext old = MemoryContextSwitchTo(cxt);
	PreparedQuery *query = form == FORM_PIECES ? query_prepare_for_values(sql, nargs, types) :
		query_prepare(sql, nargs, types);

	MemoryContextSwitchTo(old);
	return query;
}

/* Runs the query for all keys; args[0] is free. */
static void
run_for_keys(PreparedQuery *query, KeyForm form, KeyKind kind, const Datum *keys, int nkeys, Datum *args, QueryRow row,
			 void *arg)
{
	int			piece = form == FORM_PIECES ? KEYS_A_PIECE : Max(nkeys, 1);

	for (int i = 0; i < nkeys; i += piece)
	{
		args[0] = key_array(kind, keys + i, Min(piece, nkeys - i));
		query_run(query, args, NULL, row, arg);
		pfree(DatumGetPointer(args[0]));
	}
}

/* SELECT key, time, columns FROM the table of a node type. */
const char *
store_node_sql(const GraphStore *store, int type)
{
	return store->plans->node_sql[type];
}

/* The rows of some nodes, no key twice. */
void
store_query_nodes(GraphStore *store, int type, const Datum *keys, int nkeys, QueryRow row, void *arg)
{
	StorePlans *plans = store->plans;
	const NodeType *node = &store->graph->node_types[type];
	KeyForm		form = choose_form(node->relid, &node->key, nkeys);
	PreparedQuery **query = &plans->nodes[type].forms[form];
	Datum		args[1];

	if (*query == NULL)
	{
		Oid			array_type = key_array_type(node->key_kind);

		*query = prepare(psprintf("%s%s", plans->node_sql[type], keys_condition(&node->key, &node->key, form)),
						 1, &array_type, form, plans->cxt);
	}
	run_for_keys(*query, form, node->key_kind, keys, nkeys, args, row, arg);
}

/* Do bounds spare anything when the relation's edges are read? */
bool
store_relation_bounded(const GraphStore *store, int relation)
{
	const EdgeType *edge = &store->graph->edge_types[store->graph->relations[relation].edge_type];

	return edge->time_column != NULL && graph_is_partitioned(edge->relid);
}

/* The edges of a list of nodes, one direction. */
static void
append_neighbor_select(StringInfo sql, const GraphStore *store, const GraphRelation *relation, bool forward,
					   bool bounded, KeyForm form)
{
	const Graph *graph = store->graph;
	const EdgeType *edge = &graph->edge_types[relation->edge_type];
	const KeyColumns *end = forward ? &edge->source : &edge->target;
	const NodeType *type = &graph->node_types[forward ? edge->source_type : edge->target_type];

	appendStringInfo(sql, "SELECT %s%s FROM %s%s", edge_select_list(graph, edge, forward),
					 store_edge_columns(store, relation->edge_type), edge->from,
					 keys_condition(end, &type->key, form));
	if (bounded)
		appendStringInfo(sql, " AND %s", graph_time_bounds(edge->time_column, edge->time_typeid, "$2", "$3"));
}

static PreparedQuery *
prepare_neighbors(const GraphStore *store, int relation, bool forward, bool backward, bool bounded, KeyForm form)
{
	const GraphRelation *rel = &store->graph->relations[relation];
	Oid			types[3] = {key_array_type(store->graph->node_types[rel->dst_type].key_kind)};
	StringInfoData sql;

	if (bounded)
		types[1] = types[2] = graph_time_bound_type(store->graph->edge_types[rel->edge_type].time_typeid);
	initStringInfo(&sql);
	if (forward)
		append_neighbor_select(&sql, store, rel, true, bounded, form);
	if (forward && backward)
		appendStringInfoString(&sql, " UNION ALL ");
	if (backward)
		append_neighbor_select(&sql, store, rel, false, bounded, form);
	return prepare(sql.data, bounded ? 3 : 1, types, form, store->plans->cxt);
}

/* The same in one direction, or (of a plain table) in both. */
static void
query_direction(GraphStore *store, int relation, bool forward, bool backward, StoreBounds bounds, const Datum *keys,
				int nkeys, QueryRow row, void *arg)
{
	const GraphRelation *rel = &store->graph->relations[relation];
	const EdgeType *edge = &store->graph->edge_types[rel->edge_type];
	KeyForm		form = choose_form(edge->relid, forward ? &edge->source : &edge->target, nkeys);
	bool		bounded = bounds.until != DT_NOEND && store_relation_bounded(store, relation);
	NeighborQuery *queries = &store->plans->neighbors[relation];
	PreparedQuery **query = &queries->forms[bounded][forward ? 0 : 1].forms[form];
	Datum		args[3];

	if (*query == NULL)
		*query = prepare_neighbors(store, relation, forward, backward, bounded, form);
	args[1] = graph_time_bound(edge->time_typeid, bounds.since);
	args[2] = graph_time_bound(edge->time_typeid, bounds.until);
	run_for_keys(*query, form, store->graph->node_types[rel->dst_type].key_kind, keys, nkeys, args, row, arg);
}

/*
 * The edges of some nodes, no node twice, as edge_select_list() has them: at
 * least those within the bounds.  Partitions may be told apart by one end of
 * an edge and not by the other, so that each direction is a query of its own.
 */
void
store_query_neighbors(GraphStore *store, int relation, StoreBounds bounds, const Datum *keys, int nkeys, QueryRow row,
					  void *arg)
{
	const GraphRelation *rel = &store->graph->relations[relation];

	if (!rel->forward || !rel->backward || !graph_is_partitioned(store->graph->edge_types[rel->edge_type].relid))
	{
		query_direction(store, relation, rel->forward, rel->backward, bounds, keys, nkeys, row, arg);
		return;
	}
	query_direction(store, relation, true, false, bounds, keys, nkeys, row, arg);
	query_direction(store, relation, false, true, bounds, keys, nkeys, row, arg);
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
