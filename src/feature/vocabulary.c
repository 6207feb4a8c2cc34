/*
 * vocabulary.c
 *		Counting values, and giving slots to the frequent ones.
 *
 * Memory while counting is bounded: beyond TALLY_LIMIT values, those seen in
 * the fewest rows are forgotten.  A value seen often enough to matter
 * survives; the counts of a column with more values than that are
 * approximate, and may depend on the order of the rows.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "base/random.h"
#include "feature/vocabulary.h"

#define TALLY_LIMIT		(1 << 20)
#define DIRECT_LIMIT	(1 << 20)

/* An integer or a text, with its count of rows or, in a vocabulary, slot. */
typedef struct IntEntry
{
	int64		key;
	int64		value;
	int64		row;			/* the last row counted */
	char		status;
} IntEntry;

typedef struct TextKey
{
	const char *data;
	int			length;
} TextKey;

typedef struct TextEntry
{
	TextKey		key;
	int64		value;
	int64		row;
	uint32		hash;
	char		status;
} TextEntry;

#define SH_PREFIX ints
#define SH_ELEMENT_TYPE IntEntry
#define SH_KEY_TYPE int64
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((uint32) random_mix((uint64) (key)))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define SH_PREFIX texts
#define SH_ELEMENT_TYPE TextEntry
#define SH_KEY_TYPE TextKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key).data, (key).length)
#define SH_EQUAL(tb, a, b) ((a).length == (b).length && memcmp((a).data, (b).data, (a).length) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct Tally
{
	MemoryContext context;		/* holds the tally itself and its texts */
	ints_hash  *ints;			/* one of the two is NULL */
	texts_hash *texts;
};

struct VocabularyHash
{
	ints_hash  *ints;
	texts_hash *texts;
};

/*
 * An empty tally of integers or of texts, in a context of its own.
 */
Tally *
tally_create(bool text, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "sage tally", ALLOCSET_DEFAULT_SIZES);
	Tally	   *tally = MemoryContextAllocZero(context, sizeof(Tally));

	tally->context = context;
	if (text)
		tally->texts = texts_create(context, 256, NULL);
	else
		tally->ints = ints_create(context, 256, NULL);
	return tally;
}

void
tally_free(Tally *tally)
{
	MemoryContextDelete(tally->context);
}

/* The number of different values, as far as they are remembered. */
int64
tally_count(const Tally *tally)
{
	return tally->texts != NULL ? tally->texts->members : tally->ints->members;
}

static int
count_compare(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* The least number that no more than half of the limit of values exceed. */
static int64
tally_floor(const Tally *tally)
{
	int64		n = tally_count(tally);
	int64	   *counts = memory_alloc(n, sizeof(int64));
	int64		filled = 0;
	int64		floor;
	ints_iterator i;
	texts_iterator t;
	IntEntry   *int_entry;
	TextEntry  *text_entry;

	if (tally->ints != NULL)
	{
		ints_start_iterate(tally->ints, &i);
		while ((int_entry = ints_iterate(tally->ints, &i)) != NULL)
			counts[filled++] = int_entry->value;
	}
	else
	{
		texts_start_iterate(tally->texts, &t);
		while ((text_entry = texts_iterate(tally->texts, &t)) != NULL)
			counts[filled++] = text_entry->value;
	}
	qsort(counts, n, sizeof(int64), count_compare);
	floor = counts[n - TALLY_LIMIT / 2 - 1];
	pfree(counts);
	return floor;
}

static void
ints_prune(Tally *tally, int64 floor)
{
	ints_hash  *kept = ints_create(tally->context, TALLY_LIMIT / 2, NULL);
	ints_iterator i;
	IntEntry   *entry;
	bool		found;

	ints_start_iterate(tally->ints, &i);
	while ((entry = ints_iterate(tally->ints, &i)) != NULL)
	{
		if (entry->value > floor)
		{
			IntEntry   *copy = ints_insert(kept, entry->key, &found);

			copy->value = entry->value;
			copy->row = entry->row;
		}
	}
	ints_destroy(tally->ints);
	tally->ints = kept;
}

static void
texts_prune(Tally *tally, int64 floor)
{
	texts_hash *kept = texts_create(tally->context, TALLY_LIMIT / 2, NULL);
	texts_iterator i;
	TextEntry  *entry;
	bool		found;

	texts_start_iterate(tally->texts, &i);
	while ((entry = texts_iterate(tally->texts, &i)) != NULL)
	{
		if (entry->value > floor)
		{
			TextEntry  *copy = texts_insert(kept, entry->key, &found);

			copy->value = entry->value;
			copy->row = entry->row;
		}
		else
			pfree(unconstify(char *, entry->key.data));
	}
	texts_destroy(tally->texts);
	tally->texts = kept;
}

/*
 * Forget the values seen in the fewest rows, so that at least half of the
 * limit is free.
 */
static void
tally_prune(Tally *tally)
{
	int64		floor = tally_floor(tally);

	CHECK_FOR_INTERRUPTS();
	if (tally->ints != NULL)
		ints_prune(tally, floor);
	else
		texts_prune(tally, floor);
}

/*
 * Count a value of a row, which stands for so many rows; the same value again
 * before the next row does not count.
 */
void
tally_add_int(Tally *tally, int64 value, int64 row, int64 rows)
{
	bool		found;
	IntEntry   *entry = ints_insert(tally->ints, value, &found);

	if (!found)
	{
		entry->value = rows;
		entry->row = row;
		if (tally->ints->members > TALLY_LIMIT)
			tally_prune(tally);
	}
	else if (entry->row != row)
	{
		entry->value += rows;
		entry->row = row;
	}
}

/* The same for a text of one row, which is copied when it is new. */
void
tally_add_text(Tally *tally, const char *value, int length, int64 row)
{
	TextKey		key = {value, length};
	bool		found;
	TextEntry  *entry = texts_insert(tally->texts, key, &found);

	if (!found)
	{
		char	   *copy = MemoryContextAlloc(tally->context, length + 1);

		memcpy(copy, value, length);
		copy[length] = '\0';
		entry->key.data = copy;
		entry->value = 1;
		entry->row = row;
		if (tally->texts->members > TALLY_LIMIT)
			tally_prune(tally);
	}
	else if (entry->row != row)
	{
		entry->value++;
		entry->row = row;
	}
}

/* Call back for every text counted, in no particular order. */
void
tally_each_text(const Tally *tally, void (*each) (void *arg, const char *value, int length, int64 rows), void *arg)
{
	texts_iterator i;
	TextEntry  *entry;

	texts_start_iterate(tally->texts, &i);
	while ((entry = texts_iterate(tally->texts, &i)) != NULL)
		each(arg, entry->key.data, entry->key.length, entry->value);
}

static int
compare_ints(const void *a, const void *b)
{
	int64		x = ((const IntEntry *) a)->key;
	int64		y = ((const IntEntry *) b)->key;

	return (x > y) - (x < y);
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(((const TextEntry *) a)->key.data, ((const TextEntry *) b)->key.data);
}

/* By rows, most first, then by value. */
static int
compare_int_rows(const void *a, const void *b)
{
	int64		x = ((const IntEntry *) a)->value;
	int64		y = ((const IntEntry *) b)->value;

	return x != y ? (x < y) - (x > y) : compare_ints(a, b);
}

static int
compare_text_rows(const void *a, const void *b)
{
	int64		x = ((const TextEntry *) a)->value;
	int64		y = ((const TextEntry *) b)->value;

	return x != y ? (x < y) - (x > y) : compare_texts(a, b);
}

static Vocabulary *
tally_vocabulary_ints(const Tally *tally, int64 min_rows, int max_count, MemoryContext context)
{
	int			count = 0;
	IntEntry   *entries = memory_alloc(tally->ints->members + 1, sizeof(IntEntry));
	int64	   *values;
	ints_iterator i;
	IntEntry   *entry;
	Vocabulary *vocabulary;
	int			k;

	ints_start_iterate(tally->ints, &i);
	while ((entry = ints_iterate(tally->ints, &i)) != NULL)
	{
		if (entry->value >= min_rows)
			entries[count++] = *entry;
	}
	if (count > max_count)
	{
		qsort(entries, count, sizeof(IntEntry), compare_int_rows);
		count = max_count;
	}
	qsort(entries, count, sizeof(IntEntry), compare_ints);
	values = memory_alloc(count + 1, sizeof(int64));
	for (k = 0; k < count; k++)
		values[k] = entries[k].key;
	vocabulary = vocabulary_create_ints(values, count, context);
	pfree(values);
	pfree(entries);
	return vocabulary;
}

static Vocabulary *
tally_vocabulary_texts(const Tally *tally, int64 min_rows, int max_count, MemoryContext context)
{
	int			count = 0;
	TextEntry  *entries = memory_alloc(tally->texts->members + 1, sizeof(TextEntry));
	char	  **values;
	texts_iterator i;
	TextEntry  *entry;
	Vocabulary *vocabulary;
	int			k;

	texts_start_iterate(tally->texts, &i);
	while ((entry = texts_iterate(tally->texts, &i)) != NULL)
	{
		if (entry->value >= min_rows)
			entries[count++] = *entry;
	}
	if (count > max_count)
	{
		qsort(entries, count, sizeof(TextEntry), compare_text_rows);
		count = max_count;
	}
	qsort(entries, count, sizeof(TextEntry), compare_texts);
	values = memory_alloc(count + 1, sizeof(char *));
	for (k = 0; k < count; k++)
		values[k] = unconstify(char *, entries[k].key.data);
	vocabulary = vocabulary_create_texts(values, count, context);
	pfree(values);
	pfree(entries);
	return vocabulary;
}

/*
 * The values seen in at least min_rows rows, at most max_count of them (the
 * most frequent ones, of equally frequent ones the smallest).  *left_out
 * says whether there were others.
 */
Vocabulary *
tally_vocabulary(const Tally *tally, int64 min_rows, int max_count, MemoryContext context, bool *left_out)
{
	Vocabulary *vocabulary;

	if (tally->texts != NULL)
		vocabulary = tally_vocabulary_texts(tally, min_rows, max_count, context);
	else
		vocabulary = tally_vocabulary_ints(tally, min_rows, max_count, context);
	*left_out = vocabulary->count < tally_count(tally);
	return vocabulary;
}

/*
 * A vocabulary of ascending integers, which are copied.
 */
Vocabulary *
vocabulary_create_ints(const int64 *values, int count, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Vocabulary *vocabulary = palloc0(sizeof(Vocabulary));
	uint64		span = count > 0 ? (uint64) values[count - 1] - (uint64) values[0] : 0;
	int			i;

	vocabulary->count = count;
	vocabulary->ints = memory_alloc(count + 1, sizeof(int64));
	memcpy(vocabulary->ints, values, count * sizeof(int64));
	if (span < Min(DIRECT_LIMIT, Max(16384, (uint64) count * 16)))
	{
		vocabulary->low = count > 0 ? values[0] : 0;
		vocabulary->span = count > 0 ? (int64) span + 1 : 0;
		vocabulary->direct = memory_alloc(vocabulary->span + 1, sizeof(int32));
		for (i = 0; i < vocabulary->span; i++)
			vocabulary->direct[i] = -1;
		for (i = 0; i < count; i++)
			vocabulary->direct[values[i] - vocabulary->low] = i;
	}
	else
	{
		vocabulary->hash = palloc0(sizeof(VocabularyHash));
		vocabulary->hash->ints = ints_create(context, count, NULL);
		for (i = 0; i < count; i++)
		{
			bool		found;

			ints_insert(vocabulary->hash->ints, values[i], &found)->value = i;
		}
	}
	MemoryContextSwitchTo(old);
	return vocabulary;
}

/*
 * A vocabulary of ascending texts, which are copied.
 */
Vocabulary *
vocabulary_create_texts(char *const *values, int count, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Vocabulary *vocabulary = palloc0(sizeof(Vocabulary));
	int			i;

	vocabulary->text = true;
	vocabulary->count = count;
	vocabulary->texts = memory_alloc(count + 1, sizeof(char *));
	vocabulary->hash = palloc0(sizeof(VocabularyHash));
	vocabulary->hash->texts = texts_create(context, count + 1, NULL);
	for (i = 0; i < count; i++)
	{
		TextKey		key;
		bool		found;

		vocabulary->texts[i] = pstrdup(values[i]);
		key.data = vocabulary->texts[i];
		key.length = strlen(key.data);
		texts_insert(vocabulary->hash->texts, key, &found)->value = i;
	}
	MemoryContextSwitchTo(old);
	return vocabulary;
}

/* The slot of a text that need not end in a zero byte; -1: it has none. */
int
vocabulary_find_text(const Vocabulary *vocabulary, const char *value, int length)
{
	TextKey		key = {value, length};
	TextEntry  *entry = texts_lookup(vocabulary->hash->texts, key);

	return entry != NULL ? (int) entry->value : -1;
}

/* vocabulary_find_int() where the integers are far apart. */
int
vocabulary_find_hashed(const Vocabulary *vocabulary, int64 value)
{
	IntEntry   *entry = ints_lookup(vocabulary->hash->ints, value);

	return entry != NULL ? (int) entry->value : -1;
}
