/*
 * places.h
 *		The nodes of one type that a sample has met so far, each with a place.
 *
 * A node of a sample is a triple of node, seed time and owner: the same row
 * seen from two times has two neighborhoods, and in adaptive sampling each
 * seed has a tree of its own.
 */
#ifndef SAGE_PLACES_H
#define SAGE_PLACES_H

#include "postgres.h"

#include "base/memory.h"
#include "base/random.h"
#include "datatype/timestamp.h"

/* Of a node that belongs to all seeds of its time. */
#define OWNER_NONE	(-1)

typedef struct PlaceKey
{
	int32		node;
	int32		owner;			/* the seed's place, or OWNER_NONE */
	TimestampTz time;
} PlaceKey;

typedef struct PlaceEntry
{
	PlaceKey	key;
	int32		place;
	char		status;
} PlaceEntry;

#define SH_PREFIX places
#define SH_ELEMENT_TYPE PlaceEntry
#define SH_KEY_TYPE PlaceKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) \
	((uint32) random_mix(((uint64) (uint32) (key).owner << 32 | (uint32) (key).node) ^ ((uint64) (key).time << 20)))
#define SH_EQUAL(tb, a, b) ((a).node == (b).node && (a).owner == (b).owner && (a).time == (b).time)
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* In order of meeting. */
typedef struct TypeNodes
{
	places_hash *places;
	int64		count;
	int64		capacity;
	int32	   *nodes;
	TimestampTz *times;
} TypeNodes;

static inline void
type_nodes_create(TypeNodes *type, int64 capacity)
{
	type->count = 0;
	type->capacity = capacity;
	type->places = places_create(CurrentMemoryContext, capacity, NULL);
	type->nodes = memory_alloc(capacity, sizeof(int32));
	type->times = memory_alloc(capacity, sizeof(TimestampTz));
}

/* The place of a node among its type's, given to it if it is new. */
static inline int32
type_nodes_place(TypeNodes *type, int32 node, int32 owner, TimestampTz time)
{
	PlaceKey	key = {node, owner, time};
	bool		found;
	PlaceEntry *entry = places_insert(type->places, key, &found);

	if (!found)
	{
		if (type->count == type->capacity)
		{
			type->capacity *= 2;
			type->nodes = memory_grow(type->nodes, type->capacity, sizeof(int32));
			type->times = memory_grow(type->times, type->capacity, sizeof(TimestampTz));
		}
		type->nodes[type->count] = node;
		type->times[type->count] = time;
		entry->place = (int32) type->count++;
	}
	return entry->place;
}

/* The place that a node has already; -1: none. */
static inline int32
type_nodes_find(TypeNodes *type, int32 node, int32 owner, TimestampTz time)
{
	PlaceKey	key = {node, owner, time};
	PlaceEntry *entry = places_lookup(type->places, key);

	return entry != NULL ? entry->place : -1;
}

#endif							/* SAGE_PLACES_H */
