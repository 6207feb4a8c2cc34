/*
 * graph_fkey.h
 *		What a table's constraints say about its place in a graph.
 */
#ifndef SAGE_GRAPH_FKEY_H
#define SAGE_GRAPH_FKEY_H

#include "postgres.h"

#include "graph/graph.h"

extern char *graph_fkey_key(Oid relid); /* NULL: cannot tell */
extern bool graph_fkey_to_node(const Graph *graph, Oid relid, const char *column);
extern void graph_fkey_find_ends(const Graph *graph, EdgeType *edge);
extern void graph_fkey_find_types(const Graph *graph, EdgeType *edge, const char *source_type, const char *target_type);

#endif							/* SAGE_GRAPH_FKEY_H */
