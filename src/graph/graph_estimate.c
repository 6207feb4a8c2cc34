/*
 * graph_estimate.c
 *		How many rows a table has, without reading it.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

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
 * over the table and its children.
 */
int64
graph_estimate_rows(Oid relid)
{
	List	   *children = find_all_inheritors(relid, AccessShareLock, NULL);
	ListCell   *lc;
	double		rows = 0;

	foreach(lc, children)
	{
		Relation	rel = try_relation_open(lfirst_oid(lc), AccessShareLock);

		if (rel == NULL)
			continue;
		rows += estimate_one(rel);
		relation_close(rel, NoLock);
	}
	return (int64) Min(rows, 1e15);
}
