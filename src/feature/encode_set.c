/*
 * encode_set.c
 *		Arrays of integers or texts as sets: one sparse slot a member.
 *
 * A member counts once however often the array names it; NULL elements and
 * members that the fit did not see are nothing; an array of several
 * dimensions is the set of all its elements.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "base/compat.h"
#include "base/memory.h"
#include "feature/encode.h"

/* Entries that are too few to tell of the rest, by their rows. */
#define ROWS_THAT_TELL	256
#define GROWTH_AT_ONCE	32

/*
 * Room for so many more entries at the end of the sparse part.  Where it is
 * known about how many rows will come it is made for all of them at once, by
 * what the rows so far have taken: to grow again and again costs more memory.
 * But no more than several times what there is: the planner's word may be far
 * off.
 */
void
encode_sparse_reserve(SparseSink *sink, int64 more)
{
	int64		needed = sink->used + more;

	if (needed <= sink->capacity)
		return;
	if (sink->rows >= ROWS_THAT_TELL && sink->rows < sink->expected)
		sink->capacity = (int64) Max(needed * 1.125, Min(1.02 * sink->used / sink->rows * sink->expected,
														 GROWTH_AT_ONCE * (double) needed));
	else
		sink->capacity = Max(needed, sink->capacity * 2);
	sink->ids = memory_grow_table(sink->ids, sink->used, sink->capacity, sizeof(int32));
	if (sink->values != NULL)
		sink->values = memory_grow_table(sink->values, sink->used, sink->capacity, sizeof(float));
}

static int
compare_slots(const void *a, const void *b)
{
	return *(const int32 *) a - *(const int32 *) b;
}

/* Sort ascending and keep each slot once; returns how many are left. */
static int
slots_unique(int32 *slots, int count)
{
	bool		ascending = true;
	int			kept = 0;

	for (int i = 1; i < count && ascending; i++)
		ascending = slots[i - 1] < slots[i];
	if (ascending)
		return count;
	qsort(slots, count, sizeof(int32), compare_slots);
	for (int i = 0; i < count; i++)
	{
		if (i == 0 || slots[i] != slots[i - 1])
			slots[kept++] = slots[i];
	}
	return kept;
}

/*
 * Finish one column of one row: the slots of its members stand at the end of
 * the sink, in any order, perhaps repeatedly; make entries of them.
 */
void
encode_sparse_close(const Column *column, SparseSink *sink, int slots)
{
	int32	   *ids = sink->ids + sink->used;
	float		weight;

	slots = slots_unique(ids, slots);
	weight = encode_weight(column->kind, slots);
	for (int i = 0; i < slots; i++)
	{
		if (unlikely(ids[i] < 0 || ids[i] >= column->sparse_width))
			elog(ERROR, "slot %d of column \"%s\" is beyond its %d slots", ids[i], column->name, column->sparse_width);
		ids[i] += column->sparse_offset;
		if (sink->values != NULL)
			sink->values[sink->used + i] = weight;
	}
	sink->used += slots;
}

/* The next integer of an array; moves on behind it. */
static inline int64
member_next(ColumnWire wire, const char **at)
{
	if (wire == WIRE_INT4_ARRAY)
	{
		int32		x;

		memcpy(&x, *at, sizeof(x));
		*at += sizeof(x);
		return x;
	}
	else if (wire == WIRE_INT2_ARRAY)
	{
		int16		x;

		memcpy(&x, *at, sizeof(x));
		*at += sizeof(x);
		return x;
	}
	else
	{
		int64		x;

		memcpy(&x, *at, sizeof(x));
		*at += sizeof(x);
		return x;
	}
}

static inline void
check_member(const Column *column, int64 x)
{
	if (unlikely(x != (int32) x))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("member %lld of a set in feature column \"%s\" of table \"%s\" is beyond the range of type integer",
						(long long) x, column->name, column->table),
				 errhint("Use smaller numbers or an array of text, or leave the column out of the graph's features.")));
}

/* The members of a text[], which point into it or into its copy. */
typedef struct TextMember
{
	const char *data;
	int			length;
} TextMember;

typedef struct TextMembers
{
	int			count;
	TextMember *members;
	ArrayType  *copy;			/* to be freed, or NULL */
} TextMembers;

/* NULLs, and texts too long for a vocabulary, are left out. */
static TextMembers
text_members_open(Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const bits8 *nulls = ARR_NULLBITMAP(array);
	const char *at = ARR_DATA_PTR(array);
	TextMembers result = {0};

	if ((Pointer) array != DatumGetPointer(value))
		result.copy = array;
	result.members = memory_alloc(Max(count, 1), sizeof(TextMember));
	for (int i = 0; i < count; i++)
	{
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		if (VARSIZE_ANY_EXHDR(at) <= VOCABULARY_TEXT_LENGTH)
		{
			result.members[result.count].data = VARDATA_ANY(at);
			result.members[result.count].length = VARSIZE_ANY_EXHDR(at);
			result.count++;
		}
		at += INTALIGN(VARSIZE_ANY(at));
	}
	return result;
}

static void
text_members_close(TextMembers *members)
{
	pfree(members->members);
	if (members->copy != NULL)
		pfree(members->copy);
}

void
encode_set_fit(const Column *column, ColumnFit *fit, Datum value)
{
	if (column->wire == WIRE_TEXT_ARRAY)
	{
		TextMembers set = text_members_open(value);

		for (int i = 0; i < set.count; i++)
			tally_add_text(fit->tally, set.members[i].data, set.members[i].length, fit->row);
		text_members_close(&set);
	}
	else
	{
		NumberArray array = encode_array_open(value);
		const char *at = array.data;

		for (int i = 0; i < array.count; i++)
		{
			int64		member;

			if (encode_array_is_null(&array, i))
				continue;
			member = member_next(column->wire, &at);
			check_member(column, member);
			tally_add_int(fit->tally, member, fit->row, 1);
		}
		encode_array_close(&array);
	}
}

/* The members in the most rows get slots; a set may be without any. */
void
encode_set_finish(Column *column, ColumnFit *fit, MemoryContext context)
{
	bool		left_out;

	column->kind = FEATURE_SET;
	column->vocabulary = tally_vocabulary(fit->tally, 1, SET_LIMIT, context, &left_out);
	if (left_out)
		ereport(DEBUG1,
				(errmsg_internal("only the %d most frequent members of \"%s\" get slots", SET_LIMIT, column->name)));
}

void
encode_set_row(const Column *column, Datum value, SparseSink *sink)
{
	const Vocabulary *vocabulary = column->vocabulary;
	int			found = 0;

	if (column->wire == WIRE_TEXT_ARRAY)
	{
		TextMembers set = text_members_open(value);

		encode_sparse_reserve(sink, set.count);
		for (int i = 0; i < set.count; i++)
		{
			int			slot = vocabulary_find_text(vocabulary, set.members[i].data, set.members[i].length);

			if (slot >= 0)
				sink->ids[sink->used + found++] = slot;
		}
		text_members_close(&set);
	}
	else
	{
		NumberArray array = encode_array_open(value);
		const char *at = array.data;
		int32	   *slots;

		encode_sparse_reserve(sink, array.count);
		slots = sink->ids + sink->used;
		for (int i = 0; i < array.count; i++)
		{
			int64		member;
			int			slot;

			if (encode_array_is_null(&array, i))
				continue;
			member = member_next(column->wire, &at);
			check_member(column, member);
			slot = vocabulary_find_int(vocabulary, member);
			if (slot >= 0)
				slots[found++] = slot;
		}
		encode_array_close(&array);
	}
	encode_sparse_close(column, sink, found);
}
