/*
 * feature_type.c
 *		SQL types -> how a column is read, and what it can mean.
 *
 * The select list casts where that makes reading uniform, so that the
 * encoders know few types.  Domains are looked through, also as elements of
 * arrays: their values are stored as those of the base type.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "feature/encode.h"
#include "graph/graph.h"

/*
 * What a type becomes.  Every format casts to the wire's type, also where the
 * column has it already: by the time the query runs the table may have
 * changed, or the row be of another type, and a datum read as what it is not
 * takes the server down.
 */
typedef struct TypeRule
{
	Oid			typeid;
	ColumnClass class;
	ColumnWire	wire;
	const char *format;			/* of the expression, %s is the column */
} TypeRule;

#define TO_FLOAT8	"%s::pg_catalog.float8"
#define TO_TEXT		"%s::pg_catalog.text"
#define TO_SECONDS	"pg_catalog.date_part('epoch'::pg_catalog.text, %s)"
#define TO_LOWER	"pg_catalog.lower(%s::pg_catalog.text COLLATE pg_catalog.\"default\")"

static const TypeRule scalar_rules[] = {
	{INT2OID, CLASS_INTEGER, WIRE_INT2, "%s::pg_catalog.int2"},
	{INT4OID, CLASS_INTEGER, WIRE_INT4, "%s::pg_catalog.int4"},
	{INT8OID, CLASS_INTEGER, WIRE_INT8, "%s::pg_catalog.int8"},
	{FLOAT4OID, CLASS_NUMBER, WIRE_FLOAT4, "%s::pg_catalog.float4"},
	{FLOAT8OID, CLASS_NUMBER, WIRE_FLOAT8, TO_FLOAT8},
	{NUMERICOID, CLASS_NUMBER, WIRE_FLOAT8, TO_FLOAT8},
	{BOOLOID, CLASS_BOOLEAN, WIRE_BOOL, "%s::pg_catalog.bool"},
	{INTERVALOID, CLASS_DURATION, WIRE_FLOAT8, TO_SECONDS},
	{TIMEOID, CLASS_DURATION, WIRE_FLOAT8, TO_SECONDS},
	{TIMETZOID, CLASS_DURATION, WIRE_FLOAT8, TO_SECONDS},
	{TEXTOID, CLASS_TEXT, WIRE_TEXT, TO_TEXT},
	{VARCHAROID, CLASS_TEXT, WIRE_TEXT, TO_TEXT},
	{BPCHAROID, CLASS_TEXT, WIRE_TEXT, TO_TEXT},	/* without its blanks */
	{NAMEOID, CLASS_TEXT, WIRE_TEXT, TO_TEXT},
	{CHAROID, CLASS_TEXT, WIRE_TEXT, TO_TEXT},
	{DATEOID, CLASS_TIME, WIRE_DATE, "%s::pg_catalog.date"},
	{TIMESTAMPOID, CLASS_TIME, WIRE_TIMESTAMP, "%s::pg_catalog.timestamp"},
	{TIMESTAMPTZOID, CLASS_TIME, WIRE_TIMESTAMP, "%s::pg_catalog.timestamptz"}
};

/* By the type of the elements. */
static const TypeRule array_rules[] = {
	{FLOAT4OID, CLASS_VECTOR, WIRE_FLOAT4_ARRAY, "%s::pg_catalog.float4[]"},
	{FLOAT8OID, CLASS_VECTOR, WIRE_FLOAT8_ARRAY, "%s::pg_catalog.float8[]"},
	{NUMERICOID, CLASS_VECTOR, WIRE_FLOAT8_ARRAY, "%s::pg_catalog.float8[]"},
	{INT2OID, CLASS_INTEGER_SET, WIRE_INT2_ARRAY, "%s::pg_catalog.int2[]"},
	{INT4OID, CLASS_INTEGER_SET, WIRE_INT4_ARRAY, "%s::pg_catalog.int4[]"},
	{INT8OID, CLASS_INTEGER_SET, WIRE_INT8_ARRAY, "%s::pg_catalog.int8[]"},
	{TEXTOID, CLASS_TEXT_SET, WIRE_TEXT_ARRAY, "%s::pg_catalog.text[]"},
	{VARCHAROID, CLASS_TEXT_SET, WIRE_TEXT_ARRAY, "%s::pg_catalog.text[]"},
	{BPCHAROID, CLASS_TEXT_SET, WIRE_TEXT_ARRAY, "%s::pg_catalog.text[]"},
	{NAMEOID, CLASS_TEXT_SET, WIRE_TEXT_ARRAY, "%s::pg_catalog.text[]"}
};

/* The rules of types that have no fixed Oid. */
static const TypeRule enum_rule = {InvalidOid, CLASS_ENUM, WIRE_TEXT, TO_TEXT};
static const TypeRule enum_array_rule = {InvalidOid, CLASS_TEXT_SET, WIRE_TEXT_ARRAY, "%s::pg_catalog.text[]"};
static const TypeRule citext_rule = {InvalidOid, CLASS_TEXT, WIRE_TEXT, TO_LOWER};
static const TypeRule string_rule = {InvalidOid, CLASS_TEXT, WIRE_TEXT, TO_TEXT};
static const TypeRule vector_rule = {InvalidOid, CLASS_VECTOR, WIRE_FLOAT4_ARRAY, "%s::pg_catalog.float4[]"};

static const char *const class_names[CLASS_COUNT] = {
	[CLASS_INTEGER] = "integer",
	[CLASS_NUMBER] = "number",
	[CLASS_BOOLEAN] = "boolean",
	[CLASS_DURATION] = "duration",
	[CLASS_TEXT] = "text",
	[CLASS_ENUM] = "enum",
	[CLASS_TIME] = "time",
	[CLASS_VECTOR] = "vector",
	[CLASS_INTEGER_SET] = "integer set",
	[CLASS_TEXT_SET] = "text set"
};

/* What the stored state calls a class. */
const char *
column_class_name(ColumnClass class)
{
	return class_names[class];
}

bool
column_class_find(const char *name, int length, ColumnClass *class)
{
	for (int i = 0; i < CLASS_COUNT; i++)
	{
		if (strlen(class_names[i]) == length && memcmp(class_names[i], name, length) == 0)
		{
			*class = (ColumnClass) i;
			return true;
		}
	}
	return false;
}

/* Which encoders the fit may choose for a class. */
bool
column_class_can_be(ColumnClass class, FeatureKind kind)
{
	switch (class)
	{
		case CLASS_INTEGER:
			return kind == FEATURE_NUMERIC || kind == FEATURE_CATEGORY || kind == FEATURE_KEY;
		case CLASS_NUMBER:
		case CLASS_BOOLEAN:
		case CLASS_DURATION:
			return kind == FEATURE_NUMERIC;
		case CLASS_TEXT:
			return kind == FEATURE_CATEGORY || kind == FEATURE_TEXT || kind == FEATURE_KEY;
		case CLASS_ENUM:
			return kind == FEATURE_CATEGORY || kind == FEATURE_TEXT;
		case CLASS_TIME:
			return kind == FEATURE_TIME;
		case CLASS_VECTOR:
			return kind == FEATURE_VECTOR;
		case CLASS_INTEGER_SET:
		case CLASS_TEXT_SET:
			return kind == FEATURE_SET;
	}
	return false;
}

static const TypeRule *
rule_find(const TypeRule *rules, int count, Oid typeid)
{
	for (int i = 0; i < count; i++)
	{
		if (rules[i].typeid == typeid)
			return &rules[i];
	}
	return NULL;
}

/*
 * The rule of a type that is no domain; NULL: it has no encoder.  Types that
 * are not built in are known by what they can be cast to: pgvector's vector
 * and halfvec to real[], citext and its like to text.
 */
static const TypeRule *
type_rule(Oid typeid)
{
	const TypeRule *rule = rule_find(scalar_rules, lengthof(scalar_rules), typeid);
	Oid			element = get_element_type(typeid);

	if (rule != NULL)
		return rule;
	if (OidIsValid(element))
	{
		element = getBaseType(element);
		rule = rule_find(array_rules, lengthof(array_rules), element);
		if (rule == NULL && type_is_enum(element))
			rule = &enum_array_rule;
		return rule;
	}
	if (type_is_enum(typeid))
		return &enum_rule;
	if (TypeCategory(typeid) == TYPCATEGORY_STRING && IsBinaryCoercible(typeid, TEXTOID))
	{
		char	   *name = format_type_extended(typeid, -1, FORMAT_TYPE_FORCE_QUALIFY);
		const char *dot = strrchr(name, '.');

		return dot != NULL && strcmp(dot, ".citext") == 0 ? &citext_rule : &string_rule;
	}
	if (OidIsValid(get_cast_oid(typeid, FLOAT4ARRAYOID, true)))
		return &vector_rule;
	return NULL;
}

/*
 * Fill in what follows from the column's name and type.  False if there is no
 * encoder for the type.
 */
bool
column_resolve(Column *column, const char *name, Oid typeid)
{
	const TypeRule *rule = type_rule(getBaseType(typeid));

	column->name = pstrdup(name);
	column->type_name = format_type_be(typeid);
	if (rule == NULL)
		return false;
	column->expression = rule->typeid == NUMERICOID && rule->class == CLASS_NUMBER ? graph_number_expression(name, NUMERICOID) :
		psprintf(rule->format, quote_identifier(name));
	column->class = rule->class;
	column->wire = rule->wire;
	return true;
}
