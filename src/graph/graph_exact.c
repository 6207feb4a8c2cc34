/*
 * graph_exact.c
 *		Whether what a query reads of a graph depends on its snapshot alone.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/pg_inherits.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "graph/graph.h"

/*
 * Tables of the heap keep the rows of each snapshot.  Foreign tables do not,
 * system catalogues are also changed in place, and views and policies of row
 * security may call any function.
 */
static bool
table_is_exact(Oid relid)
{
	List	   *children;
	ListCell   *lc;
	bool		exact = true;

	if (relid < FirstNormalObjectId || check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	children = find_all_inheritors(relid, AccessShareLock, NULL);
	foreach(lc, children)
	{
		Relation	rel = try_relation_open(lfirst_oid(lc), NoLock);

		if (rel == NULL)
			return false;
		exact &= rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
			((rel->rd_rel->relkind == RELKIND_RELATION || rel->rd_rel->relkind == RELKIND_MATVIEW) &&
			 rel->rd_tableam == GetHeapamTableAmRoutine());
		relation_close(rel, NoLock);
	}
	list_free(children);
	return exact;
}

/*
 * True if two queries by the same user, with snapshots in which the same
 * transactions are over, find the same rows in all tables of the graph; as
 * long as no table is altered, which graph_watch() tells.
 */
bool
graph_is_exact(const Graph *graph)
{
	for (int t = 0; t < graph->nnode_types; t++)
	{
		if (!table_is_exact(graph->node_types[t].relid))
			return false;
	}
	for (int e = 0; e < graph->nedge_types; e++)
	{
		if (!table_is_exact(graph->edge_types[e].relid))
			return false;
	}
	return true;
}
