/*
 * graph_key.h
 *		The columns by which rows name nodes: a key, or an end of an edge.
 *
 * One column's value is the key itself.  The values of several columns make a
 * JSON array, and its text is the key: '[841, 1, 2]'.  So a key of any number
 * of columns is one value to the stores, to a labels query and to
 * sage_predict(), and jsonb sees to it that equal rows have equal texts
 * whatever the session's settings are.
 */
#ifndef SAGE_GRAPH_KEY_H
#define SAGE_GRAPH_KEY_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "base/idmap.h"

typedef struct KeyColumns
{
	int			count;
	char	  **names;			/* [count] */
	Oid		   *typeids;		/* [count], domains looked through */
} KeyColumns;

extern List *key_columns_split(Oid relid, const char *text);
extern char *key_columns_join(List *names);	/* NULL: no names */
extern char *key_columns_phrase(Oid relid, const char *text);
extern bool key_columns_equal(List *a, List *b);
extern bool key_columns_contain(Oid relid, const char *text, const char *name);

extern bool key_columns_find(Oid relid, const char *text, KeyColumns *key, const char **missing);
extern bool key_columns_kind(const KeyColumns *key, KeyKind *kind);
extern bool key_columns_can_name(const KeyColumns *end, const KeyColumns *key);

/* SQL text; key is that of the node type, columns those that hold its values */
extern char *key_columns_expression(const KeyColumns *columns, const KeyColumns *key);
extern char *key_columns_match(const KeyColumns *columns, const KeyColumns *key);
extern char *key_columns_match_few(const KeyColumns *columns, const KeyColumns *key, int n);
extern char *key_columns_match_joined(const KeyColumns *columns, const KeyColumns *key);
extern char *key_columns_match_one(const KeyColumns *key);
extern char *key_columns_order(const KeyColumns *key);
extern Datum key_normalize(const KeyColumns *key, Datum given);

#endif							/* SAGE_GRAPH_KEY_H */
