/*
 * graph_column.c
 *		Tables and their columns, as the system catalogs know them.
 *
 * Everything here answers from the system caches, and neither checks rights
 * nor raises an error for what does not exist: callers know whether a missing
 * column is the user's mistake or a definition gone stale.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "graph/graph_column.h"

/* How many letters a name may be off to be worth a hint. */
#define NEAREST_MAX_DISTANCE	4

/* What a session calls the schema of its own temporary tables. */
#define TEMP_SCHEMA		"pg_temp"

/* A column that users can name: not dropped, not a system column. */
bool
graph_column_find(Oid relid, const char *name, GraphColumn *column)
{
	HeapTuple	tuple = SearchSysCacheAttName(relid, name);
	Form_pg_attribute att;
	bool		found;

	if (!HeapTupleIsValid(tuple))
		return false;
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	found = att->attnum > 0;
	column->attnum = att->attnum;
	column->typeid = getBaseType(att->atttypid);
	ReleaseSysCache(tuple);
	return found;
}

/* The names of all columns, in their order. */
List *
graph_column_names(Oid relid)
{
	List	   *names = NIL;
	AttrNumber	attnum = 1;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(attnum))))
	{
		Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(tuple);

		if (!att->attisdropped)
			names = lappend(names, pstrdup(NameStr(att->attname)));
		ReleaseSysCache(tuple);
		attnum++;
	}
	return names;
}

/* Letters to change to get from one name to the other; case counts nothing. */
static int
name_distance(const char *a, const char *b)
{
	if (pg_strcasecmp(a, b) == 0)
		return 0;
	return varstr_levenshtein_less_equal(a, strlen(a), b, strlen(b), 1, 1, 1, NEAREST_MAX_DISTANCE, true);
}

/* The column whose name is most like the given one; NULL: none is close. */
char *
graph_column_nearest(Oid relid, const char *name)
{
	int			best_distance = NEAREST_MAX_DISTANCE + 1;
	char	   *best = NULL;
	ListCell   *lc;

	if (strlen(name) >= NAMEDATALEN)
		return NULL;
	foreach(lc, graph_column_names(relid))
	{
		char	   *candidate = lfirst(lc);
		int			distance = name_distance(name, candidate);

		if (distance < best_distance && distance <= (int) strlen(name) / 2)
		{
			best_distance = distance;
			best = candidate;
		}
	}
	return best;
}

/*
 * Can values of the type be keys, and as what are they carried?  character(n)
 * is left out on purpose: its trailing blanks count or do not count depending
 * on what it is compared with.
 */
bool
graph_type_is_key(Oid typeid, KeyKind *kind)
{
	switch (typeid)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			*kind = KEY_INT;
			return true;
		case TEXTOID:
		case VARCHAROID:
		case NAMEOID:
			*kind = KEY_TEXT;
			return true;
		case UUIDOID:
			*kind = KEY_UUID;
			return true;
		default:
			return false;
	}
}

/* Dates, timestamps, and whole numbers as seconds since 1970. */
bool
graph_type_is_time(Oid typeid)
{
	return typeid == TIMESTAMPTZOID || typeid == TIMESTAMPOID || typeid == DATEOID ||
		typeid == INT4OID || typeid == INT8OID;
}

bool
graph_type_is_weight(Oid typeid)
{
	return typeid == FLOAT4OID || typeid == FLOAT8OID || typeid == NUMERICOID ||
		typeid == INT2OID || typeid == INT4OID || typeid == INT8OID;
}

/* What the catalog and messages call a kind of key. */
const char *
graph_key_kind_name(KeyKind kind)
{
	switch (kind)
	{
		case KEY_INT:
			return "integer";
		case KEY_TEXT:
			return "text";
		case KEY_UUID:
			return "uuid";
	}
	return NULL;				/* keep compiler quiet */
}

/*
 * The schema by which the table is found again.  The schema of temporary
 * tables has another name in each session, but an alias that every session
 * understands.
 */
char *
graph_table_schema(Oid relid)
{
	Oid			schema = get_rel_namespace(relid);

	return isTempNamespace(schema) ? pstrdup(TEMP_SCHEMA) : get_namespace_name(schema);
}

char *
graph_table_name(Oid relid)
{
	return quote_qualified_identifier(graph_table_schema(relid), get_rel_name(relid));
}

Oid
graph_table_find(const char *schema, const char *name)
{
	Oid			schema_oid;

	if (strcmp(schema, TEMP_SCHEMA) == 0)
		schema_oid = LookupExplicitNamespace(schema, true);
	else
		schema_oid = get_namespace_oid(schema, true);
	return OidIsValid(schema_oid) ? get_relname_relid(name, schema_oid) : InvalidOid;
}

/*
 * The table and, if it is partitioned, its partitions of all levels, less
 * those that are foreign tables.
 */
List *
graph_table_partitions(Oid relid)
{
	List	   *tables = list_make1_oid(relid);
	ListCell   *lc;

	if (!graph_is_partitioned(relid))
		return tables;
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		if (lfirst_oid(lc) != relid && get_rel_relkind(lfirst_oid(lc)) != RELKIND_FOREIGN_TABLE)
			tables = lappend_oid(tables, lfirst_oid(lc));
	}
	return tables;
}

bool
graph_is_partitioned(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
}

/* Is the table partitioned, by nothing but some of these columns? */
bool
graph_partitioned_by(Oid relid, const KeyColumns *columns)
{
	Relation	rel;
	PartitionKey key;
	bool		result = true;

	if (!graph_is_partitioned(relid))
		return false;
	rel = relation_open(relid, AccessShareLock);
	key = RelationGetPartitionKey(rel);
	for (int i = 0; result && i < get_partition_natts(key); i++)
	{
		bool		found = false;

		for (int c = 0; c < columns->count && !found; c++)
			found = get_partition_col_attnum(key, i) == get_attnum(relid, columns->names[c]);
		result = found;
	}
	relation_close(rel, NoLock);
	return result;
}
