/*
 * graph.h
 *		A graph definition: which tables are nodes, which are edges.
 *
 * It is read from the catalog (names) and resolved against the system
 * catalogs (types, attribute numbers) by graph_load(), as of the current
 * snapshot.  It holds no rows.
 */
#ifndef SAGE_GRAPH_H
#define SAGE_GRAPH_H

#include "postgres.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "base/compat.h"
#include "base/idmap.h"
#include "graph/graph_key.h"

/* What graph_time_expression() gives for times that no timestamp can be: the last of all, which none of them is. */
#define TIME_BEYOND		(END_TIMESTAMP - 1)
#define TIME_BEYOND_SQL	"'294276-12-31 23:59:59.999999+00'::pg_catalog.timestamptz"

static inline bool
graph_time_is_beyond(int64 time, Oid typeid)
{
	return unlikely(time == TIME_BEYOND) && (typeid == DATEOID || typeid == INT8OID);
}

typedef struct NodeType
{
	char	   *name;
	Oid			relid;
	char	   *table;			/* qualified and quoted, for SQL text */
	char	   *key_column;		/* as the user knows it: a name, or several with commas */
	KeyColumns	key;
	KeyKind		key_kind;
	char	   *time_column;	/* NULL: always visible */
	Oid			time_typeid;
	List	   *features;		/* of char *; NIL: all that can be used, */
	bool		no_features;	/* or none at all */
	List	   *exclude;		/* of char * */
} NodeType;

typedef struct EdgeType
{
	char	   *name;
	Oid			relid;
	char	   *table;
	char	   *source_column;	/* as the user knows them, like key_column */
	char	   *target_column;
	char	   *target_key;		/* columns of the target's table that target_column refers to; NULL: its key */
	int			source_type;	/* index into Graph.node_types */
	int			target_type;
	KeyColumns	source;
	KeyColumns	target;			/* with a target_key, columns that "lookup" adds */
	char	   *lookup;			/* SQL text to join to a row of the table, named edge_row; NULL: not needed */
	char	   *from;			/* SQL text for FROM: the table, and the lookup */
	char	   *time_column;
	Oid			time_typeid;
	char	   *weight_column;
	Oid			weight_typeid;
	List	   *features;		/* of char *; NIL: none */
	char	   *direction;		/* "undirected", "forward" or "both" */
} EdgeType;

/*
 * An edge type walked in one direction: the nodes of dst_type collect from
 * their neighbors, which are nodes of src_type.  "follows" walked forward
 * takes from a node's targets, "rev_follows" from its sources; an undirected
 * relation from both.
 */
typedef struct GraphRelation
{
	char	   *name;
	int			edge_type;
	bool		forward;		/* neighbors are targets of the node's edges */
	bool		backward;		/* neighbors are sources of the node's edges */
	int			dst_type;
	int			src_type;
} GraphRelation;

typedef struct Graph
{
	char	   *name;
	Oid			owner;
	int64		id;				/* stays when the definition changes; never used again */
	int			nnode_types;
	NodeType   *node_types;
	int			nedge_types;
	EdgeType   *edge_types;
	int			nrelations;
	GraphRelation *relations;
} Graph;

/*
 * The tables whose rows are encoded have one numbering: the node types, then
 * the edge types.
 */
static inline int
graph_table_count(const Graph *graph)
{
	return graph->nnode_types + graph->nedge_types;
}

static inline int
graph_edge_table(const Graph *graph, int edge_type)
{
	return graph->nnode_types + edge_type;
}

static inline Oid
graph_table_relid(const Graph *graph, int table)
{
	return table < graph->nnode_types ? graph->node_types[table].relid :
		graph->edge_types[table - graph->nnode_types].relid;
}

/* graph_catalog.c: allocated in CurrentMemoryContext */
extern Graph *graph_load(const char *name); /* error if there is none */
extern bool graph_exists(const char *name);
extern Oid graph_lock(const char *name);	/* its owner; held to the end of the transaction */
extern void graph_lock_share(const Graph *graph);	/* error if it was dropped */
extern void graph_check_same(const Graph *loaded, int64 id);
extern void graph_save(const char *name);
extern void graph_reassign(const char *from, const char *to);
extern void graph_save_nodes(const Graph *graph, const NodeType *node);
extern void graph_save_edges(const Graph *graph, const EdgeType *edge);
extern void graph_exclude_column(const Graph *graph, const NodeType *node, const char *column);
extern void graph_remove(const char *name);

/* graph.c */
extern int	graph_find_node_type(const Graph *graph, const char *name); /* -1: none */
extern int	graph_find_edge_type(const Graph *graph, const char *name);
extern int	graph_find_relation(const Graph *graph, const char *name);
extern bool graph_is_key_or_end(const Graph *graph, Oid relid, const char *column);
extern void graph_edge_lookup(const Graph *graph, EdgeType *edge, const KeyColumns *reference);
extern bool graph_edge_is_row(const Graph *graph, const EdgeType *edge);
extern bool graph_is_walked_both_ways(const EdgeType *edge);
extern char *graph_reverse_name(const EdgeType *edge);
extern void graph_derive_relations(Graph *graph);
extern char *graph_time_expression(const char *column, Oid typeid); /* SQL text of type timestamptz */
extern char *graph_number_expression(const char *column, Oid typeid);	/* of type float8 */
SAGE_NORETURN extern void graph_time_out_of_range(const char *table, const char *column, Oid typeid, const char *row);
extern char *graph_time_bounds(const char *column, Oid typeid, const char *since, const char *until);
extern Oid	graph_time_bound_type(Oid typeid);
extern Datum graph_time_bound(Oid typeid, TimestampTz time);
extern char *graph_node_key(const NodeType *type);	/* SQL text of type key_type(key_kind) */

/* graph_watch.c */
typedef void (*GraphChanged) (Oid relid);

extern void graph_watch(GraphChanged changed);
extern void graph_watch_all(void (*changed) (void));
extern bool graph_uses_table(const Graph *graph, Oid relid);

/* graph_exact.c */
extern bool graph_is_exact(const Graph *graph);

/* graph_estimate.c */
typedef struct GraphColumnStats
{
	double		width;			/* bytes, on average */
	double		distinct;		/* values */
	double		elements;		/* of an array, on average */
	double		element_kinds;	/* the most common ones */
} GraphColumnStats;

extern int64 graph_estimate_rows(Oid relid);
extern GraphColumnStats graph_column_stats(Oid relid, const char *column);

#endif							/* SAGE_GRAPH_H */
