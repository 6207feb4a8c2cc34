/*
 * idmap.h
 *		Node keys <-> dense numbers 0, 1, 2, ... in order of arrival.
 *
 * Keys come in three kinds.  Integers of any width are carried as int8
 * datums, text-like keys as text, uuid as uuid; the caller converts.  The
 * map keeps copies of what is passed by reference.
 */
#ifndef SAGE_IDMAP_H
#define SAGE_IDMAP_H

#include "postgres.h"

typedef enum KeyKind
{
	KEY_INT,
	KEY_TEXT,
	KEY_UUID
} KeyKind;

typedef struct IdMap IdMap;

extern IdMap *idmap_create(KeyKind kind, int64 expected, MemoryContext parent);
extern void idmap_free(IdMap *map);
extern void idmap_move(IdMap *map, MemoryContext parent);
extern int32 idmap_insert(IdMap *map, Datum key, bool *found);

/*
 * The same in two steps, cheaper where all keys come before the first question.
 */
extern void idmap_begin(IdMap *map, int64 expected);
extern int32 idmap_append(IdMap *map, Datum key);
extern int32 idmap_complete(IdMap *map);	/* a key that stands there twice; -1: none */
extern bool idmap_is_complete(const IdMap *map);

extern void idmap_prefetch(const IdMap *map, Datum key);
extern int32 idmap_find(const IdMap *map, Datum key);	/* -1: not there */
extern int32 idmap_count(const IdMap *map);
extern Datum idmap_key(const IdMap *map, int32 number);
extern uint64 idmap_hash(const IdMap *map, int32 number);
extern const uint64 *idmap_hashes(const IdMap *map);	/* of all numbers, until the next key comes */

/*
 * What the sampler knows a node by: a number made of the key alone, the same
 * on every machine and in every run.
 */
extern uint64 key_hash(KeyKind kind, Datum key);
extern Oid	key_type(KeyKind kind);		/* int8, text, uuid */
extern Oid	key_array_type(KeyKind kind);
extern Datum key_of_type(Datum value, Oid type);	/* int2, int4, int8, texts, name or uuid */
extern char *key_text(KeyKind kind, Datum key);
extern Datum key_of_text(KeyKind kind, Datum given);
extern Datum key_copy(KeyKind kind, Datum key);
extern Datum key_array(KeyKind kind, const Datum *keys, int n);

#endif							/* SAGE_IDMAP_H */
