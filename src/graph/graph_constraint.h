/*
 * graph_constraint.h
 *		Keys and foreign keys of a table, by the names of their columns.
 */
#ifndef SAGE_GRAPH_CONSTRAINT_H
#define SAGE_GRAPH_CONSTRAINT_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct ForeignKey
{
	char	   *name;			/* of the constraint */
	Oid			child;
	Oid			parent;
	List	   *columns;		/* of char *, in the child */
	List	   *references;		/* of char *, in the parent, in the same order */
	int			first;			/* number of the first of the child's columns */
} ForeignKey;

extern List *constraint_key(Oid relid); /* of char *; NIL: there is none */
extern List *constraint_foreign_keys(Oid relid);	/* of ForeignKey * */

#endif							/* SAGE_GRAPH_CONSTRAINT_H */
