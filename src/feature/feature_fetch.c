/*
 * feature_fetch.c
 *		Rows as they are read -> a growing table of encoded rows.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/memory.h"
#include "base/random.h"
#include "feature/encode.h"

/* Entries of the sparse part to begin with, for each of the first rows. */
#define ENTRIES_GUESS	8
#define ROWS_FIRST		1024

struct FeatureTable
{
	const FeatureSet *set;
	int64		count;
	int64		capacity;		/* rows */
	float	   *dense;			/* [capacity x dense_width] */
	int64	   *offsets;		/* [capacity + 1] */
	SparseSink	sparse;
};

/*
 * An empty table with room for about so many rows, in a context of its own
 * below parent; it is freed with that.  The set must outlive it.
 */
FeatureTable *
feature_table_create(const FeatureSet *set, int64 expected_rows, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "sage features", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	FeatureTable *table = palloc0(sizeof(FeatureTable));

	table->set = set;
	table->capacity = Max(expected_rows, 16);
	table->dense = memory_alloc_table(memory_bytes(table->capacity, Max(set->dense_width, 1)), sizeof(float));
	table->offsets = memory_alloc_table(table->capacity + 1, sizeof(int64));
	table->offsets[0] = 0;
	table->sparse.expected = expected_rows;
	table->sparse.capacity = set->sparse_width > 0 ? Min(table->capacity, ROWS_FIRST) * ENTRIES_GUESS : 1;
	table->sparse.ids = memory_alloc_table(table->sparse.capacity, sizeof(int32));
	if (set->weighted)
		table->sparse.values = memory_alloc_table(table->sparse.capacity, sizeof(float));
	MemoryContextSwitchTo(old);
	return table;
}

static void
table_reserve(FeatureTable *table)
{
	int64		width = Max(table->set->dense_width, 1);

	if (table->count < table->capacity)
		return;
	table->capacity *= 2;
	table->dense = memory_grow_table(table->dense, table->count * width, memory_bytes(table->capacity, width),
									 sizeof(float));
	table->offsets = memory_grow_table(table->offsets, table->count + 1, table->capacity + 1, sizeof(int64));
}

/*
 * Encode one value.  dense is where the column's dense part begins, all zero.
 * NULL sets the missing indicator, which is the last of the dense part; in a
 * category it has a slot.
 */
static inline void
column_encode(const Column *column, Datum value, bool null, float *dense, SparseSink *sink)
{
	if (column->kind == FEATURE_CATEGORY)
	{
		encode_category_row(column, value, null, dense, sink);
		return;
	}
	if (null)
	{
		if (column->missing)
			dense[column->dense_width - 1] = 1;
		return;
	}
	switch (column->kind)
	{
		case FEATURE_NUMERIC:
			encode_numeric_row(column, value, dense);
			break;
		case FEATURE_TIME:
			encode_time_row(column, value, dense);
			break;
		case FEATURE_VECTOR:
			encode_array_row(column, value, dense);
			break;
		case FEATURE_SET:
			encode_set_row(column, value, sink);
			break;
		case FEATURE_TEXT:
			encode_text_row(column, value, sink);
			break;
		case FEATURE_KEY:
			encode_key_row(column, value, sink);
			break;
		case FEATURE_CATEGORY:
			break;				/* done above */
	}
}

/*
 * Encode a row and append it; the row() of a NodeReader whose arg is a
 * FeatureTable.  values: the columns of the set's select list.
 */
void
feature_table_row(void *arg, int32 node, Datum *values, bool *nulls)
{
	FeatureTable *table = arg;
	const FeatureSet *set = table->set;
	float	   *dense;

	if (node != table->count)
		elog(ERROR, "row %d of table \"%s\" arrives as row " INT64_FORMAT, node, set->table_name, table->count);
	table_reserve(table);
	dense = table->dense + table->count * set->dense_width;
	memset(dense, 0, set->dense_width * sizeof(float));
	for (int i = 0; i < set->nread; i++)
	{
		const Column *column = &set->columns[set->read[i]];

		column_encode(column, values[i], nulls[i], dense + column->dense_offset, &table->sparse);
	}
	table->offsets[++table->count] = table->sparse.used;
	table->sparse.rows = table->count;
}

/* A hash of an encoded row: equal for rows that say the same. */
uint64
feature_table_hash(void *arg, int32 row)
{
	const FeatureTable *table = arg;
	const float *dense = table->dense + (int64) row * table->set->dense_width;
	uint64		hash = 0;
	uint32		bits;

	for (int i = 0; i < table->set->dense_width; i++)
	{
		memcpy(&bits, &dense[i], sizeof(bits));
		hash = random_hash(hash, bits);
	}
	for (int64 e = table->offsets[row]; e < table->offsets[row + 1]; e++)
	{
		hash = random_hash(hash, table->sparse.ids[e]);
		if (table->sparse.values == NULL)
			continue;
		memcpy(&bits, &table->sparse.values[e], sizeof(bits));
		hash = random_hash(hash, bits);
	}
	return hash;
}

/* No more rows will come: gives back what was held for them.  The end() of a NodeReader. */
void
feature_table_trim(void *arg)
{
	FeatureTable *table = arg;
	int64		width = Max(table->set->dense_width, 1);
	int64		rows = Max(table->count, 1);
	int64		entries = Max(table->sparse.used, 1);

	table->dense = memory_grow_table(table->dense, memory_bytes(table->capacity, width), memory_bytes(rows, width),
									 sizeof(float));
	table->offsets = memory_grow_table(table->offsets, table->capacity + 1, rows + 1, sizeof(int64));
	table->sparse.ids = memory_grow_table(table->sparse.ids, table->sparse.capacity, entries, sizeof(int32));
	if (table->sparse.values != NULL)
		table->sparse.values = memory_grow_table(table->sparse.values, table->sparse.capacity, entries, sizeof(float));
	table->capacity = rows;
	table->sparse.capacity = entries;
}

/* Forget all rows but the first so many. */
void
feature_table_truncate(FeatureTable *table, int64 count)
{
	if (count < 0 || count > table->count)
		elog(ERROR, "table of " INT64_FORMAT " rows cannot be cut to " INT64_FORMAT, table->count, count);
	table->count = table->sparse.rows = count;
	table->sparse.used = table->offsets[count];
}

int64
feature_table_count(const FeatureTable *table)
{
	return table->count;
}

/* [count x dense_width]; valid until the next row is appended */
const float *
feature_table_dense(const FeatureTable *table)
{
	return table->dense;
}

/* The sparse part of all rows; valid until the next row is appended. */
SparseRows
feature_table_sparse(const FeatureTable *table)
{
	return (SparseRows) {
		.rows = table->count,
		.cols = table->set->sparse_width,
		.offsets = table->offsets,
		.ids = table->sparse.ids,
		.values = table->sparse.values,
		.scale = 1
	};
}
