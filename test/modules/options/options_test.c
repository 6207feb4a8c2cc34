/*
 * options_test.c
 *		The options reader with a table that has one option of each kind.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/compat.h"
#include "base/options.h"

PG_MODULE_MAGIC;

typedef struct Settings
{
	bool		quiet;
	int			epochs;
	int			layers;
	int64		seed;
	double		rate;
	double		dropout;
	double		scale;
	char	   *name;
	char	   *comment;
	int			deploy;
	int			metric;
	JsonbValue *split;
	JsonbValue *fanout;
	int			guard;			/* described by no option */
} Settings;

static const char *const deploys[] = {"always", "if_better", "never", NULL};
static const char *const metrics[] = {"auroc", "accuracy", NULL};

#define FIELD(name) offsetof(Settings, name)

static const OptionDef defs[] = {
	{.name = "quiet", .type = OPTION_BOOL, .value = "true", .offset = FIELD(quiet), .description = "says nothing"},
	{.name = "epochs", .type = OPTION_INT, .value = "200", .min = 1, .max = 1000, .offset = FIELD(epochs)},
	{.name = "layers", .type = OPTION_INT, .offset = FIELD(layers)},
	{.name = "seed", .type = OPTION_INT64, .value = "-7", .offset = FIELD(seed)},
	{.name = "learning_rate", .type = OPTION_FLOAT, .value = "0.01", .min = 0, .max = INFINITY, .offset = FIELD(rate)},
	{.name = "dropout", .type = OPTION_FLOAT, .min = 0, .max = 0.95, .offset = FIELD(dropout)},
	{.name = "scale", .type = OPTION_FLOAT, .value = "1", .offset = FIELD(scale)},
	{.name = "name", .type = OPTION_TEXT, .value = "none", .offset = FIELD(name)},
	{.name = "comment", .type = OPTION_TEXT, .offset = FIELD(comment)},
	{.name = "deploy", .type = OPTION_ENUM, .value = "if_better", .choices = deploys, .offset = FIELD(deploy)},
	{.name = "metric", .type = OPTION_ENUM, .choices = metrics, .offset = FIELD(metric)},
	{.name = "split", .type = OPTION_LIST, .value = "[0.8, 0.1, 0.1]", .offset = FIELD(split)},
	{.name = "fanout", .type = OPTION_JSON, .offset = FIELD(fanout)},
};

#define GUARD	12345

static char *
read_and_write(Jsonb *given, Settings *settings)
{
	settings->guard = GUARD;
	options_read(defs, lengthof(defs), given, settings);
	if (settings->guard != GUARD)
		elog(ERROR, "a field of no option was changed");
	return options_write(defs, lengthof(defs), settings);
}

/* What was read, written again; the argument is gone by then. */
PG_FUNCTION_INFO_V1(options_test_read);
Datum
options_test_read(PG_FUNCTION_ARGS)
{
	Jsonb	   *given = PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P_COPY(0);
	Settings	settings;

	settings.guard = GUARD;
	options_read(defs, lengthof(defs), given, &settings);
	if (given != NULL)
	{
		memset(given, 0x7F, VARSIZE_ANY(given));
		pfree(given);
	}
	PG_RETURN_TEXT_P(cstring_to_text(options_write(defs, lengthof(defs), &settings)));
}

/* Whether what is written reads as the same, to the bit. */
PG_FUNCTION_INFO_V1(options_test_round_trip);
Datum
options_test_round_trip(PG_FUNCTION_ARGS)
{
	Settings	first;
	Settings	second;
	char	   *written = read_and_write(PG_GETARG_JSONB_P(0), &first);
	Jsonb	   *again = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(written)));
	char	   *rewritten = read_and_write(again, &second);

	PG_RETURN_BOOL(strcmp(written, rewritten) == 0 &&
				   memcmp(&first.rate, &second.rate, sizeof(double)) == 0 &&
				   memcmp(&first.scale, &second.scale, sizeof(double)) == 0 &&
				   first.seed == second.seed);
}

/* Whether options without a default are marked as unset. */
PG_FUNCTION_INFO_V1(options_test_unset);
Datum
options_test_unset(PG_FUNCTION_ARGS)
{
	Settings	settings;

	options_read(defs, lengthof(defs), NULL, &settings);
	PG_RETURN_BOOL(settings.layers == OPTION_UNSET && isnan(settings.dropout) &&
				   settings.comment == NULL && settings.metric == OPTION_UNSET && settings.fanout == NULL);
}

/* An empty table of options. */
PG_FUNCTION_INFO_V1(options_test_none);
Datum
options_test_none(PG_FUNCTION_ARGS)
{
	options_read(NULL, 0, PG_GETARG_JSONB_P(0), NULL);
	PG_RETURN_TEXT_P(cstring_to_text(options_write(NULL, 0, NULL)));
}

static void
put_row(void *arg, const OptionInfo *info)
{
	ReturnSetInfo *result = arg;
	const char *texts[] = {info->name, info->type, info->value, info->range, info->description};
	Datum		values[lengthof(texts)];
	bool		nulls[lengthof(texts)];

	for (int i = 0; i < (int) lengthof(texts); i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(options_test_rows);
Datum
options_test_rows(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	options_rows(defs, lengthof(defs), put_row, fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(options_test_nearest);
Datum
options_test_nearest(PG_FUNCTION_ARGS)
{
	char	   *given = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum	   *elements;
	int			n;
	const char **names;
	const char *nearest;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	names = palloc(sizeof(char *) * Max(n, 1));
	for (int i = 0; i < n; i++)
		names[i] = TextDatumGetCString(elements[i]);
	nearest = options_nearest(given, names, n);
	if (nearest == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(nearest));
}
