/*
 * graph_column.h
 *		Tables and their columns, as the system catalogs know them.
 */
#ifndef SAGE_GRAPH_COLUMN_H
#define SAGE_GRAPH_COLUMN_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"

#include "base/idmap.h"
#include "graph/graph_key.h"

typedef struct GraphColumn
{
	AttrNumber	attnum;
	Oid			typeid;			/* domains looked through */
} GraphColumn;

extern bool graph_column_find(Oid relid, const char *name, GraphColumn *column);
extern List *graph_column_names(Oid relid); /* of char *, in column order */
extern char *graph_column_nearest(Oid relid, const char *name); /* NULL: none is close */

extern bool graph_type_is_key(Oid typeid, KeyKind *kind);
extern bool graph_type_is_time(Oid typeid);
extern bool graph_type_is_weight(Oid typeid);
extern const char *graph_key_kind_name(KeyKind kind);

extern char *graph_table_schema(Oid relid);
extern char *graph_table_name(Oid relid);	/* qualified and quoted */
extern bool graph_is_partitioned(Oid relid);
extern bool graph_partitioned_by(Oid relid, const KeyColumns *columns);
extern List *graph_table_partitions(Oid relid); /* of Oid, itself first */
extern Oid	graph_table_find(const char *schema, const char *name); /* InvalidOid: none */

#endif							/* SAGE_GRAPH_COLUMN_H */
