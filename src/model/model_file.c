/*
 * model_file.c
 *		Reading the bytes of a model.
 *
 * The parser knows the one shape that the header may have, so it needs no
 * recursion and no tree: it walks over the JSON once and notes where tensors
 * and texts lie.  It is stricter than safetensors: floats only and all of
 * them finite, plain names without escapes, tensors in the order of their
 * data.
 */
#include <stdlib.h>
#include <string.h>

#include "model/model_file.h"
#include "model/model_json.h"

/* Bytes of data between two pauses. */
#define PAUSE_BYTES		((size_t) 1 << 20)

#define METADATA_NAME	"__metadata__"
#define CHECKSUM_KEY	"sha256"

/* A walk over the header; the first error stops it. */
typedef struct Parser
{
	ModelFile  *file;
	ModelJson	json;			/* its end is where the data begins */
	uint64_t	data_end;		/* where the last tensor's data ended */
	bool		has_metadata;
} Parser;

static const char *const messages[] = {
	[MODEL_FILE_OK] = "no error",
	[MODEL_FILE_SHORT] = "file ends before its header does",
	[MODEL_FILE_HEADER_SIZE] = "header is too large",
	[MODEL_FILE_SYNTAX] = "header is not the expected JSON",
	[MODEL_FILE_STRING] = "string has a character or escape that is not allowed",
	[MODEL_FILE_UTF8] = "string is not valid UTF-8",
	[MODEL_FILE_NAME] = "name is not allowed",
	[MODEL_FILE_DUPLICATE] = "name occurs twice",
	[MODEL_FILE_NUMBER] = "number is not a plain integer or is too large",
	[MODEL_FILE_FIELD] = "properties of a tensor are not type, shape and offsets",
	[MODEL_FILE_DTYPE] = "type of a tensor is not F32",
	[MODEL_FILE_SHAPE] = "shape of a tensor is too large",
	[MODEL_FILE_OFFSETS] = "offsets of a tensor do not follow from the shapes",
	[MODEL_FILE_COUNT] = "too many tensors or metadata entries",
	[MODEL_FILE_LENGTH] = "length of the data is not that of the tensors",
	[MODEL_FILE_NOT_FINITE] = "value of a tensor is not finite",
	[MODEL_FILE_NO_CHECKSUM] = "checksum is missing",
	[MODEL_FILE_CHECKSUM] = "checksum does not match",
};

const char *
model_file_message(ModelFileError error)
{
	return messages[error];
}

static bool
same_text(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* ---- the header ---- */

/* The product of the shape; its size in bytes is known to fit. */
static bool
count_values(Parser *p, ModelFileTensor *tensor)
{
	tensor->count = 1;
	for (int i = 0; i < tensor->rank; i++)
	{
		uint64_t	dim = tensor->shape[i];

		if (dim > MODEL_FILE_MAX_DIM || (dim > 0 && tensor->count > UINT64_MAX / sizeof(float) / dim))
			return model_json_fail(&p->json, MODEL_FILE_SHAPE, tensor->name);
		tensor->count *= dim;
	}
	return true;
}

/* The data must follow that of the tensor before, and lie in the file. */
static bool
place_data(Parser *p, ModelFileTensor *tensor, const uint64_t offsets[2])
{
	uint64_t	available = (uint64_t) (p->file->bytes + p->file->size - p->json.end);

	if (!count_values(p, tensor))
		return false;
	if (offsets[0] != p->data_end || offsets[1] < offsets[0] ||
		offsets[1] - offsets[0] != tensor->count * sizeof(float))
		return model_json_fail(&p->json, MODEL_FILE_OFFSETS, tensor->name);
	if (offsets[1] > available)
		return model_json_fail(&p->json, MODEL_FILE_LENGTH, tensor->name);
	tensor->data = p->json.end + offsets[0];
	p->data_end = offsets[1];
	return true;
}

/* One property of a tensor; each must come once, in any order. */
static bool
parse_property(Parser *p, ModelFileTensor *tensor, uint64_t offsets[2], unsigned *seen)
{
	const char *key;
	const char *dtype;
	size_t		key_len;
	size_t		len;
	unsigned	bit;
	int			n;

	if (!model_json_name(&p->json, &key, &key_len) || !model_json_expect(&p->json, ':'))
		return false;
	bit = same_text(key, key_len, "dtype") ? 1 : same_text(key, key_len, "shape") ? 2 :
		same_text(key, key_len, "data_offsets") ? 4 : 0;
	if (bit == 0)
		return model_json_fail(&p->json, MODEL_FILE_FIELD, key);
	if (*seen & bit)
		return model_json_fail(&p->json, MODEL_FILE_DUPLICATE, key);
	*seen |= bit;

	if (bit == 1)
	{
		if (!model_json_name(&p->json, &dtype, &len))
			return false;
		return same_text(dtype, len, "F32") || model_json_fail(&p->json, MODEL_FILE_DTYPE, dtype);
	}
	if (bit == 2)
		return model_json_numbers(&p->json, tensor->shape, MODEL_FILE_MAX_RANK, &tensor->rank);
	if (!model_json_numbers(&p->json, offsets, 2, &n))
		return false;
	return n == 2 || model_json_fail(&p->json, MODEL_FILE_OFFSETS, key);
}

static bool
parse_tensor(Parser *p, const char *name, size_t name_len)
{
	ModelFileTensor *tensor;
	uint64_t	offsets[2];
	unsigned	seen = 0;

	if (p->file->ntensors == MODEL_FILE_MAX_TENSORS)
		return model_json_fail(&p->json, MODEL_FILE_COUNT, name);
	tensor = &p->file->tensors[p->file->ntensors++];
	tensor->name = name;
	tensor->name_len = name_len;

	if (!model_json_expect(&p->json, '{'))
		return false;
	do
	{
		if (!parse_property(p, tensor, offsets, &seen))
			return false;
	} while (model_json_accept(&p->json, ','));
	if (!model_json_expect(&p->json, '}'))
		return false;
	if (seen != 7)
		return model_json_fail(&p->json, MODEL_FILE_FIELD, name);
	return place_data(p, tensor, offsets);
}

static bool
parse_metadata(Parser *p)
{
	if (!model_json_expect(&p->json, '{'))
		return false;
	if (model_json_accept(&p->json, '}'))
		return true;
	do
	{
		ModelFileText *text;

		if (p->file->ntexts == MODEL_FILE_MAX_TEXTS)
			return model_json_fail(&p->json, MODEL_FILE_COUNT, p->json.at);
		text = &p->file->texts[p->file->ntexts++];
		if (!model_json_name(&p->json, &text->key, &text->key_len) || !model_json_expect(&p->json, ':') ||
			!model_json_string(&p->json, &text->raw, &text->raw_len, &text->len))
			return false;
	} while (model_json_accept(&p->json, ','));
	return model_json_expect(&p->json, '}');
}

static bool
parse_entry(Parser *p)
{
	const char *name;
	size_t		len;

	if (!model_json_name(&p->json, &name, &len) || !model_json_expect(&p->json, ':'))
		return false;
	if (!same_text(name, len, METADATA_NAME))
		return parse_tensor(p, name, len);
	if (p->has_metadata)
		return model_json_fail(&p->json, MODEL_FILE_DUPLICATE, name);
	p->has_metadata = true;
	return parse_metadata(p);
}

/* The whole header: an object from the first byte, then spaces only. */
static bool
parse_header(Parser *p)
{
	if (p->json.at == p->json.end || *p->json.at != '{')
		return model_json_fail(&p->json, MODEL_FILE_SYNTAX, p->json.at);
	p->json.at++;
	if (!model_json_accept(&p->json, '}'))
	{
		do
		{
			if (!parse_entry(p))
				return false;
		} while (model_json_accept(&p->json, ','));
		if (!model_json_expect(&p->json, '}'))
			return false;
	}
	for (; p->json.at < p->json.end; p->json.at++)
	{
		if (*p->json.at != ' ')
			return model_json_fail(&p->json, MODEL_FILE_SYNTAX, p->json.at);
	}
	return true;
}

/* ---- what is checked once the header is known ---- */

static int
compare_names(const char *a, size_t alen, const char *b, size_t blen)
{
	int			order = memcmp(a, b, alen < blen ? alen : blen);

	return order != 0 ? order : (alen > blen) - (alen < blen);
}

static int
compare_tensors(const void *a, const void *b)
{
	const ModelFileTensor *x = *(const ModelFileTensor *const *) a;
	const ModelFileTensor *y = *(const ModelFileTensor *const *) b;

	return compare_names(x->name, x->name_len, y->name, y->name_len);
}

static int
compare_texts(const void *a, const void *b)
{
	const ModelFileText *x = *(const ModelFileText *const *) a;
	const ModelFileText *y = *(const ModelFileText *const *) b;

	return compare_names(x->key, x->key_len, y->key, y->key_len);
}

/* Sort tensors and texts by name; no name may come twice. */
static bool
sort_names(Parser *p)
{
	ModelFile  *file = p->file;

	for (int i = 0; i < file->ntensors; i++)
		file->by_name[i] = &file->tensors[i];
	for (int i = 0; i < file->ntexts; i++)
		file->by_key[i] = &file->texts[i];
	qsort(file->by_name, file->ntensors, sizeof(file->by_name[0]), compare_tensors);
	qsort(file->by_key, file->ntexts, sizeof(file->by_key[0]), compare_texts);

	for (int i = 1; i < file->ntensors; i++)
	{
		if (compare_tensors(&file->by_name[i - 1], &file->by_name[i]) == 0)
			return model_json_fail(&p->json, MODEL_FILE_DUPLICATE, file->by_name[i]->name);
	}
	for (int i = 1; i < file->ntexts; i++)
	{
		if (compare_texts(&file->by_key[i - 1], &file->by_key[i]) == 0)
			return model_json_fail(&p->json, MODEL_FILE_DUPLICATE, file->by_key[i]->key);
	}
	return true;
}

static uint32_t
little_endian(const uint8_t *s)
{
	return (uint32_t) s[0] | (uint32_t) s[1] << 8 | (uint32_t) s[2] << 16 | (uint32_t) s[3] << 24;
}

/* All data belongs to tensors and is finite: no exponent is all ones. */
static bool
check_data(Parser *p)
{
	const uint8_t *end = p->file->bytes + p->file->size;

	if ((uint64_t) (end - p->json.end) != p->data_end)
		return model_json_fail(&p->json, MODEL_FILE_LENGTH, p->json.end + p->data_end);
	for (const uint8_t *s = p->json.end; s < end; s += sizeof(float))
	{
		if ((size_t) (s - p->json.end) % PAUSE_BYTES == 0 && p->file->pause != NULL)
			p->file->pause();
		if ((little_endian(s) & 0x7F800000) == 0x7F800000)
			return model_json_fail(&p->json, MODEL_FILE_NOT_FINITE, s);
	}
	return true;
}

/*
 * Check all of a file but its checksum, and note what is in it.  On an error,
 * file->error_position says where.
 */
ModelFileError
model_file_parse(ModelFile *file, const uint8_t *bytes, size_t size)
{
	Parser		p = {.file = file};
	uint64_t	header;

	file->bytes = bytes;
	file->size = size;
	file->error_position = 0;
	file->ntensors = 0;
	file->ntexts = 0;

	if (size < 8)
		return MODEL_FILE_SHORT;
	header = little_endian(bytes) | (uint64_t) little_endian(bytes + 4) << 32;
	if (header > MODEL_FILE_MAX_HEADER)
		return MODEL_FILE_HEADER_SIZE;
	if (header > size - 8)
		return MODEL_FILE_SHORT;

	p.json.at = bytes + 8;
	p.json.end = p.json.at + header;
	if (parse_header(&p) && sort_names(&p) && check_data(&p))
		return MODEL_FILE_OK;
	file->error_position = (size_t) (p.json.error_at - bytes);
	return p.json.error;
}

/* ---- what the file says ---- */

static void
digest_number(ModelDigest *digest, uint64_t number)
{
	uint8_t		bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t) (number >> (8 * i));
	model_digest_add(digest, bytes, sizeof(bytes));
}

static void
digest_text(ModelDigest *digest, const ModelFileText *text)
{
	const char *at = text->raw;
	const char *piece;
	char		buffer[4];
	size_t		len;

	digest_number(digest, text->key_len);
	model_digest_add(digest, text->key, text->key_len);
	digest_number(digest, text->len);
	while (model_json_piece(&at, text->raw + text->raw_len, buffer, &piece, &len))
		model_digest_add(digest, piece, len);
}

static void
digest_tensor(ModelDigest *digest, const ModelFileTensor *tensor, void (*pause) (void))
{
	size_t		size = tensor->count * sizeof(float);

	digest_number(digest, tensor->name_len);
	model_digest_add(digest, tensor->name, tensor->name_len);
	digest_number(digest, (uint64_t) tensor->rank);
	for (int i = 0; i < tensor->rank; i++)
		digest_number(digest, tensor->shape[i]);
	for (size_t done = 0; done < size; done += PAUSE_BYTES)
	{
		if (pause != NULL)
			pause();
		model_digest_add(digest, tensor->data + done, size - done < PAUSE_BYTES ? size - done : PAUSE_BYTES);
	}
}

/*
 * SHA-256 over what a parsed file says: the metadata without the checksum, in
 * the order of their keys: the length of the key, the key, the length of the
 * text, the text; then the tensors, in the order of their names: the length of
 * the name, the name, the rank, the dimensions, the data.  Both lists begin
 * with their number of entries.  Numbers are 8 bytes little-endian, texts are
 * decoded, order is by bytes.  So a file rewritten by another program, with
 * its tensors in another order, keeps its checksum.
 */
void
model_file_checksum(const ModelFile *file, char hex[MODEL_DIGEST_HEX + 1])
{
	ModelDigest digest;
	bool		has_checksum = model_file_has_text(file, CHECKSUM_KEY, NULL);

	model_digest_begin(&digest);
	digest_number(&digest, (uint64_t) (file->ntexts - has_checksum));
	for (int i = 0; i < file->ntexts; i++)
	{
		if (!same_text(file->by_key[i]->key, file->by_key[i]->key_len, CHECKSUM_KEY))
			digest_text(&digest, file->by_key[i]);
	}
	digest_number(&digest, (uint64_t) file->ntensors);
	for (int i = 0; i < file->ntensors; i++)
		digest_tensor(&digest, file->by_name[i], file->pause);
	model_digest_end(&digest, hex);
}

/* ---- access ---- */

static const ModelFileText *
find_text(const ModelFile *file, const char *key)
{
	const ModelFileText sought = {.key = key, .key_len = strlen(key)};
	const ModelFileText *address = &sought;
	const ModelFileText *const *found;

	found = bsearch(&address, file->by_key, file->ntexts, sizeof(file->by_key[0]), compare_texts);
	return found ? *found : NULL;
}

/*
 * Check a file completely and note what is in it.  After anything but
 * MODEL_FILE_OK nothing in the file may be used but error_position.
 */
ModelFileError
model_file_open(ModelFile *file, const uint8_t *bytes, size_t size)
{
	ModelFileError error = model_file_parse(file, bytes, size);
	const ModelFileText *stored;
	char		hex[MODEL_DIGEST_HEX + 1];

	if (error != MODEL_FILE_OK)
		return error;
	stored = find_text(file, CHECKSUM_KEY);
	if (stored == NULL)
		return MODEL_FILE_NO_CHECKSUM;
	model_file_checksum(file, hex);
	if (!same_text(stored->raw, stored->raw_len, hex))
	{
		file->error_position = (size_t) ((const uint8_t *) stored->raw - bytes);
		return MODEL_FILE_CHECKSUM;
	}
	return MODEL_FILE_OK;
}

/* The tensor of a name, or NULL. */
const ModelFileTensor *
model_file_tensor(const ModelFile *file, const char *name)
{
	const ModelFileTensor sought = {.name = name, .name_len = strlen(name)};
	const ModelFileTensor *address = &sought;
	const ModelFileTensor *const *found;

	found = bsearch(&address, file->by_name, file->ntensors, sizeof(file->by_name[0]), compare_tensors);
	return found ? *found : NULL;
}

/* Copy a tensor's values, in this machine's byte order, to room for count of them. */
void
model_file_floats(const ModelFileTensor *tensor, float *to)
{
	for (uint64_t i = 0; i < tensor->count; i++)
	{
		uint32_t	bits = little_endian(tensor->data + i * sizeof(float));

		memcpy(&to[i], &bits, sizeof(bits));
	}
}

/* Whether there is a metadata entry, and its length; len may be NULL. */
bool
model_file_has_text(const ModelFile *file, const char *key, size_t *len)
{
	const ModelFileText *text = find_text(file, key);

	if (text != NULL && len != NULL)
		*len = text->len;
	return text != NULL;
}

/*
 * Decode a metadata entry to room for its length and a closing NUL; it is
 * valid UTF-8 and has no other NUL.  False if there is none.
 */
bool
model_file_text(const ModelFile *file, const char *key, char *to)
{
	const ModelFileText *text = find_text(file, key);
	const char *at;
	const char *piece;
	char		buffer[4];
	size_t		len;

	if (text == NULL)
		return false;
	at = text->raw;
	while (model_json_piece(&at, text->raw + text->raw_len, buffer, &piece, &len))
	{
		memcpy(to, piece, len);
		to += len;
	}
	*to = '\0';
	return true;
}
