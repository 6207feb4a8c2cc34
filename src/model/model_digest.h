/*
 * model_digest.h
 *		SHA-256, for the checksum of a model file.
 *
 * PostgreSQL's own is linked into the server only, and the bytes of a model
 * must be readable by programs without one (fuzzing).
 */
#ifndef SAGE_MODEL_DIGEST_H
#define SAGE_MODEL_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_DIGEST_HEX	64	/* hexadecimal digits, without the closing NUL */

typedef struct ModelDigest
{
	uint32_t	state[8];
	bool		instructions;	/* the processor's own; for tests to turn off after the begin */
	uint64_t	length;			/* bytes so far */
	uint8_t		block[64];		/* the unfinished block */
} ModelDigest;

extern void model_digest_begin(ModelDigest *digest);
extern void model_digest_add(ModelDigest *digest, const void *bytes, size_t n);
extern void model_digest_end(ModelDigest *digest, char hex[MODEL_DIGEST_HEX + 1]);

#endif							/* SAGE_MODEL_DIGEST_H */
