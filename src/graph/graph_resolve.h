/*
 * graph_resolve.h
 *		Names of a saved definition -> what they stand for now.
 */
#ifndef SAGE_GRAPH_RESOLVE_H
#define SAGE_GRAPH_RESOLVE_H

#include "postgres.h"

#include "graph/graph.h"

/* Names in a row of the catalog of which the definition holds the meaning. */
typedef struct GraphNames
{
	char	   *schema;
	char	   *table;
	char	   *key_type;		/* node types only */
	char	   *source_type;	/* edge types only */
	char	   *target_type;
} GraphNames;

extern void graph_resolve_node_type(const Graph *graph, NodeType *node, const GraphNames *names);
extern void graph_resolve_edge_type(const Graph *graph, EdgeType *edge, const GraphNames *names);

#endif							/* SAGE_GRAPH_RESOLVE_H */
