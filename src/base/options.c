/*
 * options.c
 *		The strict reader of an "options jsonb" argument.
 *
 * A misspelled option that is silently ignored costs its user a training, so
 * everything that is not understood is an error that names what would be.
 * All of them are ERRCODE_INVALID_PARAMETER_VALUE.
 *
 * Texts and JSON values that reach the target are copies in the memory
 * context of the call; nothing points into the argument.
 */
#include "postgres.h"

#include <math.h>

#include "base/compat.h"
#include "base/options.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

/* A wrong value is quoted in the message up to this many bytes. */
#define OPTION_QUOTED	64

#define FIELD(type, def, target) (*(type *) ((char *) (target) + (def)->offset))
#define FIELD_CONST(type, def, target) (*(const type *) ((const char *) (target) + (def)->offset))

static const char *const type_names[] = {
	"boolean", "integer", "integer", "float", "text", "enum", "list", "json"
};

static const char *const type_phrases[] = {
	"true or false", "an integer", "an integer", "a number", "a string", "a string", "an array", "a JSON value"
};

static const char *
value_phrase(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvBool:
			return "a boolean";
		case jbvNumeric:
			return "a number";
		case jbvBinary:
			return JsonContainerIsArray(value->val.binary.data) ? "an array" : "an object";
		default:
			return "a string";
	}
}

/* A C string of at most OPTION_QUOTED bytes, marked when it was cut. */
static char *
quotable(const char *text, int len)
{
	int			keep = pg_mbcliplen(text, len, OPTION_QUOTED);

	return psprintf("%.*s%s", keep, text, keep < len ? "..." : "");
}

static char *
quotable_number(Numeric number)
{
	char	   *text = numeric_normalize(number);

	return quotable(text, strlen(text));
}

static void
wrong_type(const OptionDef *def, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be %s, not %s",
					def->name, type_phrases[def->type], value_phrase(value))));
}

static bool
has_range(const OptionDef *def)
{
	return def->min != 0 || def->max != 0;
}

/* A bound as people write it: whole numbers without an exponent. */
static void
bound_text(const OptionDef *def, double bound, char to[64])
{
	if (def->type == OPTION_FLOAT)
		double_to_shortest_decimal_buf(bound, to);
	else
		snprintf(to, 64, "%.0f", bound);
}

/* The range or the choices for people, or NULL where there is neither. */
static char *
range_text(const OptionDef *def)
{
	StringInfoData buf;
	char		number[64];

	if (def->type == OPTION_ENUM)
	{
		initStringInfo(&buf);
		for (int i = 0; def->choices[i] != NULL; i++)
			appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", def->choices[i]);
		return buf.data;
	}
	if (def->type < OPTION_INT || def->type > OPTION_FLOAT || !has_range(def))
		return NULL;

	initStringInfo(&buf);
	if (isinf(def->min) && isinf(def->max))
		return NULL;
	if (isinf(def->min))
		appendStringInfoString(&buf, "at most ");
	else
	{
		bound_text(def, def->min, number);
		appendStringInfo(&buf, isinf(def->max) ? "at least %s" : "%s to ", number);
	}
	if (!isinf(def->max))
	{
		bound_text(def, def->max, number);
		appendStringInfoString(&buf, number);
	}
	return buf.data;
}

static void
out_of_range(const OptionDef *def, Numeric number)
{
	char	   *range = range_text(def);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("value %s is out of range for option \"%s\"", quotable_number(number), def->name),
			 range ? errdetail("Valid values are %s.", range) :
			 errdetail("The value does not fit into type %s.",
					   def->type == OPTION_INT ? "integer" :
					   def->type == OPTION_INT64 ? "bigint" : "double precision")));
}

static bool
within(const OptionDef *def, double value)
{
	return !has_range(def) || (value >= def->min && value <= def->max);
}

static void
read_float(const OptionDef *def, const JsonbValue *value, void *target)
{
	double		result;

	if (value->type != jbvNumeric)
		wrong_type(def, value);
	/* Unlike numeric_float8(), this gives an infinity for what is too large. */
	result = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
												NumericGetDatum(value->val.numeric)));
	if (isnan(result) || isinf(result) || !within(def, result))
		out_of_range(def, value->val.numeric);
	FIELD(double, def, target) = result;
}

/*
 * An integer, exactly: 10.0 is one, 10.5 is not.  The text of the normalized
 * number decides, because a double would round large ones.
 */
static void
read_int(const OptionDef *def, const JsonbValue *value, void *target)
{
	char	   *text;
	char	   *end;
	long long	result;

	if (value->type != jbvNumeric)
		wrong_type(def, value);
	text = numeric_normalize(value->val.numeric);
	if (strchr(text, '.') != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be an integer, not %s",
						def->name, quotable(text, strlen(text)))));

	errno = 0;
	result = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || !within(def, (double) result))
		out_of_range(def, value->val.numeric);
	if (def->type == OPTION_INT64)
	{
		if (result == OPTION_UNSET64)
			out_of_range(def, value->val.numeric);
		FIELD(int64, def, target) = result;
	}
	else
	{
		if (result <= OPTION_UNSET || result > PG_INT32_MAX)
			out_of_range(def, value->val.numeric);
		FIELD(int, def, target) = (int) result;
	}
}

static int
count_choices(const OptionDef *def)
{
	int			n = 0;

	while (def->choices[n] != NULL)
		n++;
	return n;
}

/* The position of a choice, or -1. */
static int
find_choice(const OptionDef *def, const char *text)
{
	for (int i = 0; def->choices[i] != NULL; i++)
	{
		if (strcmp(def->choices[i], text) == 0)
			return i;
	}
	return -1;
}

static void
read_enum(const OptionDef *def, const JsonbValue *value, void *target)
{
	char	   *text;
	int			choice;
	const char *nearest;

	if (value->type != jbvString)
		wrong_type(def, value);
	text = pnstrdup(value->val.string.val, value->val.string.len);
	choice = find_choice(def, text);
	if (choice < 0)
	{
		nearest = options_nearest(text, def->choices, count_choices(def));
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\": \"%s\"",
						def->name, quotable(text, strlen(text))),
				 errdetail("Valid values are: %s.", range_text(def)),
				 nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	}
	FIELD(int, def, target) = choice;
}

/* What a whole jsonb is: the result points into it. */
static JsonbValue *
root_value(Jsonb *jsonb)
{
	JsonbValue *result;

	/* A scalar is stored wrapped in an array of one. */
	if (JB_ROOT_IS_SCALAR(jsonb))
		return getIthJsonbValueFromContainer(&jsonb->root, 0);
	result = palloc(sizeof(JsonbValue));
	result->type = jbvBinary;
	result->val.binary.data = &jsonb->root;
	result->val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	return result;
}

/* Check a value that is not null, and put it into the target. */
static void
read_value(const OptionDef *def, JsonbValue *value, void *target)
{
	switch (def->type)
	{
		case OPTION_BOOL:
			if (value->type != jbvBool)
				wrong_type(def, value);
			FIELD(bool, def, target) = value->val.boolean;
			break;
		case OPTION_INT:
		case OPTION_INT64:
			read_int(def, value, target);
			break;
		case OPTION_FLOAT:
			read_float(def, value, target);
			break;
		case OPTION_TEXT:
			if (value->type != jbvString)
				wrong_type(def, value);
			FIELD(char *, def, target) = pnstrdup(value->val.string.val, value->val.string.len);
			break;
		case OPTION_ENUM:
			read_enum(def, value, target);
			break;
		case OPTION_LIST:
			if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
				wrong_type(def, value);
			FIELD(JsonbValue *, def, target) = root_value(JsonbValueToJsonb(value));
			break;
		case OPTION_JSON:
			FIELD(JsonbValue *, def, target) = root_value(JsonbValueToJsonb(value));
			break;
	}
}

static void
set_default(const OptionDef *def, void *target)
{
	const char *text = def->value;

	switch (def->type)
	{
		case OPTION_BOOL:
			Assert(strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
			FIELD(bool, def, target) = text[0] == 't';
			break;
		case OPTION_INT:
			FIELD(int, def, target) = text ? (int) strtol(text, NULL, 10) : OPTION_UNSET;
			break;
		case OPTION_INT64:
			FIELD(int64, def, target) = text ? strtoll(text, NULL, 10) : OPTION_UNSET64;
			break;
		case OPTION_FLOAT:
			FIELD(double, def, target) = text ? strtod(text, NULL) : (double) NAN;
			break;
		case OPTION_TEXT:
			FIELD(char *, def, target) = text ? pstrdup(text) : NULL;
			break;
		case OPTION_ENUM:
			Assert(text == NULL || find_choice(def, text) >= 0);
			FIELD(int, def, target) = text ? find_choice(def, text) : OPTION_UNSET;
			break;
		case OPTION_LIST:
		case OPTION_JSON:
			FIELD(JsonbValue *, def, target) = text == NULL ? NULL :
				root_value(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))));
			break;
	}
}

static void
unknown_option(const OptionDef *defs, int ndefs, const char *name)
{
	const char **names = palloc(sizeof(char *) * Max(ndefs, 1));
	const char *nearest;
	StringInfoData all;

	initStringInfo(&all);
	for (int i = 0; i < ndefs; i++)
	{
		names[i] = defs[i].name;
		appendStringInfo(&all, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	nearest = options_nearest(name, names, ndefs);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized option \"%s\"", quotable(name, strlen(name))),
			 nearest ? errhint("Perhaps you meant the option \"%s\".", nearest) :
			 ndefs > 0 ? errhint("Valid options are: %s.", all.data) :
			 errhint("There are no valid options in this context.")));
}

static const OptionDef *
find_option(const OptionDef *defs, int ndefs, const char *name)
{
	for (int i = 0; i < ndefs; i++)
	{
		if (strcmp(defs[i].name, name) == 0)
			return &defs[i];
	}
	unknown_option(defs, ndefs, name);
	return NULL;				/* not reached */
}

/*
 * Fill every described field of the target: with its default, then with what
 * was given.  A JSON null, like a missing key, means the default; given may
 * be NULL.
 */
void
options_read(const OptionDef *defs, int ndefs, Jsonb *given, void *target)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	const OptionDef *def = NULL;

	for (int i = 0; i < ndefs; i++)
		set_default(&defs[i], target);
	if (given == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object")));

	/* Nested containers are not entered: their value comes as one piece. */
	it = JsonbIteratorInit(&given->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			def = find_option(defs, ndefs, pnstrdup(value.val.string.val, value.val.string.len));
		else if (token == WJB_VALUE && value.type != jbvNull)
			read_value(def, &value, target);
	}
}

static void
write_float(StringInfo buf, double value)
{
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(value))
		appendStringInfoString(buf, "null");
	else
	{
		Assert(!isinf(value));
		double_to_shortest_decimal_buf(value, number);
		appendStringInfoString(buf, number);
	}
}

static void
write_json(StringInfo buf, const JsonbValue *value)
{
	JsonbValue	copy;
	Jsonb	   *jsonb;

	if (value == NULL)
	{
		appendStringInfoString(buf, "null");
		return;
	}
	copy = *value;
	jsonb = JsonbValueToJsonb(&copy);
	JsonbToCString(buf, &jsonb->root, VARSIZE(jsonb));
}

static void
write_value(StringInfo buf, const OptionDef *def, const void *target)
{
	int64		number;
	const char *text;

	switch (def->type)
	{
		case OPTION_BOOL:
			appendStringInfoString(buf, FIELD_CONST(bool, def, target) ? "true" : "false");
			break;
		case OPTION_INT:
		case OPTION_INT64:
			number = def->type == OPTION_INT ? FIELD_CONST(int, def, target) : FIELD_CONST(int64, def, target);
			if (number == (def->type == OPTION_INT ? OPTION_UNSET : OPTION_UNSET64))
				appendStringInfoString(buf, "null");
			else
				appendStringInfo(buf, INT64_FORMAT, number);
			break;
		case OPTION_FLOAT:
			write_float(buf, FIELD_CONST(double, def, target));
			break;
		case OPTION_TEXT:
		case OPTION_ENUM:
			if (def->type == OPTION_TEXT)
				text = FIELD_CONST(char *, def, target);
			else
				text = FIELD_CONST(int, def, target) == OPTION_UNSET ? NULL :
					def->choices[FIELD_CONST(int, def, target)];
			if (text == NULL)
				appendStringInfoString(buf, "null");
			else
				escape_json(buf, text);
			break;
		case OPTION_LIST:
		case OPTION_JSON:
			write_json(buf, FIELD_CONST(JsonbValue *, def, target));
			break;
	}
}

/*
 * The struct as the text of a JSON object that has every key, in the order
 * of the table.  options_read() makes the same struct of it, to the last bit
 * of its floats; what is unset is null.
 */
char *
options_write(const OptionDef *defs, int ndefs, const void *target)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < ndefs; i++)
	{
		if (i > 0)
			appendStringInfoString(&buf, ", ");
		escape_json(&buf, defs[i].name);
		appendStringInfoString(&buf, ": ");
		write_value(&buf, &defs[i], target);
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

/* Call back with a description of each option, in the order of the table. */
void
options_rows(const OptionDef *defs, int ndefs, OptionRow row, void *arg)
{
	for (int i = 0; i < ndefs; i++)
	{
		OptionInfo	info;

		info.name = defs[i].name;
		info.type = type_names[defs[i].type];
		info.value = defs[i].value;
		info.range = range_text(&defs[i]);
		info.description = defs[i].description;
		row(arg, &info);
	}
}

static char *
lower_ascii(const char *text)
{
	char	   *result = pstrdup(text);

	for (char *c = result; *c != '\0'; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	return result;
}

/*
 * The name that was probably meant by the one given, or NULL when none is
 * near.  At most three edits, and at most half of the given letters, are
 * taken for a slip (letter case is not counted); the first of equals wins.
 */
const char *
options_nearest(const char *given, const char *const *names, int n)
{
	const char *nearest = NULL;
	char	   *source;
	int			len = strlen(given);
	int			limit;

	/* Nobody's slip is longer than a name. */
	if (len == 0 || len >= NAMEDATALEN)
		return NULL;
	source = lower_ascii(given);
	limit = Min(3, pg_mbstrlen(given) / 2);

	for (int i = 0; i < n; i++)
	{
		int			name_len = strlen(names[i]);
		char	   *name;
		int			distance;

		if (name_len >= NAMEDATALEN)
			continue;
		name = lower_ascii(names[i]);
		distance = varstr_levenshtein_less_equal(source, len, name, name_len, 1, 1, 1, limit, true);
		if (distance <= limit)
		{
			nearest = names[i];
			limit = distance - 1;
			if (limit < 0)
				break;
		}
		pfree(name);
	}
	return nearest;
}
