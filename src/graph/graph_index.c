/*
 * graph_index.c
 *		Are there indexes by which nodes and their neighbors are found?
 *
 * Nothing is wrong without them, so that a missing one is a warning; but it
 * prints the command that makes it, since without it each node that is scored
 * costs a walk through the table.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "lib/stringinfo.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "graph/graph_check.h"
#include "graph/graph_column.h"

/* Can the index find the rows in which the columns have given values? */
static bool
index_finds(Relation index, Oid relid, List *columns)
{
	Form_pg_index form = index->rd_index;
	Oid			am = index->rd_rel->relam;
	ListCell   *lc;

	if (!form->indisvalid || (am != BTREE_AM_OID && am != HASH_AM_OID) || RelationGetIndexPredicate(index) != NIL ||
		form->indnkeyatts < list_length(columns))
		return false;
	foreach(lc, columns)
	{
		AttrNumber	attnum = get_attnum(relid, lfirst(lc));
		bool		found = false;

		for (int i = 0; i < list_length(columns); i++)
			found |= form->indkey.values[i] == attnum;
		if (!found)
			return false;
	}
	return true;
}

/* Does the index see to it that no values of its first columns occur twice? */
static bool
index_makes_unique(Relation index, int ncolumns)
{
	return index->rd_index->indisunique && index->rd_index->indimmediate && index->rd_index->indnkeyatts == ncolumns;
}

static bool
has_index_itself(Relation rel, List *columns, bool unique)
{
	Oid			relid = RelationGetRelid(rel);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index_finds(index, relid, columns) && (!unique || index_makes_unique(index, list_length(columns))))
			found = true;
		index_close(index, AccessShareLock);
	}
	return found;
}

/*
 * The table that lacks such an index; InvalidOid: none does.  A partitioned
 * table hands its indexes down, so that it lacks what one of its partitions
 * does; of tables with children it is the child itself, and the parent needs
 * no index if it has no row.  Foreign tables are left to their servers.
 */
static Oid
lacks_index(Oid relid, const char *names, bool unique)
{
	List	   *columns = key_columns_split(relid, names);
	List	   *tables = find_all_inheritors(relid, AccessShareLock, NULL);
	Oid			lacking = InvalidOid;
	ListCell   *lc;

	foreach(lc, tables)
	{
		Relation	rel = relation_open(lfirst_oid(lc), AccessShareLock);
		char		relkind = rel->rd_rel->relkind;
		bool		needs = list_length(tables) == 1 ||
			(relkind == RELKIND_RELATION && (lfirst_oid(lc) != relid || RelationGetNumberOfBlocks(rel) > 0));

		if (needs && !OidIsValid(lacking) && !has_index_itself(rel, columns, unique))
			lacking = graph_is_partitioned(relid) ? relid : lfirst_oid(lc);
		relation_close(rel, NoLock);
	}
	return lacking;
}

/* The columns for CREATE INDEX: those of names, then those of others that are not among them. */
static char *
index_columns(Oid relid, const char *names, const char *others)
{
	List	   *columns = key_columns_split(relid, names);
	StringInfoData list;
	ListCell   *lc;

	if (others != NULL)
	{
		foreach(lc, key_columns_split(relid, others))
		{
			if (!key_columns_contain(relid, names, lfirst(lc)))
				columns = lappend(columns, lfirst(lc));
		}
	}
	initStringInfo(&list);
	foreach(lc, columns)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", quote_identifier(lfirst(lc)));
	return list.data;
}

/* Views and foreign tables have no indexes of their own. */
static bool
can_have_index(Oid relid)
{
	char		relkind = get_rel_relkind(relid);

	return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE || relkind == RELKIND_MATVIEW;
}

/*
 * A partitioned table cannot always have a unique index on its key alone, so
 * that any index will do there.
 */
void
graph_warn_key_index(const NodeType *node)
{
	bool		unique = !graph_is_partitioned(node->relid);
	Oid			lacking = can_have_index(node->relid) ? lacks_index(node->relid, node->key_column, unique) : InvalidOid;

	if (!OidIsValid(lacking))
		return;
	ereport(WARNING,
			(errmsg("key %s of relation \"%s\" %s no %s", key_columns_phrase(node->relid, node->key_column),
					get_rel_name(lacking), node->key.count > 1 ? "have" : "has",
					unique ? "unique index" : "index"),
			 errhint("Run CREATE %sINDEX ON %s (%s);", unique ? "UNIQUE " : "",
					 graph_table_name(lacking), index_columns(node->relid, node->key_column, NULL))));
}

/* The edges of a node are found by one end; the other end comes with it. */
static void
warn_end_index(const EdgeType *edge, const char *end, const char *other)
{
	Oid			lacking = lacks_index(edge->relid, end, false);

	if (!OidIsValid(lacking))
		return;
	ereport(WARNING,
			(errmsg("%s of relation \"%s\" %s no index", key_columns_phrase(edge->relid, end),
					get_rel_name(lacking), list_length(key_columns_split(edge->relid, end)) > 1 ? "have" : "has"),
			 errhint("Run CREATE INDEX ON %s (%s);",
					 graph_table_name(lacking), index_columns(edge->relid, end, other))));
}

/* One warning for each direction that is walked without an index. */
void
graph_warn_end_indexes(const EdgeType *edge)
{
	if (!can_have_index(edge->relid))
		return;
	warn_end_index(edge, edge->source_column, edge->target_column);
	if (strcmp(edge->direction, "forward") != 0)
		warn_end_index(edge, edge->target_column, edge->source_column);
}
