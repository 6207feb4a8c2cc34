/*
 * graph_exact.c
 *		Whether what a query reads of a graph depends on its snapshot alone.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "graph/graph.h"

/*
 * Tables of the heap keep the rows of each snapshot.  Foreign tables do not,
 * system catalogs are also changed in place, and views and policies of row
 * security may call any function.  Nothing is locked, because a model need
 * not have read all of the graph's tables.
 */
static bool
table_is_exact(Oid relid)
{
	ListCell   *lc;
	bool		exact = true;

	if (relid < FirstNormalObjectId || check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_class form;

		if (!HeapTupleIsValid(tuple))
			return false;
		form = (Form_pg_class) GETSTRUCT(tuple);
		exact &= form->relkind == RELKIND_PARTITIONED_TABLE ||
			((form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW) &&
			 form->relam == HEAP_TABLE_AM_OID);
		ReleaseSysCache(tuple);
	}
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
