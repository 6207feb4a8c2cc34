/*
 * vocabulary.h
 *		Values <-> slots: the categories of a column, the members of its sets,
 *		the words of its texts.
 *
 * While a column is fitted, a Tally counts in how many rows each value
 * occurs.  Of a tally, a Vocabulary is made: the values that get a slot, in
 * ascending order, so that the same data gives the same slots whatever the
 * order of the rows.  Values are integers or texts, never both in one.
 */
#ifndef SAGE_VOCABULARY_H
#define SAGE_VOCABULARY_H

#include "postgres.h"

/* Longer texts are neither categories nor members of sets. */
#define VOCABULARY_TEXT_LENGTH	1024

typedef struct Tally Tally;
typedef struct VocabularyHash VocabularyHash;

typedef struct Vocabulary
{
	bool		text;
	int			count;
	int64	   *ints;			/* [count] ascending; NULL if text */
	char	  **texts;			/* [count] ascending by strcmp; NULL if not text */
	/* look-up: by table where integers lie close together, else by hash */
	int64		low;
	int64		span;
	int32	   *direct;			/* [span] slot or -1; NULL: use the hash */
	VocabularyHash *hash;
} Vocabulary;

extern Tally *tally_create(bool text, MemoryContext parent);
extern void tally_free(Tally *tally);
extern void tally_add_int(Tally *tally, int64 value, int64 row, int64 rows);
extern void tally_add_text(Tally *tally, const char *value, int length, int64 row);
extern int64 tally_count(const Tally *tally);
extern void tally_each_text(const Tally *tally, void (*each) (void *arg, const char *value, int length, int64 rows),
							void *arg);
extern Vocabulary *tally_vocabulary(const Tally *tally, int64 min_rows, int max_count, MemoryContext context,
									bool *left_out);

extern Vocabulary *vocabulary_create_ints(const int64 *values, int count, MemoryContext context);
extern Vocabulary *vocabulary_create_texts(char *const *values, int count, MemoryContext context);
extern int	vocabulary_find_text(const Vocabulary *vocabulary, const char *value, int length);
extern int	vocabulary_find_hashed(const Vocabulary *vocabulary, int64 value);

/* The slot of a value; -1: it has none. */
static inline int
vocabulary_find_int(const Vocabulary *vocabulary, int64 value)
{
	if (vocabulary->direct != NULL)
	{
		uint64		at = (uint64) value - (uint64) vocabulary->low;

		return at < (uint64) vocabulary->span ? vocabulary->direct[at] : -1;
	}
	return vocabulary_find_hashed(vocabulary, value);
}

#endif							/* SAGE_VOCABULARY_H */
