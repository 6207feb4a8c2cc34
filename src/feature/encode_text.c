/*
 * encode_text.c
 *		Texts: categories if they are few, else bags of hashed words.
 *
 * A word is a run of letters and digits, A-Z taken as a-z; every byte of a
 * character beyond ASCII counts as a letter, so that nothing depends on the
 * locale.  Words are known by a hash of 32 bits, and the most frequent ones
 * that are in at least TEXT_MIN_ROWS rows are the column's vocabulary.
 * Hashing into a few thousand slots instead would fill these with words seen
 * once, which can only be learned by heart: a column of user names would be
 * nothing but noise.
 *
 * Which of the two a column is shows at the end of the fit.  Up to the limit
 * of a category whole values are counted; beyond it, those counted so far
 * are taken apart and words are counted from there on.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/memory.h"
#include "base/random.h"
#include "feature/encode.h"

#define TEXT_MIN_ROWS	2

typedef struct WordScan
{
	const unsigned char *at;
	const unsigned char *end;
} WordScan;

static inline bool
is_word_byte(unsigned char c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/*
 * The hash of the next word; -1: there are no more.  It is FNV-1a, mixed: it
 * must be the same on every machine, because models travel.
 */
static int64
word_next(WordScan *scan)
{
	uint64		hash = UINT64CONST(14695981039346656037);

	while (scan->at < scan->end && !is_word_byte(*scan->at))
		scan->at++;
	if (scan->at == scan->end)
		return -1;
	for (; scan->at < scan->end && is_word_byte(*scan->at); scan->at++)
	{
		unsigned char c = *scan->at;

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		hash = (hash ^ c) * UINT64CONST(1099511628211);
	}
	return (int64) (random_mix(hash) >> 32);
}

/* Count a text that so many rows have. */
static void
count_words(void *arg, const char *value, int length, int64 rows)
{
	ColumnFit  *fit = arg;
	WordScan	scan = {(const unsigned char *) value, (const unsigned char *) value + length};
	int64		word;

	fit->texts++;
	while ((word = word_next(&scan)) >= 0)
		tally_add_int(fit->words, word, fit->texts, rows);
}

/* Count the words of the values so far. */
static void
take_apart(ColumnFit *fit)
{
	fit->words = tally_create(false, fit->context);
	if (fit->tally != NULL)
		tally_each_text(fit->tally, count_words, fit);
}

/* From counting whole values to counting words. */
static void
take_apart_only(ColumnFit *fit)
{
	take_apart(fit);
	if (fit->tally != NULL)
		tally_free(fit->tally);
	fit->tally = NULL;
}

void
encode_text_fit(const Column *column, ColumnFit *fit, Datum value)
{
	text	   *t = DatumGetTextPP(value);
	const char *data = VARDATA_ANY(t);
	int			length = VARSIZE_ANY_EXHDR(t);

	if (fit->tally != NULL && length > VOCABULARY_TEXT_LENGTH)
		take_apart_only(fit);
	if (fit->tally != NULL)
	{
		tally_add_text(fit->tally, data, length, fit->row);
		if (tally_count(fit->tally) > CATEGORY_LIMIT)
			take_apart_only(fit);
	}
	else
		count_words(fit, data, length, 1);
	if ((Pointer) t != DatumGetPointer(value))
		pfree(t);
}

/*
 * Few values make a category, others are words.  Where no word is shared,
 * these say nothing; but in a small table that many rows refer to, such as
 * one of countries, the values are names, and what is learned of one by its
 * name serves all rows that refer to it.
 */
void
encode_text_finish(Column *column, ColumnFit *fit, MemoryContext context)
{
	bool		left_out;

	if (encode_category_finish(column, fit, context))
		return;
	if (fit->tally != NULL)
		take_apart(fit);
	column->kind = FEATURE_TEXT;
	column->vocabulary = tally_vocabulary(fit->words, TEXT_MIN_ROWS, TEXT_LIMIT, context, &left_out);
	if (column->vocabulary->count > 0 || !fit->names || fit->tally == NULL)
		return;
	column->kind = FEATURE_CATEGORY;
	column->vocabulary = tally_vocabulary(fit->tally, 1, CATEGORY_LIMIT, context, &column->other);
}

void
encode_text_row(const Column *column, Datum value, SparseSink *sink)
{
	text	   *t = DatumGetTextPP(value);
	const unsigned char *data = (const unsigned char *) VARDATA_ANY(t);
	int			length = VARSIZE_ANY_EXHDR(t);
	WordScan	scan = {data, data + length};
	int64		word;
	int			found = 0;

	encode_sparse_reserve(sink, length / 2 + 1);	/* words have separators */
	while ((word = word_next(&scan)) >= 0)
	{
		int			slot = vocabulary_find_int(column->vocabulary, word);

		if (slot >= 0)
			sink->ids[sink->used + found++] = slot;
	}
	encode_sparse_close(column, sink, found);
	if ((Pointer) t != DatumGetPointer(value))
		pfree(t);
}
