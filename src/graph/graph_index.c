/*
 * graph_index.c
 *		Are there indexes by which nodes and their neighbours are found?
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
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "graph/graph_check.h"
#include "graph/graph_column.h"

/* Can the index find the rows in which the column has a given value? */
static bool
index_finds(Relation index, AttrNumber attnum)
{
	Form_pg_index form = index->rd_index;
	Oid			am = index->rd_rel->relam;

	return form->indisvalid && form->indkey.values[0] == attnum && (am == BTREE_AM_OID || am == HASH_AM_OID) &&
		RelationGetIndexPredicate(index) == NIL;
}

/* Does the index see to it that no value of the column occurs twice? */
static bool
index_makes_unique(Relation index)
{
	return index->rd_index->indisunique && index->rd_index->indimmediate && index->rd_index->indnkeyatts == 1;
}

static bool
has_index(Oid relid, const char *column, bool unique)
{
	AttrNumber	attnum = get_attnum(relid, column);
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index_finds(index, attnum) && (!unique || index_makes_unique(index)))
			found = true;
		index_close(index, AccessShareLock);
	}
	relation_close(rel, AccessShareLock);
	return found;
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
	bool		unique = get_rel_relkind(node->relid) != RELKIND_PARTITIONED_TABLE;

	if (!can_have_index(node->relid) || has_index(node->relid, node->key_column, unique))
		return;
	ereport(WARNING,
			(errmsg("key column \"%s\" of relation \"%s\" has no %s",
					node->key_column, get_rel_name(node->relid), unique ? "unique index" : "index"),
			 errhint("Run CREATE %sINDEX ON %s (%s);", unique ? "UNIQUE " : "",
					 graph_table_name(node->relid), quote_identifier(node->key_column))));
}

/* The edges of a node are found by one end; the other end comes with it. */
static void
warn_end_index(const EdgeType *edge, const char *end, const char *other)
{
	if (has_index(edge->relid, end, false))
		return;
	ereport(WARNING,
			(errmsg("column \"%s\" of relation \"%s\" has no index", end, get_rel_name(edge->relid)),
			 errhint("Run CREATE INDEX ON %s (%s, %s);",
					 graph_table_name(edge->relid), quote_identifier(end), quote_identifier(other))));
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
