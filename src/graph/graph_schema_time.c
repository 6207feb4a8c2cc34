/*
 * graph_schema_time.c
 *		Which column of a table says when its row came to be.
 *
 * What the user says in time_columns holds.  For other tables it is guessed:
 * the only timestamp column, or else the only date column that is NOT NULL (a
 * date that may be missing, such as a birthday, is no row's time).
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/options.h"
#include "graph/graph_check.h"
#include "graph/graph_column.h"
#include "graph/graph_schema_internal.h"

/* ------------------------------------------------------------------------
 * Given
 * ------------------------------------------------------------------------
 */

/* The table that a key of time_columns means: a node type's name, or schema.table. */
static SchemaTable *
table_named(const Schema *schema, const char *name)
{
	const char **names = palloc(Max(schema->ntables, 1) * sizeof(char *));
	const char *nearest;

	for (int i = 0; i < schema->ntables; i++)
	{
		SchemaTable *table = &schema->tables[i];

		names[i] = table->name;
		if (strcmp(table->name, name) == 0 || strcmp(graph_table_name(table->relid), name) == 0)
			return table;
	}
	nearest = options_nearest(name, names, schema->ntables);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("table \"%s\" in time_columns is not one of the graph", name),
			 nearest != NULL ? errhint("Perhaps you meant the table \"%s\".", nearest) : 0));
	return NULL;				/* keep compiler quiet */
}

static void
refuse_changed_time(const SchemaTable *table, const char *column)
{
	bool		same = column == NULL ? table->time_column == NULL :
		table->time_column != NULL && strcmp(table->time_column, column) == 0;

	if (table->existing && !same)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("node type \"%s\" already exists with %s", table->name,
						table->time_column == NULL ? "no time column" :
						psprintf("time column \"%s\"", table->time_column)),
				 errhint("Leave it out of time_columns, or define the graph again.")));
}

static void
time_given(const Schema *schema, const JsonbValue *key, const JsonbValue *value, bool *given)
{
	SchemaTable *table = table_named(schema, pnstrdup(key->val.string.val, key->val.string.len));
	char	   *column = NULL;

	if (value->type == jbvString)
		column = pnstrdup(value->val.string.val, value->val.string.len);
	else if (value->type != jbvNull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time column of table \"%s\" must be a string or null", table->name)));
	(void) graph_check_time(table->relid, column);
	refuse_changed_time(table, column);
	table->time_column = column;
	given[table - schema->tables] = true;
}

static void
times_given(const Schema *schema, bool *given)
{
	Jsonb	   *times = schema->request->time_columns;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	if (times == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(times))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time_columns must be a JSON object"),
				 errhint("For example {\"orders\": \"ordered_at\", \"users\": null}.")));
	iterator = JsonbIteratorInit(&times->root);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			(void) JsonbIteratorNext(&iterator, &value, true);
			time_given(schema, &key, &value, given);
		}
	}
}

/* ------------------------------------------------------------------------
 * Guessed
 * ------------------------------------------------------------------------
 */

static List *
columns_with_time(const SchemaTable *table, bool dates)
{
	Relation	rel = relation_open(table->relid, AccessShareLock);
	List	   *names = NIL;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		Oid			typeid;

		if (att->attisdropped || schema_column_is_link(table, NameStr(att->attname)))
			continue;
		typeid = getBaseType(att->atttypid);
		if (dates ? typeid == DATEOID && att->attnotnull : typeid == TIMESTAMPOID || typeid == TIMESTAMPTZOID)
			names = lappend(names, pstrdup(NameStr(att->attname)));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

static void
time_guess(SchemaTable *table)
{
	table->time_candidates = columns_with_time(table, false);
	if (table->time_candidates == NIL)
		table->time_candidates = columns_with_time(table, true);
	if (list_length(table->time_candidates) == 1)
		table->time_column = linitial(table->time_candidates);
}

/* Tells what was guessed about a table that becomes part of the graph. */
void
schema_notice_time(const SchemaTable *table)
{
	if (list_length(table->time_candidates) == 1)
		ereport(NOTICE,
				(errmsg("rows of table \"%s\" exist from the time in column \"%s\"", table->name, table->time_column)));
	else if (table->time_candidates != NIL)
		ereport(NOTICE,
				(errmsg("table \"%s\" has %d columns that might be its time, and none was chosen",
						table->name, list_length(table->time_candidates)),
				 errhint("Name one with time_columns => '{\"%s\": \"%s\"}'.",
						 table->name, (char *) linitial(table->time_candidates))));
}

/* Sets the time columns of the tables that are new. */
void
schema_find_times(Schema *schema)
{
	bool	   *given = palloc0(Max(schema->ntables, 1) * sizeof(bool));

	times_given(schema, given);
	for (int i = 0; i < schema->ntables; i++)
	{
		SchemaTable *table = &schema->tables[i];

		if (!table->existing && !table->left_out && !given[i])
			time_guess(table);
	}
}
