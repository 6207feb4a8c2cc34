/*
 * graph_watch.c
 *		Noticing that a definition may have to be resolved again, because a
 *		table was altered or dropped or a schema renamed, or prepared queries
 *		planned again, because of roles: core's plans do not notice which
 *		policies of row security a role has been put above or under.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/syscache.h"

#include "graph/graph.h"

static void
watch_table(Datum arg, Oid relid)
{
	((GraphChanged) DatumGetPointer(arg)) (relid);
}

static void
watch_entry(Datum arg, int cacheid, uint32 hashvalue)
{
	((GraphChanged) DatumGetPointer(arg)) (InvalidOid);
}

/*
 * Calls "changed" with the table concerned, or InvalidOid for any, to the end
 * of the session.  It may be called at any time and must only take a note.
 */
void
graph_watch(GraphChanged changed)
{
	CacheRegisterRelcacheCallback(watch_table, PointerGetDatum(changed));
	CacheRegisterSyscacheCallback(NAMESPACEOID, watch_entry, PointerGetDatum(changed));
	CacheRegisterSyscacheCallback(AUTHOID, watch_entry, PointerGetDatum(changed));
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, watch_entry, PointerGetDatum(changed));
}

/* True if the table is one of the graph's. */
bool
graph_uses_table(const Graph *graph, Oid relid)
{
	for (int t = 0; t < graph->nnode_types; t++)
	{
		if (graph->node_types[t].relid == relid)
			return true;
	}
	for (int e = 0; e < graph->nedge_types; e++)
	{
		if (graph->edge_types[e].relid == relid)
			return true;
	}
	return false;
}

static void
watch_any_table(Datum arg, Oid relid)
{
	((void (*) (void)) DatumGetPointer(arg)) ();
}

static void
watch_any_entry(Datum arg, int cacheid, uint32 hashvalue)
{
	((void (*) (void)) DatumGetPointer(arg)) ();
}

/*
 * Calls "changed" whenever anything changes that decides whether and how
 * tables are read: any table, schema, role or membership.  As above.
 */
void
graph_watch_all(void (*changed) (void))
{
	CacheRegisterRelcacheCallback(watch_any_table, PointerGetDatum(changed));
	CacheRegisterSyscacheCallback(NAMESPACEOID, watch_any_entry, PointerGetDatum(changed));
	CacheRegisterSyscacheCallback(AUTHOID, watch_any_entry, PointerGetDatum(changed));
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, watch_any_entry, PointerGetDatum(changed));
}
