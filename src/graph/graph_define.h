/*
 * graph_define.h
 *		Adding node and edge types to a graph.
 */
#ifndef SAGE_GRAPH_DEFINE_H
#define SAGE_GRAPH_DEFINE_H

#include "postgres.h"

#include "graph/graph.h"

extern Graph *graph_load_latest(const char *name);
extern Graph *graph_load_for_change(const char *name);
extern void graph_define_nodes(const Graph *graph, NodeType *node);
extern void graph_define_edges(const Graph *graph, EdgeType *edge, const char *source_type, const char *target_type);

#endif							/* SAGE_GRAPH_DEFINE_H */
