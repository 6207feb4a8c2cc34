/*
 * graph.c
 *		Questions about a graph definition that is in memory, and the
 *		relations that follow from its edge types.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "utils/timestamp.h"

#include "graph/graph.h"
#include "graph/graph_fkey.h"

/* Index of the node type of that name; -1: there is none. */
int
graph_find_node_type(const Graph *graph, const char *name)
{
	for (int i = 0; i < graph->nnode_types; i++)
		if (strcmp(graph->node_types[i].name, name) == 0)
			return i;
	return -1;
}

/* Index of the edge type of that name; -1: there is none. */
int
graph_find_edge_type(const Graph *graph, const char *name)
{
	for (int i = 0; i < graph->nedge_types; i++)
		if (strcmp(graph->edge_types[i].name, name) == 0)
			return i;
	return -1;
}

/* Index of the relation of that name; -1: there is none. */
int
graph_find_relation(const Graph *graph, const char *name)
{
	for (int i = 0; i < graph->nrelations; i++)
		if (strcmp(graph->relations[i].name, name) == 0)
			return i;
	return -1;
}

/*
 * Does the column only say which node a row is, or to which nodes it is
 * linked?  Such columns are never features: the key of a node type, an end of
 * an edge type, and a foreign key to a node type.
 */
bool
graph_is_key_or_end(const Graph *graph, Oid relid, const char *column)
{
	for (int i = 0; i < graph->nnode_types; i++)
	{
		const NodeType *node = &graph->node_types[i];

		if (node->relid == relid && key_columns_contain(relid, node->key_column, column))
			return true;
	}
	for (int i = 0; i < graph->nedge_types; i++)
	{
		const EdgeType *edge = &graph->edge_types[i];

		if (edge->relid == relid &&
			(key_columns_contain(relid, edge->source_column, column) ||
			 key_columns_contain(relid, edge->target_column, column)))
			return true;
	}
	return graph_fkey_to_node(graph, relid, column);
}

/*
 * True if each row of the source's table is one edge, from the row itself to
 * what a foreign key of it names.
 */
bool
graph_edge_is_row(const Graph *graph, const EdgeType *edge)
{
	const NodeType *source = &graph->node_types[edge->source_type];

	return edge->relid == source->relid && strcmp(edge->source_column, source->key_column) == 0;
}

/*
 * Sets lookup and from of an edge type whose rows refer to columns of the
 * target's table other than its key: the columns of the key are looked up, and
 * become the target.  A row that refers to nothing is no edge.
 */
void
graph_edge_lookup(const Graph *graph, EdgeType *edge, const KeyColumns *reference)
{
	const NodeType *target = &graph->node_types[edge->target_type];
	int			number = edge - graph->edge_types;
	KeyColumns	found = target->key;
	StringInfoData sql;

	found.names = palloc(found.count * sizeof(char *));
	initStringInfo(&sql);
	appendStringInfoString(&sql, "LATERAL (SELECT ");
	for (int i = 0; i < found.count; i++)
	{
		found.names[i] = psprintf("sage target %d.%d", number, i);
		appendStringInfo(&sql, "%sreferred.%s AS %s", i > 0 ? ", " : "", quote_identifier(target->key.names[i]),
						 quote_identifier(found.names[i]));
	}
	appendStringInfo(&sql, " FROM %s AS referred WHERE ", target->table);
	for (int i = 0; i < reference->count; i++)
		appendStringInfo(&sql, "%sreferred.%s OPERATOR(pg_catalog.=) edge_row.%s", i > 0 ? " AND " : "",
						 quote_identifier(reference->names[i]), quote_identifier(edge->target.names[i]));
	appendStringInfo(&sql, ") AS lookup_%d ON true", number);
	edge->lookup = sql.data;
	edge->from = psprintf("%s AS edge_row JOIN %s", edge->table, edge->lookup);
	edge->target = found;
}

/* Does the edge type give a relation of its own for each direction? */
bool
graph_is_walked_both_ways(const EdgeType *edge)
{
	return strcmp(edge->direction, "both") == 0;
}

/* The name of the relation that walks the edges from target to source. */
char *
graph_reverse_name(const EdgeType *edge)
{
	return psprintf("rev_%s", edge->name);
}

static void
relation_add(Graph *graph, char *name, int edge_type, bool forward, bool backward)
{
	const EdgeType *edge = &graph->edge_types[edge_type];
	GraphRelation *relation = &graph->relations[graph->nrelations++];

	relation->name = name;
	relation->edge_type = edge_type;
	relation->forward = forward;
	relation->backward = backward;
	relation->dst_type = forward ? edge->source_type : edge->target_type;
	relation->src_type = forward ? edge->target_type : edge->source_type;
}

/*
 * Fills graph->relations, in the order of the edge types, from everything
 * else: an undirected edge type gives one relation that is walked both ways,
 * "forward" one, and "both" two, of which the second is named rev_*.
 */
void
graph_derive_relations(Graph *graph)
{
	graph->nrelations = 0;
	graph->relations = palloc0(Max(graph->nedge_types, 1) * 2 * sizeof(GraphRelation));
	for (int i = 0; i < graph->nedge_types; i++)
	{
		const EdgeType *edge = &graph->edge_types[i];
		bool		undirected = strcmp(edge->direction, "undirected") == 0;

		relation_add(graph, pstrdup(edge->name), i, true, undirected);
		if (graph_is_walked_both_ways(edge))
			relation_add(graph, graph_reverse_name(edge), i, false, true);
	}
}

/*
 * SQL text that makes a timestamptz of a time column (its bare name is
 * given).  Times without a zone are taken as UTC, not as the session's zone:
 * what is visible at a seed time must not depend on who asks.
 */
char *
graph_time_expression(const char *column, Oid typeid)
{
	const char *name = quote_identifier(column);

	switch (typeid)
	{
		case TIMESTAMPTZOID:
			return psprintf("%s::pg_catalog.timestamptz", name);
		case TIMESTAMPOID:
			return psprintf("pg_catalog.timezone('UTC'::pg_catalog.text, %s::pg_catalog.timestamp)", name);
		case DATEOID:
			return psprintf("CASE WHEN %1$s OPERATOR(pg_catalog.<) '294277-01-01'::pg_catalog.date "
							"OR NOT pg_catalog.isfinite(%1$s) "
							"THEN pg_catalog.timezone('UTC'::pg_catalog.text, %1$s::pg_catalog.timestamp) "
							"WHEN %1$s IS NOT NULL THEN " TIME_BEYOND_SQL " END", name);
		case INT4OID:
			return psprintf("pg_catalog.to_timestamp(%s::pg_catalog.float8)", name);
		case INT8OID:
			return psprintf("CASE WHEN %1$s OPERATOR(pg_catalog.>=) -210866803200 "
							"AND %1$s OPERATOR(pg_catalog.<) 9224318016000 "
							"THEN pg_catalog.to_timestamp(%1$s::pg_catalog.float8) "
							"WHEN %1$s IS NOT NULL THEN " TIME_BEYOND_SQL " END", name);
		default:
			elog(ERROR, "type %u is not a type of time columns", typeid);
	}
	return NULL;				/* keep compiler quiet */
}

/*
 * An error if the time is what graph_time_expression() has for one that no
 * timestamp can be.  row: which it is in, as the end of "row with ...".
 */
void
graph_time_out_of_range(const char *table, const char *column, Oid typeid, const char *row)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
			 errmsg("time \"%s\" of %s is out of range", column, table),
			 errdetail("It is the row with %s.", row),
			 typeid == DATEOID ? errhint("Dates must be those of a timestamp, before the year 294277, or infinite.") :
			 errhint("Whole numbers are seconds since 1970; divide milliseconds by 1000 in a view or a generated column.")));
}

/*
 * SQL text of type float8 for a column of numbers.  What is beyond the range
 * of float8 becomes infinite, and what is too close to zero is the smallest
 * number that keeps its sign: whoever reads it knows the row, and the cast
 * would not.
 */
char *
graph_number_expression(const char *column, Oid typeid)
{
	const char *name = quote_identifier(column);

	if (typeid != NUMERICOID)
		return psprintf("%s::pg_catalog.float8", name);
	return psprintf("CASE WHEN pg_catalog.abs(%1$s) OPERATOR(pg_catalog.<) 1e-300 "
					"THEN pg_catalog.sign(%1$s)::pg_catalog.float8 OPERATOR(pg_catalog.*) 1e-300::pg_catalog.float8 "
					"WHEN pg_catalog.abs(%1$s) OPERATOR(pg_catalog.<) 1e308 OR %1$s OPERATOR(pg_catalog.=) 'NaN'::pg_catalog.numeric "
					"THEN %1$s::pg_catalog.float8 "
					"WHEN %1$s IS NOT NULL "
					"THEN pg_catalog.sign(%1$s)::pg_catalog.float8 OPERATOR(pg_catalog.*) 'Infinity'::pg_catalog.float8 END",
					name);
}

/* The type of the arguments that graph_time_bounds() compares with. */
Oid
graph_time_bound_type(Oid typeid)
{
	return typeid == INT4OID || typeid == INT8OID ? INT8OID : TIMESTAMPTZOID;
}

/* A time as such an argument; of seconds, the next full one. */
Datum
graph_time_bound(Oid typeid, TimestampTz time)
{
	int64		seconds;

	if (graph_time_bound_type(typeid) == TIMESTAMPTZOID)
		return TimestampTzGetDatum(time);
	if (TIMESTAMP_NOT_FINITE(time))
		return Int64GetDatum(TIMESTAMP_IS_NOBEGIN(time) ? PG_INT64_MIN : PG_INT64_MAX);
	seconds = time / USECS_PER_SEC + (time > 0 && time % USECS_PER_SEC > 0);
	return Int64GetDatum(seconds + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY);
}

/*
 * SQL text that is true at least for rows from the time since to before the
 * time until: comparisons of the column itself, so that partitions that it
 * tells apart need not be read.
 */
char *
graph_time_bounds(const char *column, Oid typeid, const char *since, const char *until)
{
	const char *name = quote_identifier(column);

	switch (typeid)
	{
		case TIMESTAMPOID:
			return psprintf("%s OPERATOR(pg_catalog.>=) pg_catalog.timezone('UTC'::pg_catalog.text, %s) "
							"AND %s OPERATOR(pg_catalog.<) pg_catalog.timezone('UTC'::pg_catalog.text, %s)",
							name, since, name, until);
		case DATEOID:
			return psprintf("%s OPERATOR(pg_catalog.>=) pg_catalog.timezone('UTC'::pg_catalog.text, %s)::pg_catalog.date "
							"AND %s OPERATOR(pg_catalog.<=) pg_catalog.timezone('UTC'::pg_catalog.text, %s)::pg_catalog.date",
							name, since, name, until);
		default:
			return psprintf("%s OPERATOR(pg_catalog.>=) %s AND %s OPERATOR(pg_catalog.<) %s", name, since, name, until);
	}
}

/* SQL text that makes a key, as idmap wants it, of a row of the node type. */
char *
graph_node_key(const NodeType *type)
{
	return key_columns_expression(&type->key, &type->key);
}
