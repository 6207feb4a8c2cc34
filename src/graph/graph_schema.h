/*
 * graph_schema.h
 *		The tables of a schema as a graph: each table a node type, each foreign
 *		key an edge type.
 */
#ifndef SAGE_GRAPH_SCHEMA_H
#define SAGE_GRAPH_SCHEMA_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "graph/graph.h"

typedef struct SchemaRequest
{
	char	   *graph;
	List	   *tables;			/* of Oid; NIL: those of the graph's schemas */
	Jsonb	   *time_columns;	/* {"table": "column" or null}; NULL: guess */
	bool		link_tables;	/* tables that only link two rows are edges */
} SchemaRequest;

/* Told of each edge type that was added; columns are of char *. */
typedef void (*SchemaEdge) (void *arg, const char *edge_type, Oid child, Oid parent, List *columns);

extern void graph_schema_add(const SchemaRequest *request, SchemaEdge edge, void *arg);

#endif							/* SAGE_GRAPH_SCHEMA_H */
