/*
 * graph_estimate.c
 *		How many rows a table has, and what its columns hold, without reading
 *		it: the planner's statistics.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_statistic.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "graph/graph.h"

/* For what cannot be known: views, and tables that were never analyzed. */
#define ROWS_UNKNOWN	1000
#define ROWS_PER_PAGE	100

static double
estimate_one(Relation rel)
{
	double		tuples = rel->rd_rel->reltuples;
	double		pages;

	if (!RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		return rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? 0 : Max(tuples, ROWS_UNKNOWN);
	pages = RelationGetNumberOfBlocks(rel);
	if (tuples >= 0 && rel->rd_rel->relpages > 0)
		return tuples / rel->rd_rel->relpages * pages;
	return pages * ROWS_PER_PAGE;
}

/*
 * The planner's way: the density at the last ANALYZE times the present size,
 * over the table and its children.  It stays an estimate, so that no lock is
 * kept: there may be thousands of partitions.
 */
int64
graph_estimate_rows(Oid relid)
{
	List	   *children = find_all_inheritors(relid, NoLock, NULL);
	ListCell   *lc;
	double		rows = 0;

	foreach(lc, children)
	{
		Relation	rel = try_relation_open(lfirst_oid(lc), AccessShareLock);

		if (rel == NULL)
			continue;
		rows += estimate_one(rel);
		relation_close(rel, AccessShareLock);
	}
	return (int64) Min(rows, 1e15);
}

/*
 * An array column's statistics of its elements: how many in a row, and how many
 * kinds.  Only the most common kinds are listed.  The others share what is
 * left of a row's elements; each is rarer than the last of the list, by a
 * third on average if they get rarer as in most sets of words.
 */
static void
element_stats(HeapTuple tuple, GraphColumnStats *stats)
{
	AttStatsSlot slot;
	double		listed = 0;

	if (get_attstatsslot(&slot, tuple, STATISTIC_KIND_DECHIST, InvalidOid, ATTSTATSSLOT_NUMBERS))
	{
		if (slot.nnumbers > 0)
			stats->elements = slot.numbers[slot.nnumbers - 1];
		free_attstatsslot(&slot);
	}
	if (get_attstatsslot(&slot, tuple, STATISTIC_KIND_MCELEM, InvalidOid, ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
	{
		stats->element_kinds = slot.nvalues;
		for (int i = 0; i < slot.nvalues && i < slot.nnumbers; i++)
			listed += slot.numbers[i];
		/* behind the frequencies stands the least of them */
		if (slot.nnumbers > slot.nvalues && slot.numbers[slot.nvalues] > 0)
			stats->element_kinds += 3 * Max(stats->elements - listed, 0) / slot.numbers[slot.nvalues];
		free_attstatsslot(&slot);
	}
}

/*
 * What ANALYZE found out about a column; all zero, and an average width by
 * the type, where it was not run.
 */
GraphColumnStats
graph_column_stats(Oid relid, const char *column)
{
	AttrNumber	attnum = get_attnum(relid, column);
	GraphColumnStats stats = {0};
	HeapTuple	tuple = NULL;

	if (attnum == InvalidAttrNumber)
		return stats;
	stats.width = get_typavgwidth(get_atttype(relid, attnum), -1);
	for (int inherited = 1; inherited >= 0 && !HeapTupleIsValid(tuple); inherited--)
		tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid), Int16GetDatum(attnum), BoolGetDatum(inherited));
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_statistic form = (Form_pg_statistic) GETSTRUCT(tuple);

		stats.width = form->stawidth;
		stats.distinct = form->stadistinct >= 0 ? form->stadistinct :
			-form->stadistinct * graph_estimate_rows(relid);
		element_stats(tuple, &stats);
		ReleaseSysCache(tuple);
	}
	return stats;
}
