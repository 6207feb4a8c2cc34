/*
 * graph_key.c
 *		The columns by which rows name nodes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/varlena.h"

#include "graph/graph_column.h"
#include "graph/graph_key.h"

/* ------------------------------------------------------------------------
 * Names
 * ------------------------------------------------------------------------
 */

/*
 * The names in a text: the one column of that name, if there is one, else
 * names with commas between them, in double quotes where SQL needs them.
 */
List *
key_columns_split(Oid relid, const char *text)
{
	GraphColumn column;
	List	   *names;

	if (graph_column_find(relid, text, &column) || strchr(text, ',') == NULL ||
		!SplitIdentifierString(pstrdup(text), ',', &names))
		return list_make1(pstrdup(text));
	return names;
}

/* One name as it is, several in double quotes where SQL needs them, with commas between. */
char *
key_columns_join(List *names)
{
	StringInfoData text;
	ListCell   *lc;

	if (list_length(names) <= 1)
		return names == NIL ? NULL : pstrdup(linitial(names));
	initStringInfo(&text);
	foreach(lc, names)
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", quote_identifier(lfirst(lc)));
	return text.data;
}

/* For messages: column "a", or columns (a, b) */
char *
key_columns_phrase(Oid relid, const char *text)
{
	return list_length(key_columns_split(relid, text)) == 1 ? psprintf("column \"%s\"", text) :
		psprintf("columns (%s)", text);
}

bool
key_columns_equal(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth(x, a, y, b)
	{
		if (strcmp(lfirst(x), lfirst(y)) != 0)
			return false;
	}
	return true;
}

/* Is the column one of those in the text? */
bool
key_columns_contain(Oid relid, const char *text, const char *name)
{
	ListCell   *lc;

	foreach(lc, key_columns_split(relid, text))
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

/*
 * Finds the columns that a text names.  False if one of them does not exist,
 * which is returned in *missing.
 */
bool
key_columns_find(Oid relid, const char *text, KeyColumns *key, const char **missing)
{
	List	   *names = key_columns_split(relid, text);
	ListCell   *lc;

	key->count = 0;
	key->names = palloc(list_length(names) * sizeof(char *));
	key->typeids = palloc(list_length(names) * sizeof(Oid));
	foreach(lc, names)
	{
		GraphColumn column;

		*missing = lfirst(lc);
		if (!graph_column_find(relid, *missing, &column))
			return false;
		key->names[key->count] = lfirst(lc);
		key->typeids[key->count++] = column.typeid;
	}
	return true;
}

/* ------------------------------------------------------------------------
 * Types
 * ------------------------------------------------------------------------
 */

/* What values of a type are carried as within a key of several columns; NULL: they cannot be. */
static const char *
part_type(Oid typeid)
{
	KeyKind		kind;

	if (graph_type_is_key(typeid, &kind))
		return kind == KEY_INT ? "int8" : kind == KEY_TEXT ? "text" : "uuid";
	switch (typeid)
	{
		case BOOLOID:
			return "bool";
		case DATEOID:
			return "date";
		case TIMESTAMPOID:
			return "timestamp";
		case TIMESTAMPTZOID:
			return "timestamptz";
		default:
			return NULL;
	}
}

/* Can the columns' values be keys of nodes, and of which kind? */
bool
key_columns_kind(const KeyColumns *key, KeyKind *kind)
{
	if (key->count == 1)
		return graph_type_is_key(key->typeids[0], kind);
	*kind = KEY_TEXT;
	for (int i = 0; i < key->count; i++)
	{
		if (part_type(key->typeids[i]) == NULL)
			return false;
	}
	return true;
}

/*
 * Can values of the columns name nodes that have that key?  A date equals the
 * timestamp at which it begins.
 */
bool
key_columns_can_name(const KeyColumns *end, const KeyColumns *key)
{
	if (end->count != key->count)
		return false;
	for (int i = 0; i < end->count; i++)
	{
		const char *have = part_type(end->typeids[i]);
		const char *want = part_type(key->typeids[i]);

		if (have == NULL || want == NULL ||
			(strcmp(have, want) != 0 && !(end->typeids[i] == DATEOID && key->typeids[i] == TIMESTAMPOID)))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------
 * SQL text
 * ------------------------------------------------------------------------
 */

/* The value of a column as it is carried; times with a zone as those of UTC. */
static char *
part_of_column(const char *column, Oid typeid)
{
	const char *name = quote_identifier(column);

	if (typeid == TIMESTAMPTZOID)
		return psprintf("pg_catalog.timezone('UTC'::pg_catalog.text, %s)", name);
	return psprintf("%s::pg_catalog.%s", name, part_type(typeid));
}

/* The same out of a key: json is SQL text of type jsonb. */
static char *
part_of_key(const char *json, int place, Oid typeid)
{
	char	   *text = psprintf("(%s OPERATOR(pg_catalog.->>) %d)", json, place);

	if (typeid == TIMESTAMPTZOID)
		return psprintf("pg_catalog.timezone('UTC'::pg_catalog.text, %s::pg_catalog.timestamp)", text);
	return psprintf("%s::pg_catalog.%s", text, part_type(typeid));
}

/* "a, b", quoted. */
static char *
column_list(const KeyColumns *columns)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < columns->count; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", quote_identifier(columns->names[i]));
	return sql.data;
}

/*
 * The key that the columns hold, NULL if one of them is: an expression of the
 * type key_type() of the key's kind.
 */
char *
key_columns_expression(const KeyColumns *columns, const KeyColumns *key)
{
	StringInfoData sql;

	if (key->count == 1)
		return part_of_column(columns->names[0], key->typeids[0]);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CASE WHEN ROW(%s) IS NOT NULL THEN pg_catalog.jsonb_build_array(", column_list(columns));
	for (int i = 0; i < columns->count; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", part_of_column(columns->names[i], key->typeids[i]));
	appendStringInfoString(&sql, ")::pg_catalog.text END");
	return sql.data;
}

/* All parts out of a key. */
static char *
part_list(const char *json, const KeyColumns *key)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", part_of_key(json, i, key->typeids[i]));
	return sql.data;
}

/*
 * True for rows that name one of the keys in the array $1.  Several columns
 * are compared one by one, so that an index on them serves.
 */
char *
key_columns_match(const KeyColumns *columns, const KeyColumns *key)
{
	if (key->count == 1)
		return psprintf("%s OPERATOR(pg_catalog.=) ANY ($1)", quote_identifier(columns->names[0]));
	return psprintf("ROW(%s) OPERATOR(pg_catalog.=) ANY (SELECT %s FROM pg_catalog.unnest($1) AS given (key))",
					column_list(columns), part_list("given.key::pg_catalog.jsonb", key));
}

/*
 * key_columns_match() as the end of a SELECT: a WHERE clause, to which AND may
 * be added, for up to n keys that the planner sees.  Each key of several
 * columns is a comparison of its own, so that partitions can be told apart by
 * them; where $1 is shorter the rest are NULL, and fall away.
 */
char *
key_columns_match_few(const KeyColumns *columns, const KeyColumns *key, int n)
{
	StringInfoData sql;

	if (key->count == 1)
		return psprintf(" WHERE %s", key_columns_match(columns, key));
	initStringInfo(&sql);
	for (int i = 1; i <= n; i++)
		appendStringInfo(&sql, "%s(ROW(%s) OPERATOR(pg_catalog.=) ROW(%s))", i == 1 ? " WHERE (" : " OR ",
						 column_list(columns), part_list(psprintf("$1[%d]::pg_catalog.jsonb", i), key));
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/* The same by a join with the keys: the rows of each are looked for where they can be. */
char *
key_columns_match_joined(const KeyColumns *columns, const KeyColumns *key)
{
	if (key->count == 1)
		return psprintf(", pg_catalog.unnest($1) AS \"sage given\" (\"sage key\") WHERE %s OPERATOR(pg_catalog.=) \"sage given\".\"sage key\"",
						quote_identifier(columns->names[0]));
	return psprintf(" WHERE %s", key_columns_match(columns, key));
}

/* The same for the one key $1. */
char *
key_columns_match_one(const KeyColumns *key)
{
	if (key->count == 1)
		return psprintf("%s OPERATOR(pg_catalog.=) $1", quote_identifier(key->names[0]));
	return psprintf("ROW(%s) OPERATOR(pg_catalog.=) ROW(%s)", column_list(key),
					part_list("$1::pg_catalog.jsonb", key));
}

/* For ORDER BY: an order that depends on the keys alone. */
char *
key_columns_order(const KeyColumns *key)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%s%s", i > 0 ? ", " : "", quote_identifier(key->names[i]),
						 strcmp(part_type(key->typeids[i]), "text") == 0 ? " COLLATE pg_catalog.\"C\"" : "");
	return sql.data;
}

/* Does the text of a time end with a zone: Z, or +hh and perhaps :mm? */
static bool
has_zone(const char *text, int length)
{
	int			sign = length;

	if (length > 0 && (text[length - 1] == 'Z' || text[length - 1] == 'z'))
		return true;
	while (sign > 0 && strchr("0123456789:", text[sign - 1]) != NULL)
		sign--;
	return sign > 0 && (text[sign - 1] == '+' || text[sign - 1] == '-') && memchr(text, ':', sign) != NULL;
}

/* An error if the array cannot be a key of these columns, where it would be one that no row has. */
static void
check_parts(const KeyColumns *key, Jsonb *json, const char *string)
{
	if (JB_ROOT_COUNT(json) != key->count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("key of %d columns is a JSON array of %d: \"%s\"", key->count, (int) JB_ROOT_COUNT(json), string),
				 errhint("Write it as jsonb_build_array(%s)::text.", column_list(key))));
	for (int i = 0; i < key->count; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(&json->root, i);

		if (key->typeids[i] == TIMESTAMPTZOID && value->type == jbvString &&
			has_zone(value->val.string.val, value->val.string.len))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("time \"%s\" in a key has a time zone: \"%s\"", key->names[i], string),
					 errhint("Times in keys are those of UTC, without a zone: write timezone('UTC', %s) in jsonb_build_array.",
							 quote_identifier(key->names[i]))));
	}
}

/*
 * A key of several columns as a user wrote it, with or without blanks, as the
 * stores know it.  Errors: INVALID_TEXT_REPRESENTATION.
 */
Datum
key_normalize(const KeyColumns *key, Datum given)
{
	char	   *string;
	Datum		json;

	if (key->count == 1)
		return given;
	string = TextDatumGetCString(given);
	if (string[strspn(string, " \t\n\r")] != '[')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("key of %d columns is not a JSON array: \"%s\"", key->count, string),
				 errhint("Write it as jsonb_build_array(%s)::text.", column_list(key))));
	json = DirectFunctionCall1(jsonb_in, CStringGetDatum(string));
	check_parts(key, DatumGetJsonbP(json), string);
	return CStringGetTextDatum(JsonbToCString(NULL, &DatumGetJsonbP(json)->root, VARSIZE(DatumGetPointer(json))));
}
