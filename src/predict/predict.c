/*
 * predict.c
 *		Scores for keys: live first, resident when that becomes cheaper.
 *
 * A function that is called once a row does not know how many rows will come.
 * So a scorer begins by asking the tables about each key, and once it has
 * spent on that what reading and scoring everything would cost, it does just
 * that and answers from then on by look-up: never more than about twice the
 * best that could have been done.
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "base/guc.h"
#include "base/memory.h"
#include "predict/scorer_internal.h"

/* One key by itself, in seconds, before anything was measured. */
#define LIVE_KEY_SECONDS	0.0002

/* Keys sampled at a time. */
#define LIVE_BATCH			1024

static double
seconds_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_DOUBLE(now);
}

/* ------------------------------------------------------------------------
 * Live
 * ------------------------------------------------------------------------
 */

static NodeReader *
make_readers(const CachedModel *cached, FeatureTable **tables, bool expect_all)
{
	NodeReader *readers = palloc0(cached->graph->nnode_types * sizeof(NodeReader));

	for (int t = 0; t < cached->graph->nnode_types; t++)
	{
		if (cached->spec->features[t] == NULL)
			continue;
		tables[t] = feature_table_create(cached->spec->features[t], expect_all ?
										 graph_estimate_rows(cached->graph->node_types[t].relid) : 0,
										 CurrentMemoryContext);
		readers[t].row = feature_table_row;
		readers[t].arg = tables[t];
	}
	return readers;
}

void
live_state_open(LiveState *live, Scorer *scorer, MemoryContext parent)
{
	const CachedModel *cached = scorer->cached;
	MemoryContext old;

	live->cxt = AllocSetContextCreate(parent, "sage live", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(live->cxt);
	live->tables = palloc0(cached->graph->nnode_types * sizeof(FeatureTable *));
	live->store = store_open_live(cached->graph, cached->plans, make_readers(cached, live->tables, false),
								  cached->spec->seed, live->cxt);
	MemoryContextSwitchTo(old);
}

void
live_state_close(LiveState *live)
{
	if (live->cxt != NULL)
		MemoryContextDelete(live->cxt);
	live->cxt = NULL;
}

/*
 * Scores distinct nodes of a store, all at the scorer's time, or each at its
 * own.  outputs and hidden as in scorer_score().
 */
void
live_state_score(LiveState *live, Scorer *scorer, const int32 *seeds, const TimestampTz *seed_times, int64 n,
				 float *outputs, float *hidden)
{
	const ModelSpec *spec = scorer->cached->spec;
	SampleOptions options = {.fanout = spec->fanout, .inclusive = spec->time_inclusive};
	ForwardOptions forward = {0, 0, 0};
	TimestampTz *times = (TimestampTz *) seed_times;
	MemoryContext batch_cxt = AllocSetContextCreate(live->cxt, "sage batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(batch_cxt);
	Sample	   *sample;
	Tensor	   *logits,
			   *last;

	if (times == NULL && scorer->at != STORE_ALWAYS)
	{
		times = palloc(n * sizeof(TimestampTz));
		for (int64 i = 0; i < n; i++)
			times[i] = scorer->at;
	}
	if (scorer->tape == NULL)
		scorer->tape = tape_create(scorer->cxt, false);
	sample = neighbor_sample(live->store, scorer->cached->graph, spec->node_type, seeds, times, n, &options);
	logits = model_forward(scorer->cached->model, scorer->tape, sample, live->tables, &forward, &last);
	if (outputs != NULL)
	{
		memcpy(outputs, logits->data, n * spec->noutputs * sizeof(float));
		model_activate(spec, outputs, n);
	}
	if (hidden != NULL)
		memcpy(hidden, last->data, n * spec->hidden * sizeof(float));
	tape_reset(scorer->tape);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(batch_cxt);
}

/* The keys' scores from the tables.  Equal keys are scored once. */
static void
score_live(Scorer *scorer, const Datum *keys, int64 n, float *outputs, float *hidden, bool *found)
{
	const ModelSpec *spec = scorer->cached->spec;
	int32	   *nodes = memory_alloc(n, sizeof(int32));
	int32	   *seeds = memory_alloc(n, sizeof(int32));
	int64	   *place = memory_alloc(n, sizeof(int64));	/* among the seeds */
	int32	   *place_of_node;
	int64		nseeds = 0;
	float	   *seed_outputs = NULL,
			   *seed_hidden = NULL;

	if (scorer->live.cxt != NULL &&
		MemoryContextMemAllocated(scorer->live.cxt, true) > (Size) guc_max_memory * 1024 / 2)
		live_state_close(&scorer->live);
	if (scorer->live.cxt == NULL)
		live_state_open(&scorer->live, scorer, scorer->cxt);
	store_find(scorer->live.store, spec->node_type, keys, n, nodes);

	place_of_node = memory_alloc_zero(store_node_count(scorer->live.store, spec->node_type) + 1, sizeof(int32));
	for (int64 i = 0; i < n; i++)
	{
		found[i] = nodes[i] >= 0;
		if (!found[i])
			continue;
		if (place_of_node[nodes[i]] == 0)
		{
			seeds[nseeds++] = nodes[i];
			place_of_node[nodes[i]] = (int32) nseeds;
		}
		place[i] = place_of_node[nodes[i]] - 1;
	}
	if (nseeds > 0)
	{
		if (outputs != NULL)
			seed_outputs = memory_alloc(nseeds * spec->noutputs, sizeof(float));
		if (hidden != NULL)
			seed_hidden = memory_alloc(nseeds * spec->hidden, sizeof(float));
		live_state_score(&scorer->live, scorer, seeds, NULL, nseeds, seed_outputs, seed_hidden);
	}
	for (int64 i = 0; i < n; i++)
	{
		if (found[i] && outputs != NULL)
			memcpy(outputs + i * spec->noutputs, seed_outputs + place[i] * spec->noutputs, spec->noutputs * sizeof(float));
		if (found[i] && hidden != NULL)
			memcpy(hidden + i * spec->hidden, seed_hidden + place[i] * spec->hidden, spec->hidden * sizeof(float));
	}
}

/* ------------------------------------------------------------------------
 * Resident
 * ------------------------------------------------------------------------
 */

/* Reads everything and scores it. */
static void
go_resident(Scorer *scorer, bool want_hidden)
{
	CachedModel *cached = scorer->cached;
	const Graph *graph = cached->graph;
	MemoryContext old;
	FeatureTable **tables;
	bool	   *wanted;

	live_state_close(&scorer->live);
	if (scorer->resident_cxt != NULL)
		MemoryContextDelete(scorer->resident_cxt);
	scorer->resident = false;
	scorer->resident_cxt = AllocSetContextCreate(scorer->cxt, "sage resident", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scorer->resident_cxt);
	tables = palloc0(graph->nnode_types * sizeof(FeatureTable *));
	wanted = palloc0(Max(graph->nrelations, 1) * sizeof(bool));
	for (int r = 0; r < graph->nrelations; r++)
	{
		for (int layer = 1; layer <= cached->spec->layers; layer++)
			wanted[r] |= model_relation(cached->model, layer, r) != NULL;
	}
	scorer->store = store_open_resident(graph, cached->plans, make_readers(cached, tables, true),
										cached->spec->seed, wanted, scorer->resident_cxt);
	model_forward_table(cached->model, scorer->store, tables, cached->spec->fanout, scorer->at, want_hidden, &scorer->all);
	model_activate(cached->spec, scorer->all.logits, scorer->all.rows);
	scorer->resident = true;
	MemoryContextSwitchTo(old);
}

static void
score_resident(Scorer *scorer, const Datum *keys, int64 n, float *outputs, float *hidden, bool *found)
{
	const ModelSpec *spec = scorer->cached->spec;
	const ModelOutput *all = &scorer->all;

	for (int64 i = 0; i < n; i++)
	{
		int32		node;

		store_find(scorer->store, spec->node_type, &keys[i], 1, &node);
		found[i] = node >= 0;
		if (node >= 0 && outputs != NULL)
			memcpy(outputs + i * all->outputs, all->logits + node * all->outputs, all->outputs * sizeof(float));
		if (node >= 0 && hidden != NULL)
			memcpy(hidden + i * all->hidden_width, all->hidden + node * all->hidden_width,
				   all->hidden_width * sizeof(float));
	}
}

/* ------------------------------------------------------------------------
 * Choosing
 * ------------------------------------------------------------------------
 */

static bool
resident_pays(const Scorer *scorer, int64 n)
{
	if (scorer->access != ACCESS_AUTO)
		return scorer->access == ACCESS_RESIDENT;
	return scorer->live_seconds + (n - 1) * LIVE_KEY_SECONDS > scorer->cached->load_cost;
}

void
scorer_score(Scorer *scorer, const Datum *keys, int64 n, float *outputs, float *hidden, bool *found)
{
	const ModelSpec *spec = scorer->cached->spec;
	MemoryContext call_cxt,
				old;
	double		begin;

	if (n == 0)
		return;
	if (scorer->resident && (hidden == NULL || scorer->all.hidden != NULL))
	{
		score_resident(scorer, keys, n, outputs, hidden, found);
		return;
	}

	scorer_enter(scorer);
	if (scorer->resident || resident_pays(scorer, n))
	{
		/* once somebody has asked for embeddings they are kept beside the scores */
		go_resident(scorer, hidden != NULL);
		score_resident(scorer, keys, n, outputs, hidden, found);
		scorer_leave(scorer);
		return;
	}
	begin = seconds_now();
	call_cxt = AllocSetContextCreate(scorer->cxt, "sage score", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(call_cxt);
	for (int64 from = 0; from < n; from += LIVE_BATCH)
	{
		score_live(scorer, keys + from, Min(LIVE_BATCH, n - from),
				   outputs != NULL ? outputs + from * spec->noutputs : NULL,
				   hidden != NULL ? hidden + from * spec->hidden : NULL, found + from);
		MemoryContextReset(call_cxt);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(call_cxt);
	scorer->live_seconds += seconds_now() - begin;
	scorer_leave(scorer);
}

/*
 * Each key as of a time of its own: sampled from whichever store is cheaper,
 * because what is computed for one time is of no use for another.  Equal
 * pairs of key and time must not come twice.
 */
void
scorer_score_timed(Scorer *scorer, const Datum *keys, const TimestampTz *times, int64 n, float *outputs, bool *found)
{
	const ModelSpec *spec = scorer->cached->spec;
	MemoryContext call_cxt = AllocSetContextCreate(scorer->cxt, "sage score", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(call_cxt);
	int32	   *nodes = memory_alloc(n, sizeof(int32));
	int32	   *seeds = memory_alloc(LIVE_BATCH, sizeof(int32));
	TimestampTz *seed_times = memory_alloc(LIVE_BATCH, sizeof(TimestampTz));
	int64	   *rows = memory_alloc(LIVE_BATCH, sizeof(int64));
	float	   *results = memory_alloc((int64) LIVE_BATCH * spec->noutputs, sizeof(float));
	LiveState	state = {NULL};

	scorer_enter(scorer);
	live_state_open(&state, scorer, call_cxt);
	if (resident_pays(scorer, n))
		state.store = store_open_resident(scorer->cached->graph, scorer->cached->plans,
										  make_readers(scorer->cached, state.tables, true), spec->seed, NULL, call_cxt);
	store_find(state.store, spec->node_type, keys, n, nodes);
	for (int64 from = 0; from < n;)
	{
		int64		nseeds = 0;

		for (; from < n && nseeds < LIVE_BATCH; from++)
		{
			found[from] = nodes[from] >= 0;
			if (!found[from])
				continue;
			seeds[nseeds] = nodes[from];
			seed_times[nseeds] = times[from];
			rows[nseeds++] = from;
		}
		if (nseeds == 0)
			continue;
		live_state_score(&state, scorer, seeds, seed_times, nseeds, results, NULL);
		for (int64 i = 0; i < nseeds; i++)
			memcpy(outputs + rows[i] * spec->noutputs, results + i * spec->noutputs, spec->noutputs * sizeof(float));
	}
	scorer_leave(scorer);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(call_cxt);
}
