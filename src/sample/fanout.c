/*
 * fanout.c
 *		How many neighbors: reading the option "fanout".
 *
 * Three forms are understood: 10 (every hop and relation), [10, 5] (hop 1
 * next to the seeds, hop 2), and {"follows": [15, 10], "default": [5, 5]}.
 * The name of an edge type stands for both its directions, unless the
 * reverse one is named as well.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "base/options.h"
#include "sample/fanout.h"

#define DEFAULT_NAME	"default"

/* Where an element of the option stands, for messages. */
static void
fanout_error(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 errhint("%s", hint)));
}

static int
fanout_number(const JsonbValue *value)
{
	int			count = 0;
	bool		range_ok = false;

	if (value->type == jbvNumeric)
	{
		double		number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
															NumericGetDatum(value->val.numeric)));

		range_ok = number >= -1 && number <= FANOUT_MAX && number == (int) number;
		count = range_ok ? (int) number : 0;
	}
	if (!range_ok)
		fanout_error(psprintf("fanout must be made of whole numbers from -1 to %d", FANOUT_MAX),
					 "0 turns a relation off, -1 takes all neighbors.");
	return count;
}

/* The number of elements of an array; 1 for a plain number. */
static int
fanout_length(const JsonbValue *value)
{
	if (value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data))
		return JsonContainerSize(value->val.binary.data);
	return 1;
}

/*
 * How many hops the option speaks of; 0 if it does not say (a plain number).
 */
int
fanout_hops(JsonbValue *value)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	element;

	if (value == NULL || value->type != jbvBinary)
		return 0;
	if (JsonContainerIsArray(value->val.binary.data))
		return fanout_length(value);
	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token == WJB_VALUE && element.type == jbvBinary)
			return fanout_length(&element);
	}
	return 0;
}

/* Sets one relation's counts from a number or an array of nhops numbers. */
static void
fanout_set(Fanout *fanout, int relation, const JsonbValue *value)
{
	int			length = fanout_length(value);

	if (value->type == jbvBinary && !JsonContainerIsArray(value->val.binary.data))
		fanout_error("fanout must be a number, an array, or an object of relations",
					 "For example: {\"fanout\": [10, 10]} or {\"fanout\": {\"follows\": [15, 10], \"default\": [5, 5]}}.");
	if (value->type == jbvBinary && length != fanout->nhops)
		fanout_error(length == 0 ? "fanout must not be empty" :
					 psprintf("fanout has %d hops, but the model has %d layers", length, fanout->nhops),
					 "Give one number a layer, the first for the neighbors of the seed.");
	for (int hop = 0; hop < fanout->nhops; hop++)
		fanout->counts[hop * fanout->nrelations + relation] = value->type != jbvBinary ? fanout_number(value) :
			fanout_number(getIthJsonbValueFromContainer(value->val.binary.data, hop));
}

static void
fanout_unknown(const Graph *graph, const char *name)
{
	const char **names = palloc((graph->nrelations + 1) * sizeof(char *));
	const char *nearest;
	StringInfoData all;

	initStringInfo(&all);
	for (int r = 0; r < graph->nrelations; r++)
	{
		names[r] = graph->relations[r].name;
		appendStringInfo(&all, "%s\"%s\"", r > 0 ? ", " : "", names[r]);
	}
	nearest = options_nearest(name, names, graph->nrelations);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("fanout names an unknown relation \"%s\"", name),
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) :
			 errhint("The relations of the graph are %s.", all.data)));
}

/* {"relation": counts, ..., "default": counts} */
static void
fanout_read_object(Fanout *fanout, const Graph *graph, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key,
				value;
	bool	   *named = palloc0(graph->nrelations * sizeof(bool));
	JsonbValue *other = getKeyJsonValueFromContainer(object, DEFAULT_NAME, strlen(DEFAULT_NAME), NULL);

	/* relations by their own name first, then edge types for both directions */
	for (int pass = 0; pass < 2; pass++)
	{
		it = JsonbIteratorInit(object);
		while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		{
			char	   *name;
			int			relation;

			if (token != WJB_KEY)
				continue;
			name = pnstrdup(key.val.string.val, key.val.string.len);
			(void) JsonbIteratorNext(&it, &value, true);
			relation = graph_find_relation(graph, name);
			if (relation < 0 && strcmp(name, DEFAULT_NAME) != 0)
				fanout_unknown(graph, name);
			if (relation < 0)
				continue;
			if (pass == 0)
			{
				fanout_set(fanout, relation, &value);
				named[relation] = true;
				continue;
			}
			for (int r = 0; r < graph->nrelations; r++)
			{
				if (!named[r] && graph->relations[r].edge_type == graph->relations[relation].edge_type)
				{
					fanout_set(fanout, r, &value);
					named[r] = true;
				}
			}
		}
	}
	for (int r = 0; r < graph->nrelations && other != NULL; r++)
	{
		if (!named[r])
			fanout_set(fanout, r, other);
	}
}

static Fanout *
fanout_create(const Graph *graph, int nhops, int count)
{
	Fanout	   *fanout = palloc0(sizeof(Fanout));

	fanout->nhops = nhops;
	fanout->nrelations = graph->nrelations;
	fanout->counts = palloc(Max(nhops * graph->nrelations, 1) * sizeof(int));
	for (int i = 0; i < nhops * graph->nrelations; i++)
		fanout->counts[i] = count;
	return fanout;
}

/* Nobody has neighbors: the features-only model. */
Fanout *
fanout_off(const Graph *graph, int nhops)
{
	return fanout_create(graph, nhops, 0);
}

/*
 * How many nodes a seed may draw in, at the most.  What no memory could hold
 * is refused here, before anything is allocated.
 */
void
fanout_check_size(const Fanout *fanout)
{
	double		nodes = 1;

	for (int hop = 0; hop < fanout->nhops; hop++)
	{
		double		each = 0;

		for (int r = 0; r < fanout->nrelations; r++)
			each = Max(each, fanout->counts[hop * fanout->nrelations + r]);
		nodes *= 1 + each;
	}
	if (nodes > 1e8)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("fanout asks for up to %.0f nodes for one seed", nodes),
				 errhint("Use smaller numbers, or -1 for all neighbors.")));
}

/*
 * The option's value for a graph and a number of hops; NULL, and relations
 * that an object does not speak of: FANOUT_UNSET, for fanout_fill().
 */
Fanout *
fanout_read(const Graph *graph, JsonbValue *value, int nhops)
{
	Fanout	   *fanout = fanout_create(graph, nhops, FANOUT_UNSET);

	if (value == NULL)
		return fanout;
	if (value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data))
		fanout_read_object(fanout, graph, value->val.binary.data);
	else
	{
		for (int r = 0; r < graph->nrelations; r++)
			fanout_set(fanout, r, value);
	}
	fanout_check_size(fanout);
	return fanout;
}

Fanout *
fanout_copy(const Fanout *fanout)
{
	Fanout	   *copy = palloc(sizeof(Fanout));
	Size		size = Max(fanout->nhops * fanout->nrelations, 1) * sizeof(int);

	*copy = *fanout;
	copy->counts = palloc(size);
	memcpy(copy->counts, fanout->counts, size);
	return copy;
}

/* What is taken by default where nodes have so many neighbors on average. */
int
fanout_default(double mean_degree, bool training)
{
	return training ? (int) Min(Max(mean_degree / 3, FANOUT_DEFAULT), FANOUT_MAX_TRAIN) :
		(int) Min(Max(mean_degree / 1.5, FANOUT_DEFAULT), FANOUT_MAX_SCORE);
}

/* Sets what the option left open for a relation. */
void
fanout_fill(Fanout *fanout, int relation, int count)
{
	for (int hop = 0; hop < fanout->nhops; hop++)
	{
		int		   *place = &fanout->counts[hop * fanout->nrelations + relation];

		if (*place == FANOUT_UNSET)
			*place = count;
	}
}

/* hop counts from 1, next to the seeds */
int
fanout_count(const Fanout *fanout, int hop, int relation)
{
	return fanout->counts[(hop - 1) * fanout->nrelations + relation];
}

/* As JSON, every relation by its name: what is stored with the model. */
char *
fanout_text(const Fanout *fanout, const Graph *graph)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	for (int r = 0; r < fanout->nrelations; r++)
	{
		if (r > 0)
			appendStringInfoString(&text, ", ");
		escape_json(&text, graph->relations[r].name);
		appendStringInfoString(&text, ": [");
		for (int hop = 1; hop <= fanout->nhops; hop++)
			appendStringInfo(&text, "%s%d", hop > 1 ? ", " : "", fanout_count(fanout, hop, r));
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoChar(&text, '}');
	return text.data;
}
