/*
 * feature_state.c
 *		A fitted set as JSON, for storing with the model, and back.
 *
 * The state has what was fitted and nothing that follows from it: offsets and
 * look-up tables are made anew.  It may come from a file that anyone could
 * have edited, so nothing in it is believed unchecked.  How a column is read
 * is not stored either but taken from the table as it is now: an integer
 * column may have become a bigint, but not a text.
 *
 *	{"columns": [
 *		{"name": "age", "class": "integer", "type": "smallint", "kind": "category", "missing": true,
 *		 "number": {"mean": 4.5, "std": 2.5, "log": false}, "values": [3, 4, 5], "other": true},
 *		{"name": "joined", ..., "kind": "time", "number": ..., "year": true, "week": true, "day": false},
 *		{"name": "embedding", ..., "kind": "vector", "means": [0.1, 0.2], "stds": [1.5, 0]},
 *		{"name": "tags", ..., "kind": "set", "values": ["a", "b"]},
 *		{"name": "bio", ..., "kind": "text", "values": [17, 99]},
 *		{"name": "id", ..., "kind": "key", "values": [1, 2, 3]}]}
 *
 * Constant numbers have no "number".
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "base/memory.h"
#include "feature/encode.h"
#include "graph/graph_column.h"

static const char *const kind_names[] = {
	[FEATURE_NUMERIC] = "numeric",
	[FEATURE_CATEGORY] = "category",
	[FEATURE_TIME] = "time",
	[FEATURE_VECTOR] = "vector",
	[FEATURE_SET] = "set",
	[FEATURE_TEXT] = "text",
	[FEATURE_KEY] = "key"
};

/* ------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------
 */

static void
write_scale(StringInfo json, const Scale *scale)
{
	appendStringInfo(json, "{\"mean\": %.17g, \"std\": %.17g, \"log\": %s}", scale->mean, scale->std,
					 scale->log ? "true" : "false");
}

static void
write_bool(StringInfo json, const char *name, bool value)
{
	appendStringInfo(json, ", \"%s\": %s", name, value ? "true" : "false");
}

static void
write_vocabulary(StringInfo json, const Vocabulary *vocabulary)
{
	appendStringInfoString(json, ", \"values\": [");
	for (int i = 0; i < vocabulary->count; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		if (vocabulary->text)
			escape_json(json, vocabulary->texts[i]);
		else
			appendStringInfo(json, INT64_FORMAT, vocabulary->ints[i]);
	}
	appendStringInfoChar(json, ']');
}

static void
write_column(StringInfo json, const Column *column)
{
	appendStringInfoString(json, "{\"name\": ");
	escape_json(json, column->name);
	appendStringInfo(json, ", \"class\": \"%s\", \"type\": ", column_class_name(column->class));
	escape_json(json, column->type_name);
	appendStringInfo(json, ", \"kind\": \"%s\"", kind_names[column->kind]);
	write_bool(json, "missing", column->missing);
	if (column->number.std > 0)
	{
		appendStringInfoString(json, ", \"number\": ");
		write_scale(json, &column->number);
	}
	if (column->vocabulary != NULL)
		write_vocabulary(json, column->vocabulary);
	if (column->kind == FEATURE_CATEGORY)
		write_bool(json, "other", column->other);
	if (column->kind == FEATURE_TIME)
	{
		write_bool(json, "year", column->year);
		write_bool(json, "week", column->week);
		write_bool(json, "day", column->day);
	}
	if (column->kind == FEATURE_VECTOR)
	{
		appendStringInfoString(json, ", \"means\": [");
		for (int i = 0; i < column->length; i++)
			appendStringInfo(json, "%s%.17g", i > 0 ? ", " : "", column->elements[i].mean);
		appendStringInfoString(json, "], \"stds\": [");
		for (int i = 0; i < column->length; i++)
			appendStringInfo(json, "%s%.17g", i > 0 ? ", " : "", column->elements[i].std);
		appendStringInfoChar(json, ']');
	}
	appendStringInfoChar(json, '}');
}

/* Append a fitted set; feature_read() gives the same set back, bit by bit. */
void
feature_write(const FeatureSet *set, StringInfo json)
{
	appendStringInfoString(json, "{\"columns\": [");
	for (int i = 0; i < set->ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		write_column(json, &set->columns[i]);
	}
	appendStringInfoString(json, "]}");
}

/* ------------------------------------------------------------------------
 * Reading: pieces of JSON
 * ------------------------------------------------------------------------
 */

/* The end of every check. */
static void
damaged(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("feature state of model is damaged"),
			 errdetail("Problem with \"%s\".", what)));
}

/* A field that must be there, of that type. */
static JsonbValue
read_field(JsonbContainer *object, const char *name, enum jbvType type)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(object, name, strlen(name), &value) == NULL || value.type != type)
		damaged(name);
	return value;
}

static bool
has_field(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	return getKeyJsonValueFromContainer(object, name, strlen(name), &value) != NULL;
}

static bool
read_bool(JsonbContainer *object, const char *name)
{
	return read_field(object, name, jbvBool).val.boolean;
}

static char *
read_string(JsonbContainer *object, const char *name)
{
	JsonbValue	value = read_field(object, name, jbvString);

	return pnstrdup(value.val.string.val, value.val.string.len);
}

static char *
number_text(const JsonbValue *value, const char *name)
{
	if (value->type != jbvNumeric)
		damaged(name);
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
}

static double
value_double(const JsonbValue *value, const char *name)
{
	char	   *text = number_text(value, name);
	double		x = strtod(text, NULL);

	if (!isfinite(x))
		damaged(name);
	pfree(text);
	return x;
}

/* An integer; the value is not one: an error that names the field. */
static int64
value_int(const JsonbValue *value, const char *name)
{
	char	   *text = number_text(value, name);
	char	   *end;
	int64		x;

	errno = 0;
	x = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		damaged(name);
	pfree(text);
	return x;
}

/*
 * The elements of an array of at most limit elements, which may be objects.
 * Those that are by reference point into the JSON.
 */
static JsonbValue *
read_array(JsonbContainer *object, const char *name, uint32 limit, int *count)
{
	JsonbContainer *array = read_field(object, name, jbvBinary).val.binary.data;
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbValue *values;

	if (!JsonContainerIsArray(array) || JsonContainerSize(array) > limit)
		damaged(name);
	values = memory_alloc(JsonContainerSize(array) + 1, sizeof(JsonbValue));
	*count = 0;
	iterator = JsonbIteratorInit(array);
	(void) JsonbIteratorNext(&iterator, &value, false);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_ELEM)
		values[(*count)++] = value;
	return values;
}

static JsonbContainer *
value_object(const JsonbValue *value, const char *name)
{
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		damaged(name);
	return value->val.binary.data;
}

/* ------------------------------------------------------------------------
 * Reading: columns
 * ------------------------------------------------------------------------
 */

static Scale
read_scale(JsonbContainer *object)
{
	JsonbValue	mean = read_field(object, "mean", jbvNumeric);
	JsonbValue	std = read_field(object, "std", jbvNumeric);
	Scale		scale;

	scale.mean = value_double(&mean, "mean");
	scale.std = value_double(&std, "std");
	scale.log = read_bool(object, "log");
	if (scale.std <= 0)
		damaged("std");
	return scale;
}

static Vocabulary *
read_vocabulary(JsonbContainer *object, bool text, int limit, MemoryContext context)
{
	int			count;
	JsonbValue *values = read_array(object, "values", limit, &count);
	int64	   *ints = NULL;
	char	  **texts = NULL;

	if (text)
		texts = memory_alloc(count + 1, sizeof(char *));
	else
		ints = memory_alloc(count + 1, sizeof(int64));
	for (int i = 0; i < count; i++)
	{
		if (text)
		{
			if (values[i].type != jbvString)
				damaged("values");
			texts[i] = pnstrdup(values[i].val.string.val, values[i].val.string.len);
			if (i > 0 && strcmp(texts[i - 1], texts[i]) >= 0)
				damaged("values");
		}
		else
		{
			ints[i] = value_int(&values[i], "values");
			if (i > 0 && ints[i - 1] >= ints[i])
				damaged("values");
		}
	}
	return text ? vocabulary_create_texts(texts, count, context) : vocabulary_create_ints(ints, count, context);
}

static void
read_vector(Column *column, JsonbContainer *object, MemoryContext context)
{
	JsonbValue *means = read_array(object, "means", VECTOR_LIMIT, &column->length);
	int			nstds;
	JsonbValue *stds = read_array(object, "stds", VECTOR_LIMIT, &nstds);

	if (nstds != column->length)
		damaged("stds");
	column->elements = MemoryContextAllocZero(context, Max(column->length, 1) * sizeof(Scale));
	for (int i = 0; i < column->length; i++)
	{
		column->elements[i].mean = value_double(&means[i], "means");
		column->elements[i].std = value_double(&stds[i], "stds");
		if (column->elements[i].std < 0)
			damaged("stds");
	}
}

/* What was fitted, by the column's kind. */
static void
read_fitted(Column *column, JsonbContainer *object, MemoryContext context)
{
	bool		text = column->class == CLASS_TEXT || column->class == CLASS_ENUM || column->class == CLASS_TEXT_SET;

	column->missing = read_bool(object, "missing");
	if (has_field(object, "number"))
	{
		JsonbValue	number = read_field(object, "number", jbvBinary);

		if (column->kind != FEATURE_NUMERIC && column->kind != FEATURE_TIME && column->class != CLASS_INTEGER)
			damaged("number");
		column->number = read_scale(value_object(&number, "number"));
	}
	switch (column->kind)
	{
		case FEATURE_NUMERIC:
			break;
		case FEATURE_CATEGORY:
			column->vocabulary = read_vocabulary(object, text, CATEGORY_LIMIT, context);
			column->other = read_bool(object, "other");
			break;
		case FEATURE_TIME:
			column->year = read_bool(object, "year");
			column->week = read_bool(object, "week");
			column->day = read_bool(object, "day");
			break;
		case FEATURE_VECTOR:
			read_vector(column, object, context);
			break;
		case FEATURE_SET:
			column->vocabulary = read_vocabulary(object, text, SET_LIMIT, context);
			break;
		case FEATURE_TEXT:
			column->vocabulary = read_vocabulary(object, false, TEXT_LIMIT, context);
			break;
		case FEATURE_KEY:
			column->vocabulary = read_vocabulary(object, text, KEY_LIMIT, context);
			break;
	}
}

static void
read_column(Column *column, JsonbContainer *object, MemoryContext context)
{
	char	   *class = read_string(object, "class");
	char	   *kind = read_string(object, "kind");
	int			found = -1;

	column->name = read_string(object, "name");
	column->type_name = read_string(object, "type");
	if (!column_class_find(class, strlen(class), &column->class))
		damaged("class");
	for (int i = 0; i < lengthof(kind_names); i++)
	{
		if (strcmp(kind, kind_names[i]) == 0)
			found = i;
	}
	if (found < 0 || !column_class_can_be(column->class, (FeatureKind) found))
		damaged("kind");
	column->kind = (FeatureKind) found;
	read_fitted(column, object, context);
}

/*
 * Find the column in the table as it is now, and how it is read.
 */
static void
bind_column(Column *column, const FeatureSet *set)
{
	Oid			relid = set->relid;
	AttrNumber	attnum = get_attnum(relid, column->name);
	Column		now = {0};

	if (column->kind == FEATURE_KEY)
	{
		if (set->key_column == NULL || (set->key_kind == KEY_INT) != (column->class == CLASS_INTEGER))
			damaged("class");
		encode_key_resolve(column, set);
		return;
	}
	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table \"%s\" has been dropped or renamed since the model was trained",
						column->name, column->table),
				 errhint("Train the model again, or bring the column back.")));
	if (!column_resolve(&now, column->name, get_atttype(relid, attnum)) || now.class != column->class)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table \"%s\" has changed from type %s to %s since the model was trained",
						column->name, column->table, column->type_name, now.type_name),
				 errhint("Train the model again.")));
	column->expression = now.expression;
	column->wire = now.wire;
}

/*
 * A fitted set from its state.  In CurrentMemoryContext.  Columns that say
 * nothing are not read, so they may be gone.
 */
FeatureSet *
feature_read(const Graph *graph, int table, JsonbContainer *json)
{
	const NodeType *type = feature_table_type(graph, table);
	FeatureSet *set;
	JsonbValue *columns;
	int			count;

	if (!JsonContainerIsObject(json))
		damaged("columns");
	columns = read_array(json, "columns", MaxHeapAttributeNumber, &count);
	set = feature_set_create(type, count);
	for (int i = 0; i < count; i++)
	{
		read_column(&set->columns[i], value_object(&columns[i], "columns"), set->context);
		for (int j = 0; j < i; j++)
		{
			if (strcmp(set->columns[j].name, set->columns[i].name) == 0)
				damaged("name");
		}
	}
	feature_set_layout(set);
	for (int i = 0; i < set->nread; i++)
		bind_column(&set->columns[set->read[i]], set);
	feature_set_read(set);
	return set;
}
