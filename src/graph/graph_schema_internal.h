/*
 * graph_schema_internal.h
 *		What graph_schema.c has found out about the tables, for the files that
 *		decide more about them.
 */
#ifndef SAGE_GRAPH_SCHEMA_INTERNAL_H
#define SAGE_GRAPH_SCHEMA_INTERNAL_H

#include "graph/graph_constraint.h"
#include "graph/graph_schema.h"

typedef struct SchemaTable
{
	Oid			relid;
	bool		existing;		/* is a node type of the graph already */
	bool		left_out;
	bool		is_link;		/* is to be an edge type */
	bool		linked;			/* some foreign key begins or ends here */
	char	   *name;			/* of its node type, or of its edge type */
	char	   *key;			/* column(s); NULL: none */
	char	   *time_column;	/* NULL: none */
	List	   *time_candidates;	/* of char *; among which it was guessed */
	List	   *foreign_keys;	/* of ForeignKey *, to tables of the schema */
} SchemaTable;

typedef struct Schema
{
	const SchemaRequest *request;
	Graph	   *graph;			/* as it was before */
	int			ntables;
	SchemaTable *tables;
} Schema;

extern SchemaTable *schema_find(const Schema *schema, Oid relid);	/* NULL: not there */

extern bool schema_column_is_link(const SchemaTable *table, const char *column);
extern char *schema_columns_to_key(const ForeignKey *key, const char *parent_key);

/* graph_schema_define.c */
extern void schema_add_nodes(const Schema *schema);
extern void schema_add_edges(const Schema *schema, SchemaEdge report, void *arg);

/* graph_schema_time.c */
extern void schema_find_times(Schema *schema);
extern void schema_notice_time(const SchemaTable *table);

#endif							/* SAGE_GRAPH_SCHEMA_INTERNAL_H */
