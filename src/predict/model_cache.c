/*
 * model_cache.c
 *		Models made ready to score, kept for the session.
 *
 * Each statement asks the catalog once which version is deployed (and
 * whether the user may use it); the weights, the resolved graph and the
 * prepared queries of a version are kept from statement to statement.  An
 * entry is found by the version's number, which is never used again (but for
 * a new installation of the extension, which has other tables), and the
 * stamp of the graph's definition.  A relcache invalidation of one of the
 * graph's tables, or a change of roles, makes it stale; then the definition is
 * resolved anew, which finds out about columns that were dropped or retyped.
 *
 * What the entries hold is made of catalog rows that the transaction may
 * yet roll back: a version number or a stamp that was rolled back is never
 * seen again either, so its entry is only waste and goes with age.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/guc.h"
#include "base/query_args.h"
#include "model/model_catalog.h"
#include "model/model_store.h"
#include "predict/model_cache.h"

/* More models than this are not kept, nor more than a quarter of sage.max_memory. */
#define CACHE_MODELS	16

static List *cached_models = NIL;	/* of CachedModel * */
static ModelQueries *queries = NULL;
static bool callback_registered = false;
static uint64 use_counter = 0;

/* A table has changed; InvalidOid: any may have. */
static void
cache_invalidate(Oid relid)
{
	ListCell   *lc;

	foreach(lc, cached_models)
	{
		CachedModel *cached = lfirst(lc);

		if (!OidIsValid(relid) || graph_uses_table(cached->graph, relid))
			cached->stale = true;
		if (relid == cached->row_relid)
			cached->row_type = InvalidOid;
	}
}

static void
cache_free(CachedModel *cached)
{
	cached_models = list_delete_ptr(cached_models, cached);
	if (cached->row_query != NULL)
		query_free(cached->row_query);
	if (cached->plans != NULL)
		store_plans_free(cached->plans);
	MemoryContextDelete(cached->cxt);
}

/* True if nothing has to go for one more model: few, and not too large together. */
static bool
cache_has_room(void)
{
	Size		bytes = 0;
	ListCell   *lc;

	foreach(lc, cached_models)
		bytes += MemoryContextMemAllocated(((CachedModel *) lfirst(lc))->cxt, true);
	return list_length(cached_models) < CACHE_MODELS && bytes < (Size) guc_max_memory * 1024 / 4;
}

/* Makes room: what is stale and unused goes, then what was unused longest. */
static void
cache_trim(void)
{
	for (;;)
	{
		CachedModel *oldest = NULL;
		ListCell   *lc;

		foreach(lc, cached_models)
		{
			CachedModel *cached = lfirst(lc);

			if (cached->users == 0 &&
				(oldest == NULL || (cached->stale && !oldest->stale) ||
				 (cached->stale == oldest->stale && cached->last_use < oldest->last_use)))
				oldest = cached;
		}
		if (oldest == NULL || (!oldest->stale && cache_has_room()))
			return;
		cache_free(oldest);
	}
}

/*
 * Seconds that reading the graph and scoring all its nodes will take, roughly
 * (src/README has the measurements behind these numbers).
 */
static double
estimate_load(const CachedModel *cached)
{
	double		seconds = 0.001;

	for (int t = 0; t < cached->graph->nnode_types; t++)
		seconds += graph_estimate_rows(cached->graph->node_types[t].relid) * 1.5e-6;
	for (int e = 0; e < cached->graph->nedge_types; e++)
		seconds += graph_estimate_rows(cached->graph->edge_types[e].relid) * 0.15e-6;
	return seconds;
}

/*
 * The memory for that: rows, keys, lists of neighbors, states of three levels
 * and of some thousand nodes being worked on.
 */
static double
estimate_bytes(const CachedModel *cached)
{
	const ModelSpec *spec = cached->spec;
	double		bytes = 100000.0 * spec->hidden;

	for (int t = 0; t < cached->graph->nnode_types; t++)
	{
		double		row = 48 + (3.0 * spec->hidden + spec->noutputs) * sizeof(float);

		if (spec->features[t] != NULL)
			row += feature_dense_width(spec->features[t]) * sizeof(float) +
				(feature_sparse_width(spec->features[t]) > 0 ? 64 : 0);
		bytes += graph_estimate_rows(cached->graph->node_types[t].relid) * row;
	}
	for (int e = 0; e < cached->graph->nedge_types; e++)
	{
		const EdgeType *edge = &cached->graph->edge_types[e];
		const FeatureSet *set = spec->features[graph_edge_table(cached->graph, e)];
		double		row = 16.0 + (edge->time_column != NULL ? 24 : 0) + (edge->weight_column != NULL ? 12 : 0);

		if (set != NULL)
			row += 28 + feature_dense_width(set) * sizeof(float) +
				(feature_sparse_width(set) > 0 ? 64 + spec->hidden * sizeof(float) : 0);
		bytes += graph_estimate_rows(edge->relid) * row;
	}
	return bytes;
}

/* Makes a version ready, in a memory context of its own. */
static CachedModel *
cache_make(const ModelEntry *entry)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "sage model", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	CachedModel *cached = palloc0(sizeof(CachedModel));
	ModelVersion *version;

	cached->cxt = cxt;
	cached->version_id = entry->version_id;
	cached->catalog = entry->catalog;
	cached->graph_stamp = entry->graph_stamp;
	cached->name = pstrdup(entry->model);
	cached->graph = graph_load(entry->graph);
	version = model_catalog_version_by_id(entry->version_id);
	cached->spec = model_spec_read(version->spec, cached->graph);
	cached->model = model_build(cached->spec, cached->graph, cached->spec->fanout, false);
	model_store_read(cached->model, version->weights);
	pfree(version->weights);
	cached->columns = palloc0(graph_table_count(cached->graph) * sizeof(char *));
	for (int t = 0; t < graph_table_count(cached->graph); t++)
		cached->columns[t] = cached->spec->features[t] != NULL ? feature_select_list(cached->spec->features[t]) : "";
	cached->load_cost = estimate_load(cached);
	cached->load_bytes = estimate_bytes(cached);
	cached->plans = store_plans_create(cached->graph, cached->columns, cxt);

	/* it is complete, and kept */
	MemoryContextSwitchTo(TopMemoryContext);
	cached_models = lappend(cached_models, cached);
	MemoryContextSetParent(cxt, TopMemoryContext);
	MemoryContextSwitchTo(old);
	return cached;
}

static void
check_deployed(const ModelEntry *entry)
{
	if (entry->version_id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no deployed version", entry->model),
				 errhint("Choose one with sage_deploy.")));
}

/*
 * The deployed version of a model, for the current user, as of the active
 * snapshot; NULL: the default model.  To be given back.
 */
CachedModel *
model_cache_get(const char *name)
{
	ModelEntry *entry;
	CachedModel *found = NULL;
	ListCell   *lc;

	if (!callback_registered)
	{
		graph_watch(cache_invalidate);
		callback_registered = true;
	}
	if (queries == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		queries = model_queries_prepare();
		MemoryContextSwitchTo(old);
	}
	entry = model_catalog_scored(queries, name);
	check_deployed(entry);

	foreach(lc, cached_models)
	{
		CachedModel *cached = lfirst(lc);

		if (cached->version_id == entry->version_id && cached->catalog == entry->catalog &&
			cached->graph_stamp == entry->graph_stamp && !cached->stale)
			found = cached;
	}
	if (found == NULL)
	{
		cache_trim();
		found = cache_make(entry);
	}
	found->users++;
	found->last_use = ++use_counter;
	return found;
}

void
model_cache_release(CachedModel *cached)
{
	Assert(cached->users > 0);
	cached->users--;
}
