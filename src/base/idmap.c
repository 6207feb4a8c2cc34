/*
 * idmap.c
 *		Node keys <-> dense numbers 0, 1, 2, ... in order of arrival.
 *
 * An open-addressing table of numbers beside the array of keys: 4 bytes a
 * slot at a load of at most one half.  Core's simplehash would hold the key a
 * second time in the slot, which for tens of millions of nodes is the larger
 * part of the memory.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "base/idmap.h"
#include "base/memory.h"
#include "base/random.h"

struct IdMap
{
	KeyKind		kind;
	MemoryContext cxt;
	int32		count;
	int64		capacity;		/* of keys and hashes */
	Datum	   *keys;			/* [count]: the value, or a pointer to our copy */
	uint64	   *hashes;			/* [count], not for KEY_INT */
	int64		nslots;			/* a power of two; of a direct map: any number */
	int32	   *slots;			/* number + 1; 0 is empty; NULL: not complete */
	bool		complete;		/* no more keys will come */
	bool		direct;			/* slots[key - first] */
	int64		first;
};

#define IDMAP_MIN_SLOTS 64

/* A complete map of integers has no more slots than this for each key. */
#define IDMAP_SPREAD	4

/* Hashed between two looks for a cancel. */
#define KEYS_AT_ONCE	(1 << 18)

/*
 * The hash of a run of bytes, eight at a time, low byte first whatever the
 * machine's own order.
 */
static uint64
hash_of_bytes(const unsigned char *bytes, Size length)
{
	uint64		hash = random_mix(length);

	for (Size i = 0; i < length; i += 8)
	{
		uint64		word = 0;

		for (Size k = 0; k < 8 && i + k < length; k++)
			word |= (uint64) bytes[i + k] << (8 * k);
		hash = random_hash(hash, word);
	}
	return hash;
}

uint64
key_hash(KeyKind kind, Datum key)
{
	switch (kind)
	{
		case KEY_INT:
			return (uint64) DatumGetInt64(key);
		case KEY_UUID:
			return hash_of_bytes(DatumGetUUIDP(key)->data, UUID_LEN);
		case KEY_TEXT:
			{
				text	   *value = DatumGetTextPP(key);

				return hash_of_bytes((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
			}
	}
	pg_unreachable();
}

Oid
key_type(KeyKind kind)
{
	return kind == KEY_INT ? INT8OID : kind == KEY_TEXT ? TEXTOID : UUIDOID;
}

Oid
key_array_type(KeyKind kind)
{
	return kind == KEY_INT ? INT8ARRAYOID : kind == KEY_TEXT ? TEXTARRAYOID : UUIDARRAYOID;
}

/* A column's value as a key. */
Datum
key_of_type(Datum value, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return Int64GetDatum((int64) DatumGetInt16(value));
		case INT4OID:
			return Int64GetDatum((int64) DatumGetInt32(value));
		case NAMEOID:
			return CStringGetTextDatum(NameStr(*DatumGetName(value)));
		default:
			return value;
	}
}

/* For messages. */
char *
key_text(KeyKind kind, Datum key)
{
	switch (kind)
	{
		case KEY_INT:
			return psprintf(INT64_FORMAT, DatumGetInt64(key));
		case KEY_UUID:
			return DatumGetCString(DirectFunctionCall1(uuid_out, key));
		case KEY_TEXT:
			return TextDatumGetCString(key);
	}
	pg_unreachable();
}

/* A text as a key; errors are those of the type's input. */
Datum
key_of_text(KeyKind kind, Datum given)
{
	switch (kind)
	{
		case KEY_INT:
			return DirectFunctionCall1(int8in, CStringGetDatum(TextDatumGetCString(given)));
		case KEY_UUID:
			return DirectFunctionCall1(uuid_in, CStringGetDatum(TextDatumGetCString(given)));
		case KEY_TEXT:
			return given;
	}
	pg_unreachable();
}

/* A copy in CurrentMemoryContext. */
Datum
key_copy(KeyKind kind, Datum key)
{
	switch (kind)
	{
		case KEY_INT:
			return key;
		case KEY_UUID:
			return datumCopy(key, false, UUID_LEN);
		case KEY_TEXT:
			return PointerGetDatum(PG_DETOAST_DATUM_COPY(key));
	}
	pg_unreachable();
}

/* An array datum of the keys, in CurrentMemoryContext. */
Datum
key_array(KeyKind kind, const Datum *keys, int n)
{
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(key_type(kind), &length, &by_value, &align);
	return PointerGetDatum(construct_array((Datum *) keys, n, key_type(kind), length, by_value, align));
}

static bool
key_equal(KeyKind kind, Datum a, Datum b)
{
	if (kind == KEY_INT)
		return DatumGetInt64(a) == DatumGetInt64(b);
	if (kind == KEY_UUID)
		return memcmp(DatumGetUUIDP(a)->data, DatumGetUUIDP(b)->data, UUID_LEN) == 0;
	else
	{
		text	   *x = DatumGetTextPP(a);
		text	   *y = DatumGetTextPP(b);

		return VARSIZE_ANY_EXHDR(x) == VARSIZE_ANY_EXHDR(y) &&
			memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
	}
}

void
idmap_free(IdMap *map)
{
	MemoryContextDelete(map->cxt);
}

void
idmap_move(IdMap *map, MemoryContext parent)
{
	MemoryContextSetParent(map->cxt, parent);
}

/* The slot that holds the key, or the empty one where it belongs. */
static inline int64
idmap_slot(const IdMap *map, Datum key, uint64 hash)
{
	int64		mask = map->nslots - 1;
	int64		slot = random_mix(hash) & mask;

	while (map->slots[slot] != 0)
	{
		int32		number = map->slots[slot] - 1;

		if (map->kind == KEY_INT ? map->keys[number] == key :
			map->hashes[number] == hash && key_equal(map->kind, map->keys[number], key))
			break;
		slot = (slot + 1) & mask;
	}
	return slot;
}

/* The slot of a direct map, or nslots if the key lies outside. */
static inline int64
idmap_place(const IdMap *map, Datum key)
{
	uint64		place = (uint64) DatumGetInt64(key) - (uint64) map->first;

	return (int64) Min(place, (uint64) map->nslots);
}

/* Empty slots for so many keys. */
static void
idmap_hash_slots(IdMap *map, int64 keys)
{
	map->nslots = IDMAP_MIN_SLOTS;
	while (map->nslots < 2 * keys)
		map->nslots *= 2;
	map->slots = memory_alloc_table_zero(map->nslots, sizeof(int32));
}

/*
 * An empty map with room for "expected" keys before it has to grow.
 */
IdMap *
idmap_create(KeyKind kind, int64 expected, MemoryContext parent)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "sage id map", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	IdMap	   *map = palloc0(sizeof(IdMap));

	map->kind = kind;
	map->cxt = cxt;
	map->capacity = Max(expected, IDMAP_MIN_SLOTS / 2);
	map->keys = memory_alloc_table(map->capacity, sizeof(Datum));
	if (kind != KEY_INT)
		map->hashes = memory_alloc_table(map->capacity, sizeof(uint64));
	idmap_hash_slots(map, map->capacity);
	MemoryContextSwitchTo(old);
	return map;
}

/* Room for so many keys, no fewer than there are. */
static void
idmap_make_room(IdMap *map, int64 capacity)
{
	map->keys = memory_grow_table(map->keys, map->capacity, capacity, sizeof(Datum));
	if (map->kind != KEY_INT)
		map->hashes = memory_grow_table(map->hashes, map->capacity, capacity, sizeof(uint64));
	map->capacity = capacity;
}

/* Room for the next key. */
static void
idmap_reserve(IdMap *map)
{
	if (map->count == PG_INT32_MAX - 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("node type has more than %d nodes", PG_INT32_MAX - 1)));
	if (map->count < map->capacity)
		return;
	idmap_make_room(map, 2 * map->capacity);
}

/* Gives the next number to a key, without looking whether it has one. */
static void
idmap_put(IdMap *map, Datum key, uint64 hash)
{
	if (map->kind == KEY_INT)
		map->keys[map->count] = key;
	else
	{
		MemoryContext old = MemoryContextSwitchTo(map->cxt);

		map->keys[map->count] = key_copy(map->kind, key);
		map->hashes[map->count] = hash;
		MemoryContextSwitchTo(old);
	}
	map->count++;
}

/* Twice the slots, once there is room for twice the keys. */
static void
idmap_enlarge(IdMap *map)
{
	int64		mask;

	map->slots = memory_grow_table(map->slots, map->nslots, 2 * map->nslots, sizeof(int32));
	map->nslots *= 2;
	memset(map->slots, 0, map->nslots * sizeof(int32));
	mask = map->nslots - 1;
	for (int32 i = 0; i < map->count; i++)
	{
		int64		slot = random_mix(idmap_hash(map, i)) & mask;

		while (map->slots[slot] != 0)
			slot = (slot + 1) & mask;
		map->slots[slot] = i + 1;
	}
}

/*
 * The key's number; if it is new it gets the next one.
 */
int32
idmap_insert(IdMap *map, Datum key, bool *found)
{
	uint64		hash = key_hash(map->kind, key);
	int64		slot;

	if (map->complete || map->slots == NULL)
		elog(ERROR, "key given to a map that is %s", map->complete ? "complete" : "not complete yet");
	slot = idmap_slot(map, key, hash);
	*found = map->slots[slot] != 0;
	if (*found)
		return map->slots[slot] - 1;
	idmap_reserve(map);
	if (map->nslots < 2 * map->capacity)
	{
		idmap_enlarge(map);
		slot = idmap_slot(map, key, hash);
	}
	idmap_put(map, key, hash);
	map->slots[slot] = map->count;
	return map->count - 1;
}

/* ------------------------------------------------------------------------
 * All keys first, then the look-ups
 * ------------------------------------------------------------------------
 */

/*
 * Makes room for "expected" keys that are to come by idmap_append().  The map
 * is empty, and cannot be asked until it is complete.
 */
void
idmap_begin(IdMap *map, int64 expected)
{
	MemoryContext old = MemoryContextSwitchTo(map->cxt);

	if (map->count > 0)
		elog(ERROR, "map begins with %d keys", map->count);
	memory_free_table(map->slots);
	map->slots = NULL;
	if (expected > map->capacity)
		idmap_make_room(map, expected);
	MemoryContextSwitchTo(old);
}

/* The number of a key that was not there before, as idmap_complete() will see. */
int32
idmap_append(IdMap *map, Datum key)
{
	Assert(map->slots == NULL);
	idmap_reserve(map);
	idmap_put(map, key, map->kind == KEY_INT ? 0 : key_hash(map->kind, key));
	return map->count - 1;
}

/*
 * Integers that lie close together get a slot each: most keys are numbers
 * given in sequence, and to look one up costs one access to memory instead of
 * two, and no hash.  False if they lie too far apart.
 */
static bool
idmap_try_direct(IdMap *map)
{
	int64		first = PG_INT64_MAX;
	int64		last = PG_INT64_MIN;

	if (map->kind != KEY_INT || map->count == 0)
		return false;
	for (int32 i = 0; i < map->count; i++)
	{
		first = Min(first, DatumGetInt64(map->keys[i]));
		last = Max(last, DatumGetInt64(map->keys[i]));
	}
	if ((uint64) last - (uint64) first >= (uint64) map->count * IDMAP_SPREAD)
		return false;
	map->first = first;
	map->nslots = last - first + 1;
	map->slots = memory_alloc_table_zero(map->nslots, sizeof(int32));
	map->direct = true;
	return true;
}

/*
 * No more keys will come.  Returns the number of one that stands there twice,
 * or -1.
 */
int32
idmap_complete(IdMap *map)
{
	MemoryContext old = MemoryContextSwitchTo(map->cxt);

	map->complete = true;
	if (map->count < map->capacity)
		idmap_make_room(map, Max(map->count, 1));
	if (!idmap_try_direct(map))
		idmap_hash_slots(map, map->count);
	MemoryContextSwitchTo(old);
	for (int32 i = 0; i < map->count; i++)
	{
		int64		slot = map->direct ? idmap_place(map, map->keys[i]) :
			idmap_slot(map, map->keys[i], idmap_hash(map, i));

		if (i % KEYS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (map->slots[slot] != 0)
			return i;
		map->slots[slot] = i + 1;
	}
	return -1;
}

/* Asks for what idmap_find() will read first, from memory; for integers. */
void
idmap_prefetch(const IdMap *map, Datum key)
{
	if (map->direct)
		__builtin_prefetch(&map->slots[idmap_place(map, key)]);
	else if (map->kind == KEY_INT)
		__builtin_prefetch(&map->slots[random_mix(DatumGetInt64(key)) & (map->nslots - 1)]);
}

int32
idmap_find(const IdMap *map, Datum key)
{
	if (map->direct)
	{
		int64		place = idmap_place(map, key);

		return place < map->nslots ? map->slots[place] - 1 : -1;
	}
	return map->slots[idmap_slot(map, key, key_hash(map->kind, key))] - 1;
}

bool
idmap_is_complete(const IdMap *map)
{
	return map->complete;
}

int32
idmap_count(const IdMap *map)
{
	return map->count;
}

Datum
idmap_key(const IdMap *map, int32 number)
{
	return map->keys[number];
}

uint64
idmap_hash(const IdMap *map, int32 number)
{
	return map->kind == KEY_INT ? (uint64) DatumGetInt64(map->keys[number]) : map->hashes[number];
}

const uint64 *
idmap_hashes(const IdMap *map)
{
	StaticAssertStmt(sizeof(Datum) == sizeof(uint64), "integer keys are their own hashes");
	return map->kind == KEY_INT ? (const uint64 *) map->keys : map->hashes;
}
