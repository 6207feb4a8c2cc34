/*
 * encode_key.c
 *		Keys of nodes: one-hot, where rows have nothing else to be known by.
 *
 * What is learned of a node by its key serves its neighbors as well as itself.
 * A node that the fit did not see has no slot, contributes nothing, and is
 * known by its neighbors alone.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/compat.h"
#include "feature/encode.h"

/*
 * Make a column of the key.  Integers are compared as bigint, texts and uuids
 * as text.  In CurrentMemoryContext.
 */
void
encode_key_resolve(Column *column, const FeatureSet *set)
{
	bool		integer = set->key_kind == KEY_INT;

	column->name = pstrdup(set->key_column);
	column->type_name = integer ? "bigint" : "text";
	/* an operator, lest the item be named like the key that the rows are ordered by */
	column->expression = integer ? psprintf("(%s)::pg_catalog.int8", set->key_sql) :
		psprintf("(%s)::pg_catalog.text OPERATOR(pg_catalog.||) ''::pg_catalog.text", set->key_sql);
	column->class = integer ? CLASS_INTEGER : CLASS_TEXT;
	column->wire = integer ? WIRE_INT8 : WIRE_TEXT;
	column->kind = FEATURE_KEY;
}

/* Count a key, until there are too many: then the tally is given up. */
void
encode_key_fit(const Column *column, ColumnFit *fit, Datum value)
{
	if (fit->tally == NULL)
		return;
	if (column->class == CLASS_INTEGER)
		tally_add_int(fit->tally, DatumGetInt64(value), fit->row, 1);
	else
	{
		text	   *t = DatumGetTextPP(value);

		if (VARSIZE_ANY_EXHDR(t) <= VOCABULARY_TEXT_LENGTH)
			tally_add_text(fit->tally, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), fit->row);
		if ((Pointer) t != DatumGetPointer(value))
			pfree(t);
	}
	if (tally_count(fit->tally) > KEY_LIMIT)
	{
		tally_free(fit->tally);
		fit->tally = NULL;
	}
}

/* With too many keys there is no vocabulary, and the column has no slot. */
void
encode_key_finish(Column *column, ColumnFit *fit, MemoryContext context)
{
	bool		left_out;

	if (fit->tally == NULL)
		fit->tally = tally_create(column->class != CLASS_INTEGER, fit->context);
	column->vocabulary = tally_vocabulary(fit->tally, 1, KEY_LIMIT, context, &left_out);
}

void
encode_key_row(const Column *column, Datum value, SparseSink *sink)
{
	int			slot;

	if (column->class == CLASS_INTEGER)
		slot = vocabulary_find_int(column->vocabulary, DatumGetInt64(value));
	else
	{
		text	   *t = DatumGetTextPP(value);

		slot = vocabulary_find_text(column->vocabulary, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
		if ((Pointer) t != DatumGetPointer(value))
			pfree(t);
	}
	if (slot < 0)
		return;
	encode_sparse_reserve(sink, 1);
	sink->ids[sink->used] = slot;
	encode_sparse_close(column, sink, 1);
}
