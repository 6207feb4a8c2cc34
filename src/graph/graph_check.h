/*
 * graph_check.h
 *		What must hold for a graph definition, one check a function.
 *
 * All of them are run when a graph is defined, as the user who defines it.
 */
#ifndef SAGE_GRAPH_CHECK_H
#define SAGE_GRAPH_CHECK_H

#include "postgres.h"

#include "graph/graph.h"

extern void graph_check_owner(const char *name, Oid owner);
extern void graph_check_name(const char *what, const char *name);
extern void graph_check_new_node_type(const Graph *graph, const char *name);
extern void graph_check_has_nodes(const Graph *graph);
extern void graph_check_new_edge_type(const Graph *graph, const EdgeType *edge);

extern void graph_check_table(Oid relid);
extern void graph_check_columns(Oid relid, List *names);
extern void graph_check_key_columns(Oid relid, const char *names);
extern void graph_check_edge_features(const Graph *graph, Oid new_nodes, const EdgeType *new_edges);
extern void graph_check_node_rights(const NodeType *node);
extern void graph_check_edge_rights(const EdgeType *edge);

extern void graph_check_key(NodeType *node);
extern void graph_check_ends(const Graph *graph, EdgeType *edge);
extern Oid	graph_check_time(Oid relid, const char *column);
extern void graph_warn_collation(const NodeType *node);
extern Oid	graph_check_weight(Oid relid, const char *column);
extern void graph_check_direction(const EdgeType *edge);
extern void graph_notice_untimed(const Graph *graph, const NodeType *new_nodes, const EdgeType *new_edges);

/* graph_index.c */
extern void graph_warn_key_index(const NodeType *node);
extern void graph_warn_end_indexes(const EdgeType *edge);

#endif							/* SAGE_GRAPH_CHECK_H */
