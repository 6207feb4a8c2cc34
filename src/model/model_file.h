/*
 * model_file.h
 *		The bytes of a model: a safetensors file with a checksum.
 *
 *		8 bytes		length of the header, little-endian
 *		header		JSON: {"__metadata__": {key: text, ...},
 *					name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 *					padded with spaces to a multiple of 8
 *		data		little-endian floats, one tensor after the other
 *
 * Files come from users, and are believed only after every byte of them has
 * been checked.  This is plain C that allocates nothing and knows no server,
 * so that it can be fuzzed.
 *
 * The metadata entry "sha256" covers what the file says, not how its JSON is
 * written: see model_file_checksum().  It finds damage, not malice.
 */
#ifndef SAGE_MODEL_FILE_H
#define SAGE_MODEL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model_digest.h"

#define MODEL_FILE_MAX_HEADER	(64 * 1024 * 1024)
#define MODEL_FILE_MAX_TENSORS	4096
#define MODEL_FILE_MAX_TEXTS	256
#define MODEL_FILE_MAX_NAME		255
#define MODEL_FILE_MAX_RANK		8
#define MODEL_FILE_MAX_DIM		INT32_MAX

typedef enum ModelFileError
{
	MODEL_FILE_OK,
	MODEL_FILE_SHORT,			/* no room for the header */
	MODEL_FILE_HEADER_SIZE,		/* header too large */
	MODEL_FILE_SYNTAX,			/* not the JSON expected here */
	MODEL_FILE_STRING,			/* escape or character not allowed */
	MODEL_FILE_UTF8,
	MODEL_FILE_NAME,			/* name or key not allowed */
	MODEL_FILE_DUPLICATE,		/* the same name or key again */
	MODEL_FILE_NUMBER,			/* not a plain integer, or too large */
	MODEL_FILE_FIELD,			/* tensor without or with unknown properties */
	MODEL_FILE_DTYPE,
	MODEL_FILE_SHAPE,			/* rank, dimension or product too large */
	MODEL_FILE_OFFSETS,			/* hole, overlap, or not the size of the shape */
	MODEL_FILE_COUNT,			/* too many tensors or texts */
	MODEL_FILE_LENGTH,			/* data shorter or longer than the tensors */
	MODEL_FILE_NOT_FINITE,
	MODEL_FILE_NO_CHECKSUM,
	MODEL_FILE_CHECKSUM			/* the checksum is wrong */
} ModelFileError;

/* A tensor of an open file.  The name is not closed by NUL. */
typedef struct ModelFileTensor
{
	const char *name;
	size_t		name_len;
	int			rank;
	uint64_t	shape[MODEL_FILE_MAX_RANK];
	uint64_t	count;			/* product of the shape */
	const uint8_t *data;		/* 4 * count bytes, not aligned */
} ModelFileTensor;

/* A metadata entry of an open file, its value still in JSON's escapes. */
typedef struct ModelFileText
{
	const char *key;
	size_t		key_len;
	const char *raw;
	size_t		raw_len;
	size_t		len;			/* bytes once decoded */
} ModelFileText;

/*
 * An open file.  It is large (half a megabyte): allocate it.  It points into
 * the bytes and into itself: do not copy it, and keep the bytes.
 *
 * pause is the caller's, set before the file is opened or written: NULL, or
 * called every few milliseconds while large data is gone through.  It may
 * leave for good, as nothing is held meanwhile.
 */
typedef struct ModelFile
{
	void		(*pause) (void);
	const uint8_t *bytes;
	size_t		size;
	size_t		error_position; /* byte at which an error was found */
	int			ntensors;
	int			ntexts;
	ModelFileTensor tensors[MODEL_FILE_MAX_TENSORS];	/* as in the file */
	ModelFileText texts[MODEL_FILE_MAX_TEXTS];
	const ModelFileTensor *by_name[MODEL_FILE_MAX_TENSORS];
	const ModelFileText *by_key[MODEL_FILE_MAX_TEXTS];
} ModelFile;

/* model_file.c: reading */
extern ModelFileError model_file_open(ModelFile *file, const uint8_t *bytes, size_t size);
extern const char *model_file_message(ModelFileError error);
extern const ModelFileTensor *model_file_tensor(const ModelFile *file, const char *name);
extern void model_file_floats(const ModelFileTensor *tensor, float *to);
extern bool model_file_has_text(const ModelFile *file, const char *key, size_t *len);
extern bool model_file_text(const ModelFile *file, const char *key, char *to);

/* The two halves of opening: all but the checksum, and the checksum. */
extern ModelFileError model_file_parse(ModelFile *file, const uint8_t *bytes, size_t size);
extern void model_file_checksum(const ModelFile *file, char hex[MODEL_DIGEST_HEX + 1]);

typedef struct ModelFileArray
{
	const char *name;
	int			rank;			/* 0, 1 or 2 */
	uint64_t	shape[2];
	const float *data;
} ModelFileArray;

typedef struct ModelFileEntry
{
	const char *key;
	const char *value;
} ModelFileEntry;

/* What is to be written.  Texts are UTF-8; the key "sha256" is taken. */
typedef struct ModelFileContents
{
	int			ntensors;
	const ModelFileArray *arrays;
	int			ntexts;
	const ModelFileEntry *entries;
} ModelFileContents;

/* model_file_write.c */
extern ModelFileError model_file_size(const ModelFileContents *contents, size_t *size);
extern ModelFileError model_file_write(const ModelFileContents *contents, uint8_t *to, size_t size,
									   ModelFile *scratch);

#endif							/* SAGE_MODEL_FILE_H */
