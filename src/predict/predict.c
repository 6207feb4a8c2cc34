/*
 * predict.c
 *		Scores for keys: live first, resident when that becomes cheaper.
 *
 * A function that is called once a row does not know how many rows will come.
 * So a scorer begins by asking the tables about each key, and once it has
 * spent on that what reading and scoring everything would cost, it does just
 * that and answers from then on by look-up: never more than about twice the
 * best that could have been done.  Where the planner expects many calls
 * (score_calls.c) it does so at once.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/guc.h"
#include "base/memory.h"
#include "predict/scorer_internal.h"

/* One key by itself, in seconds, before anything was measured. */
#define LIVE_KEY_SECONDS	0.0002

/*
 * The planner's word is taken for so many times more calls than would pay:
 * when it is wrong, more is lost by reading everything than by not doing so.
 */
#define EXPECTED_MARGIN		2

/* How much longer reading and scoring everything takes when most of it lies in files. */
#define SPILL_FACTOR		3

/* Keys sampled at a time. */
#define LIVE_BATCH			1024

/*
 * The time as of which a scorer scores.  Without one everything counts, but a
 * model that looks back over a window must know from when.
 */
static TimestampTz
scorer_time(const Scorer *scorer)
{
	if (scorer->at == STORE_ALWAYS && scorer->cached->spec->time_window > 0)
		return GetCurrentTransactionStartTimestamp();
	return scorer->at;
}

/* Rows at the time itself count if the model says so, and if that time is now. */
static bool
scorer_inclusive(const Scorer *scorer)
{
	return scorer->cached->spec->time_inclusive || scorer_time(scorer) != scorer->at;
}

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

/*
 * Readers that fill tables.  An estimate of the rows may be far off: no more
 * than a quarter of what is allowed is taken on its word.
 */
static NodeReader *
make_readers(const CachedModel *cached, FeatureTable **tables, bool expect_all)
{
	NodeReader *readers = palloc0(graph_table_count(cached->graph) * sizeof(NodeReader));

	for (int t = 0; t < graph_table_count(cached->graph); t++)
	{
		const FeatureSet *set = cached->spec->features[t];
		int64		expected = 0;

		if (set == NULL)
			continue;
		if (expect_all)
			expected = Min(graph_estimate_rows(graph_table_relid(cached->graph, t)),
						   guc_max_memory * INT64CONST(256) / (feature_dense_width(set) * sizeof(float) + 64));
		tables[t] = feature_table_create(set, expected, CurrentMemoryContext);
		readers[t].row = feature_table_row;
		readers[t].hash = feature_table_hash;
		readers[t].end = feature_table_trim;
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
	live->resident = false;
	old = MemoryContextSwitchTo(live->cxt);
	live->tables = palloc0(graph_table_count(cached->graph) * sizeof(FeatureTable *));
	live->store = store_open_live(cached->graph, cached->plans, make_readers(cached, live->tables, false),
								  cached->spec->seed, cached->spec->pick, live->cxt);
	MemoryContextSwitchTo(old);
}

void
live_state_close(LiveState *live)
{
	if (live->cxt != NULL)
		MemoryContextDelete(live->cxt);
	live->cxt = NULL;
}

/* Opens the scorer's own live store, anew once it has become large. */
static void
live_state_bound(Scorer *scorer)
{
	if (scorer->live.cxt != NULL && !scorer->live.resident &&
		MemoryContextMemAllocated(scorer->live.cxt, true) > (Size) guc_max_memory * 1024 / 2)
		live_state_close(&scorer->live);
	if (scorer->live.cxt == NULL)
		live_state_open(&scorer->live, scorer, scorer->cxt);
}

/* One batch of live_state_score(). */
static void
live_state_batch(LiveState *live, Scorer *scorer, const int32 *seeds, const TimestampTz *times, int64 n,
				 const SampleOptions *options, float *outputs, float *hidden)
{
	const ModelSpec *spec = scorer->cached->spec;
	ForwardOptions forward = {.now = GetCurrentTransactionStartTimestamp()};
	Sample	   *sample;
	Tensor	   *logits,
			   *last;

	sample = neighbor_sample(live->store, scorer->cached->graph, spec->node_type, seeds, times, n, options);
	logits = model_forward(scorer->cached->model, scorer->tape, sample, live->tables, &forward, &last);
	if (outputs != NULL)
	{
		memcpy(outputs, logits->data, n * spec->noutputs * sizeof(float));
		model_activate(spec, outputs, n);
	}
	if (hidden != NULL)
		memcpy(hidden, last->data, n * spec->hidden * sizeof(float));
	tape_reset(scorer->tape);
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
	SampleOptions options = {
		.fanout = spec->fanout,
		.inclusive = scorer_inclusive(scorer),
		.window = spec->time_window,
		.adaptive = spec->sampling == SAMPLING_ADAPTIVE
	};
	TimestampTz at = scorer_time(scorer);
	TimestampTz *times = NULL;
	MemoryContext batch_cxt = AllocSetContextCreate(live->cxt, "sage batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = CurrentMemoryContext;
	int64		batch = neighbor_batch(scorer->cached->graph, spec->node_type, &options, n);

	if (scorer->tape == NULL)
		scorer->tape = tape_create(scorer->cxt, false);
	for (int64 from = 0; from < n; from += batch)
	{
		int64		count = Min(batch, n - from);

		MemoryContextSwitchTo(batch_cxt);
		if (seed_times == NULL && at != STORE_ALWAYS)
		{
			times = palloc(count * sizeof(TimestampTz));
			for (int64 i = 0; i < count; i++)
				times[i] = at;
		}
		live_state_batch(live, scorer, seeds + from, seed_times != NULL ? seed_times + from : times, count, &options,
						 outputs != NULL ? outputs + from * spec->noutputs : NULL,
						 hidden != NULL ? hidden + from * spec->hidden : NULL);
		MemoryContextReset(batch_cxt);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(batch_cxt);
}

/* The score of one key from the tables. */
static void
score_live_one(Scorer *scorer, const Datum *key, float *outputs, float *hidden, bool *found)
{
	int32		node;

	store_find(scorer->live.store, scorer->cached->spec->node_type, key, 1, &node);
	*found = node >= 0;
	if (node >= 0)
		live_state_score(&scorer->live, scorer, &node, NULL, 1, outputs, hidden);
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

/*
 * Reads everything and scores it.  arg: whether embeddings are wanted, too
 * (bool *).  What was read goes again; the keys and the outputs stay.
 */
static void
go_resident(Scorer *scorer, void *arg)
{
	bool		want_hidden = *(bool *) arg;
	const CachedModel *cached = scorer->cached;
	const Graph *graph = cached->graph;
	ForwardTime time = {
		.at = scorer_time(scorer), .inclusive = scorer_inclusive(scorer), .now = GetCurrentTransactionStartTimestamp()
	};
	MemoryContext cxt,
				old;
	TableScores *all;
	GraphStore *store;
	FeatureTable **tables;
	bool	   *wanted;

	live_state_close(&scorer->live);
	if (scorer->all != NULL)
		MemoryContextDelete(scorer->all->cxt);
	scorer->all = NULL;
	keep_drop();
	scorer->loading = cxt = AllocSetContextCreate(scorer->cxt, "sage scores", ALLOCSET_DEFAULT_SIZES);
	all = MemoryContextAllocZero(cxt, sizeof(TableScores));
	all->cxt = cxt;
	cxt = AllocSetContextCreate(cxt, "sage resident", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(cxt);
	tables = palloc0(graph_table_count(graph) * sizeof(FeatureTable *));
	wanted = palloc0(Max(graph->nrelations, 1) * sizeof(bool));
	for (int r = 0; r < graph->nrelations; r++)
	{
		for (int layer = 1; layer <= cached->spec->layers; layer++)
			wanted[r] |= model_relation(cached->model, layer, r) != NULL;
	}
	store = store_open_resident(graph, cached->plans, make_readers(cached, tables, true), cached->spec->seed,
								cached->spec->pick, wanted, false, cxt);
	MemoryContextSwitchTo(all->cxt);
	model_forward_table(cached->model, store, tables, cached->spec->fanout, &time, want_hidden, &all->output);
	model_activate(cached->spec, all->output.logits, all->output.rows);
	all->nodes = store_take_nodes(store, cached->spec->node_type, all->cxt);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	all->lasting = keep_allowed(scorer);
	scorer->all = all;
	scorer->loading = NULL;
}

static void
score_resident(const TableScores *all, const Datum *keys, int64 n, float *outputs, float *hidden, bool *found)
{
	const ModelOutput *output = &all->output;

	for (int64 i = 0; i < n; i++)
	{
		int64		node = idmap_find(all->nodes, keys[i]);

		found[i] = node >= 0;
		if (node >= 0 && outputs != NULL)
			memcpy(outputs + i * output->outputs, output->logits + node * output->outputs,
				   output->outputs * sizeof(float));
		if (node >= 0 && hidden != NULL)
			memcpy(hidden + i * output->hidden_width, output->hidden + node * output->hidden_width,
				   output->hidden_width * sizeof(float));
	}
}

/* ------------------------------------------------------------------------
 * Choosing
 * ------------------------------------------------------------------------
 */

/* The seconds that scoring n keys, and what is expected to follow, will take if it goes on live. */
static double
live_cost(const Scorer *scorer, int64 n)
{
	return Max(scorer->live_seconds + (n - 1) * LIVE_KEY_SECONDS,
			   scorer->calls_expected * n * LIVE_KEY_SECONDS / EXPECTED_MARGIN);
}

/*
 * Whether to read and score everything, now that n keys are asked for.  What
 * memory has no room for goes through files, which takes longer.
 */
static bool
resident_pays(const Scorer *scorer, int64 n)
{
	const CachedModel *cached = scorer->cached;
	bool		fits = cached->load_bytes * 2 <= guc_max_memory * 1024.0;

	if (scorer->access != ACCESS_AUTO)
		return scorer->access == ACCESS_RESIDENT;
	return !scorer->resident_failed && live_cost(scorer, n) > cached->load_cost * (fits ? 1 : SPILL_FACTOR);
}

/* True if an error says something about the tables' rows, or about room in memory or on disk. */
static bool
error_is_of_rows(int sqlerrcode)
{
	int			category = ERRCODE_TO_CATEGORY(sqlerrcode);

	return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_CARDINALITY_VIOLATION ||
		category == ERRCODE_PROGRAM_LIMIT_EXCEEDED || sqlerrcode == ERRCODE_CONFIGURATION_LIMIT_EXCEEDED ||
		sqlerrcode == ERRCODE_DISK_FULL;
}

/*
 * Reads everything, by "load".  One row that cannot be encoded, or a table
 * that has grown beyond what was estimated, would make this fail where asking
 * about a few keys does not; and which of the two is done depends on the
 * clock.  So if the choice was ours, such an error is no error: false, and the
 * scorer stays live.
 */
static bool
load_resident(Scorer *scorer, void (*load) (Scorer *scorer, void *arg), void *arg)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	if (scorer->access != ACCESS_AUTO || IsInParallelMode())
	{
		load(scorer, arg);
		return true;
	}
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		load(scorer, arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(cxt);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		CurrentResourceOwner = owner;
		if (!error_is_of_rows(error->sqlerrcode))
			ReThrowError(error);
		scorer->resident_failed = true;
		if (scorer->loading != NULL)
			MemoryContextDelete(scorer->loading);
		scorer->loading = NULL;
		ereport(WARNING,
				(errmsg("could not read all of graph \"%s\", each node is scored by itself", scorer->cached->graph->name),
				 errdetail_internal("%s", error->message)));
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(cxt);
	CurrentResourceOwner = owner;
	return !scorer->resident_failed;
}

/* A resident store in place of the live one (arg: LiveState *). */
static void
open_resident(Scorer *scorer, void *arg)
{
	LiveState  *state = arg;
	const CachedModel *cached = scorer->cached;
	MemoryContext old = MemoryContextSwitchTo(state->cxt);

	state->store = store_open_resident(cached->graph, cached->plans, make_readers(cached, state->tables, true),
									   cached->spec->seed, cached->spec->pick, NULL, false, state->cxt);
	state->resident = true;
	MemoryContextSwitchTo(old);
}

/*
 * Where which neighbors a node has depends on the seed, nothing can be
 * computed for all nodes at once: each seed is sampled for, from memory once
 * that is cheaper.
 */
static void
sample_resident(Scorer *scorer)
{
	live_state_close(&scorer->live);
	live_state_open(&scorer->live, scorer, scorer->cxt);
	if (!load_resident(scorer, open_resident, &scorer->live))
		live_state_close(&scorer->live);
}

void
scorer_score(Scorer *scorer, const Datum *keys, int64 n, float *outputs, float *hidden, bool *found)
{
	const ModelSpec *spec = scorer->cached->spec;
	MemoryContext call_cxt,
				old;
	bool		want_hidden = hidden != NULL;
	bool		by_seed = spec->sampling == SAMPLING_ADAPTIVE;
	double		begin;

	if (n == 0)
		return;
	if (scorer->all != NULL && (hidden == NULL || scorer->all->output.hidden != NULL))
	{
		score_resident(scorer->all, keys, n, outputs, hidden, found);
		return;
	}

	scorer_enter(scorer);
	/* once somebody has asked for embeddings they are kept beside the scores */
	if (!by_seed && (scorer->all != NULL || resident_pays(scorer, n)) && load_resident(scorer, go_resident, &want_hidden))
	{
		score_resident(scorer->all, keys, n, outputs, hidden, found);
		scorer_leave(scorer);
		return;
	}
	if (by_seed && !scorer->live.resident && resident_pays(scorer, n))
		sample_resident(scorer);
	begin = seconds_now();
	call_cxt = AllocSetContextCreate(scorer->cxt, "sage score", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(call_cxt);
	for (int64 from = 0; from < n; from += LIVE_BATCH)
	{
		float	   *batch_outputs = outputs != NULL ? outputs + from * spec->noutputs : NULL;
		float	   *batch_hidden = hidden != NULL ? hidden + from * spec->hidden : NULL;

		live_state_bound(scorer);
		if (n == 1)
			score_live_one(scorer, keys, batch_outputs, batch_hidden, found);
		else
			score_live(scorer, keys + from, Min(LIVE_BATCH, n - from), batch_outputs, batch_hidden, found + from);
		MemoryContextReset(call_cxt);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(call_cxt);
	scorer->live_seconds += seconds_now() - begin;
	scorer_leave(scorer);
}

/* A key to be scored as of a time: found, and where its outputs go. */
typedef struct TimedSeed
{
	int32		node;
	int32		place;			/* in its batch */
	TimestampTz time;
	int64		row;
} TimedSeed;

static inline int
timed_seed_compare(const TimedSeed *x, const TimedSeed *y)
{
	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return (x->time > y->time) - (x->time < y->time);
}

#define ST_SORT timed_seeds_sort
#define ST_ELEMENT_TYPE TimedSeed
#define ST_COMPARE(a, b) timed_seed_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* The keys that have a row, sorted so that equal pairs stand together; how many. */
static int64
timed_seeds_find(LiveState *state, int type, const Datum *keys, const TimestampTz *times, int64 n,
				 TimedSeed *timed, bool *found)
{
	int32	   *nodes = memory_alloc(n, sizeof(int32));
	int64		nfound = 0;

	store_find(state->store, type, keys, n, nodes);
	for (int64 i = 0; i < n; i++)
	{
		found[i] = nodes[i] >= 0;
		if (!found[i])
			continue;
		timed[nfound].node = nodes[i];
		timed[nfound].time = times[i];
		timed[nfound++].row = i;
	}
	pfree(nodes);
	timed_seeds_sort(timed, nfound);
	return nfound;
}

/*
 * Each key as of a time of its own: sampled from whichever store is cheaper,
 * because what is computed for one time is of no use for another.  Equal
 * pairs of key and time are scored once.
 */
void
scorer_score_timed(Scorer *scorer, const Datum *keys, const TimestampTz *times, int64 n, float *outputs, bool *found)
{
	const ModelSpec *spec = scorer->cached->spec;
	MemoryContext call_cxt = AllocSetContextCreate(scorer->cxt, "sage score", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(call_cxt);
	TimedSeed  *timed = memory_alloc(n, sizeof(TimedSeed));
	int32	   *seeds = memory_alloc(LIVE_BATCH, sizeof(int32));
	TimestampTz *seed_times = memory_alloc(LIVE_BATCH, sizeof(TimestampTz));
	float	   *results = memory_alloc((int64) LIVE_BATCH * spec->noutputs, sizeof(float));
	LiveState	state = {NULL};
	int64		nfound,
				to;

	scorer_enter(scorer);
	live_state_open(&state, scorer, call_cxt);
	if (resident_pays(scorer, n) && !load_resident(scorer, open_resident, &state))
	{
		live_state_close(&state);
		live_state_open(&state, scorer, call_cxt);
	}
	nfound = timed_seeds_find(&state, spec->node_type, keys, times, n, timed, found);
	for (int64 from = 0; from < nfound; from = to)
	{
		int			nseeds = 0;

		for (to = from; to < nfound; to++)
		{
			if (to == from || timed_seed_compare(&timed[to - 1], &timed[to]) != 0)
			{
				if (nseeds == LIVE_BATCH)
					break;
				seeds[nseeds] = timed[to].node;
				seed_times[nseeds++] = timed[to].time;
			}
			timed[to].place = nseeds - 1;
		}
		live_state_score(&state, scorer, seeds, seed_times, nseeds, results, NULL);
		for (int64 i = from; i < to; i++)
			memcpy(outputs + timed[i].row * spec->noutputs, results + (int64) timed[i].place * spec->noutputs,
				   spec->noutputs * sizeof(float));
	}
	scorer_leave(scorer);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(call_cxt);
}
