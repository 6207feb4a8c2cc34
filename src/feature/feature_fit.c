/*
 * feature_fit.c
 *		One pass over the rows that the training may see, from which every
 *		column's encoder takes what it needs: means, vocabularies, lengths.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/query.h"
#include "feature/encode.h"
#include "graph/graph_column.h"

typedef struct FitState
{
	FeatureSet *set;
	ColumnFit  *columns;
	int64		rows;
	Datum		key;			/* of the row being looked at */
	bool		has_key;
} FitState;

/* What a column must be told before the first row. */
static void
column_start(const Column *column, ColumnFit *fit, MemoryContext context)
{
	fit->context = context;
	switch (column->class)
	{
		case CLASS_INTEGER:
		case CLASS_INTEGER_SET:
			fit->tally = tally_create(false, context);
			break;
		case CLASS_TEXT:
		case CLASS_ENUM:
		case CLASS_TEXT_SET:
			fit->tally = tally_create(true, context);
			break;
		default:
			break;
	}
}

static void
column_fit(const Column *column, ColumnFit *fit, Datum value)
{
	if (column->kind == FEATURE_KEY)
	{
		encode_key_fit(column, fit, value);
		return;
	}
	switch (column->class)
	{
		case CLASS_INTEGER:
			encode_numeric_fit(column, fit, value);
			encode_category_fit(column, fit, value);
			break;
		case CLASS_NUMBER:
		case CLASS_BOOLEAN:
		case CLASS_DURATION:
			encode_numeric_fit(column, fit, value);
			break;
		case CLASS_TEXT:
		case CLASS_ENUM:
			encode_text_fit(column, fit, value);
			break;
		case CLASS_TIME:
			encode_time_fit(column, fit, value);
			break;
		case CLASS_VECTOR:
			encode_array_fit(column, fit, value);
			break;
		case CLASS_INTEGER_SET:
		case CLASS_TEXT_SET:
			encode_set_fit(column, fit, value);
			break;
	}
}

static void
column_finish(Column *column, ColumnFit *fit, int64 rows, MemoryContext context)
{
	if (column->kind == FEATURE_KEY)
	{
		encode_key_finish(column, fit, context);
		return;
	}
	/* with nothing but NULLs there is nothing to tell them from */
	column->missing = fit->values > 0 && fit->values < rows;
	switch (column->class)
	{
		case CLASS_INTEGER:
			encode_numeric_finish(column, fit);
			(void) encode_category_finish(column, fit, context);
			break;
		case CLASS_NUMBER:
		case CLASS_BOOLEAN:
		case CLASS_DURATION:
			encode_numeric_finish(column, fit);
			break;
		case CLASS_TEXT:
		case CLASS_ENUM:
			encode_text_finish(column, fit, context);
			break;
		case CLASS_TIME:
			encode_time_finish(column, fit);
			break;
		case CLASS_VECTOR:
			encode_array_finish(column, fit, context);
			break;
		case CLASS_INTEGER_SET:
		case CLASS_TEXT_SET:
			encode_set_finish(column, fit, context);
			break;
	}
}

/*
 * A database of encoding SQL_ASCII holds any bytes, and a model's description
 * cannot: what it has to name must be UTF-8.
 */
static void
check_encoding(const Column *column)
{
	const Vocabulary *vocabulary = column->vocabulary;

	if (GetDatabaseEncoding() != PG_SQL_ASCII || vocabulary == NULL || !vocabulary->text)
		return;
	for (int i = 0; i < vocabulary->count; i++)
	{
		if (!pg_verify_mbstr(PG_UTF8, vocabulary->texts[i], strlen(vocabulary->texts[i]), true))
			ereport(ERROR,
					(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
					 errmsg("feature column \"%s\" of table \"%s\" has values that are not UTF-8", column->name,
							column->table),
					 errdetail("The encoding of this database is SQL_ASCII; a model's description is UTF-8."),
					 errhint("Leave the column out of the features, or use a view that converts it.")));
	}
}

/* values: the key, then the columns of the select list. */
static void
fit_row(void *arg, Datum *values, bool *nulls)
{
	FitState   *state = arg;

	state->key = values[0];
	state->has_key = !nulls[0];
	for (int i = 0; i < state->set->ncolumns; i++)
	{
		ColumnFit  *fit = &state->columns[i];

		fit->row = state->rows;
		if (nulls[i + 1])
			continue;
		column_fit(&state->set->columns[i], fit, values[i + 1]);
		fit->values++;
	}
	state->rows++;
	state->has_key = false;
}

/* Says in which row a bad value stands. */
static void
fit_error_context(void *arg)
{
	FitState   *state = arg;

	if (state->has_key)
		errcontext("row of table \"%s\" with \"%s\" = %s", state->set->table_name, state->set->key_column,
				   key_text(state->set->key_kind, state->key));
}

static void
fit_read(FitState *state, const char *where)
{
	const FeatureSet *set = state->set;
	ErrorContextCallback callback = {.callback = fit_error_context,.arg = state};
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s%s FROM %s", set->key_sql, set->select_list, set->table);
	if (where != NULL)
		appendStringInfo(&sql, " WHERE %s", where);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	(void) query_once(sql.data, 0, NULL, NULL, NULL, fit_row, state);
	error_context_stack = callback.previous;
}

/*
 * Fit a set that was just chosen to the table's rows for which the SQL text
 * "where" holds (NULL: all); labeled: the labels are of these rows.  Returns
 * the number of rows read.  The set is ready for encoding then.
 */
int64
feature_fit(FeatureSet *set, const char *where, bool labeled)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "sage feature fit", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	FitState	state = {.set = set};

	state.columns = palloc0(Max(set->ncolumns, 1) * sizeof(ColumnFit));
	for (int i = 0; i < set->ncolumns; i++)
		column_start(&set->columns[i], &state.columns[i], context);

	if (set->ncolumns > 0)
		fit_read(&state, where);
	for (int i = 0; i < set->ncolumns; i++)
	{
		state.columns[i].names = !labeled && state.rows <= NAMES_LIMIT;
		column_finish(&set->columns[i], &state.columns[i], state.rows, set->context);
		check_encoding(&set->columns[i]);
	}
	feature_set_layout(set);
	feature_set_read(set);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return state.rows;
}
