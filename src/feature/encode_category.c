/*
 * encode_category.c
 *		Texts, enums and integers of few values: one-hot.
 *
 * The slots of a category are those of its vocabulary, then "other" if the
 * fit saw values too rare for a slot of their own, then NULL if the fit saw
 * NULLs.  A slot that no training row could have filled would only add the
 * noise of its untrained weights, so it does not exist, and a value without
 * slot contributes nothing.
 *
 * Integers are standardized numbers at the same time, because it cannot be
 * known whether their order means something.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/compat.h"
#include "feature/encode.h"

static int64
integer_value(const Column *column, Datum value)
{
	switch (column->wire)
	{
		case WIRE_INT2:
			return DatumGetInt16(value);
		case WIRE_INT4:
			return DatumGetInt32(value);
		case WIRE_INT8:
			return DatumGetInt64(value);
		default:
			break;
	}
	elog(ERROR, "column \"%s\" is not an integer", column->name);
	return 0;					/* keep compiler quiet */
}

/*
 * Count a value of an integer column, until there are too many different
 * ones: then the tally is given up, and the column is no category.  (Texts
 * are counted by encode_text_fit.)
 */
void
encode_category_fit(const Column *column, ColumnFit *fit, Datum value)
{
	if (fit->tally == NULL)
		return;
	tally_add_int(fit->tally, integer_value(column, value), fit->row, 1);
	if (tally_count(fit->tally) > CATEGORY_COUNT_LIMIT)
	{
		tally_free(fit->tally);
		fit->tally = NULL;
	}
}

/*
 * Make the column a category if its values are few and frequent enough.  An
 * integer of two values is no category: the number says it all.
 */
bool
encode_category_finish(Column *column, ColumnFit *fit, MemoryContext context)
{
	int64		distinct;

	if (fit->tally == NULL)
		return false;
	distinct = tally_count(fit->tally);
	if (column->class == CLASS_INTEGER && distinct <= 2)
		return false;
	if (column->class != CLASS_ENUM && fit->values < distinct * CATEGORY_MEAN_ROWS)
		return false;
	column->kind = FEATURE_CATEGORY;
	column->vocabulary = tally_vocabulary(fit->tally, CATEGORY_MIN_ROWS, CATEGORY_LIMIT, context, &column->other);
	return true;
}

/* dense: where the number of an integer goes. */
void
encode_category_row(const Column *column, Datum value, bool null, float *dense, SparseSink *sink)
{
	const Vocabulary *vocabulary = column->vocabulary;
	int			slot = -1;

	if (null)
	{
		if (column->missing)
			slot = vocabulary->count + (column->other ? 1 : 0);
	}
	else if (vocabulary->text)
	{
		text	   *t = DatumGetTextPP(value);

		slot = vocabulary_find_text(vocabulary, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
		if ((Pointer) t != DatumGetPointer(value))
			pfree(t);
	}
	else
	{
		slot = vocabulary_find_int(vocabulary, integer_value(column, value));
		encode_numeric_row(column, value, dense);
	}
	if (slot < 0 && column->other)
		slot = vocabulary->count;
	if (slot >= 0)
	{
		encode_sparse_reserve(sink, 1);
		sink->ids[sink->used] = slot;
		encode_sparse_close(column, sink, 1);
	}
}
