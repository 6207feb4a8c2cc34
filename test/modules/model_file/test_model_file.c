/*
 * test_model_file.c
 *		Tests of the bytes of a model, without a server.
 *
 * Every file that is read is a block of memory of exactly its size, so that
 * the address sanitizer sees a read of one byte too much.
 *
 *	test_model_file					runs the tests
 *	test_model_file write FILE		writes the sample
 *	test_model_file check FILE		whether a file opens and says what the sample says
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_file.h"

static int	ncases = 0;
static int	nfailed = 0;
static ModelFile file;			/* too large for the stack */

static void
report(bool ok, const char *name)
{
	ncases++;
	nfailed += !ok;
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ncases, name);
}

static void
report_error(ModelFileError got, ModelFileError expected, const char *name)
{
	report(got == expected, name);
	if (got != expected)
		printf("# expected \"%s\", got \"%s\" at byte %zu\n",
			   model_file_message(expected), model_file_message(got), file.error_position);
}

/* A block of its own for some bytes. */
static uint8_t *
copy_bytes(const void *bytes, size_t size)
{
	uint8_t    *copy = malloc(size > 0 ? size : 1);

	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

/* ---- the sample ---- */

static const float sample_weight[6] = {1.0f, -2.5f, 0.0f, 3.4028235e38f, 1e-45f, -0.0f};
static const float sample_bias[3] = {0.1f, 0.2f, 0.3f};

static const ModelFileArray sample_arrays[] = {
	{"layer0.weight", 2, {2, 3}, sample_weight},
	{"layer0.bias", 1, {3, 0}, sample_bias},
	{"empty", 2, {0, 5}, NULL},
};

static const ModelFileEntry sample_entries[] = {
	{"spec", "{\"layers\": 2, \"path\": \"a\\\\b/c\"}"},
	{"words", "tab\there, line\nend, bell \x07, unit \x1f, del \x7f"},
	{"utf8", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x98"},
	{"nothing", ""},
};

static const ModelFileContents sample = {3, sample_arrays, 4, sample_entries};

static uint8_t *
write_contents(const ModelFileContents *contents, size_t *size)
{
	uint8_t    *bytes;

	if (model_file_size(contents, size) != MODEL_FILE_OK)
		abort();
	bytes = malloc(*size);
	if (model_file_write(contents, bytes, *size, &file) != MODEL_FILE_OK)
		abort();
	return bytes;
}

/* Whether the open file says all that was written. */
static bool
says(const ModelFileContents *contents)
{
	if (file.ntensors != contents->ntensors || file.ntexts != contents->ntexts + 1)
		return false;
	for (int i = 0; i < contents->ntensors; i++)
	{
		const ModelFileArray *array = &contents->arrays[i];
		const ModelFileTensor *tensor = model_file_tensor(&file, array->name);
		float	   *values;
		bool		same;

		if (tensor == NULL || tensor->rank != array->rank ||
			memcmp(tensor->shape, array->shape, sizeof(uint64_t) * (size_t) array->rank) != 0)
			return false;
		values = malloc(tensor->count * sizeof(float) + 1);
		model_file_floats(tensor, values);
		same = tensor->count == 0 || memcmp(values, array->data, tensor->count * sizeof(float)) == 0;
		free(values);
		if (!same)
			return false;
	}
	for (int i = 0; i < contents->ntexts; i++)
	{
		size_t		len;
		char	   *value;
		bool		same;

		if (!model_file_has_text(&file, contents->entries[i].key, &len))
			return false;
		value = malloc(len + 1);
		same = model_file_text(&file, contents->entries[i].key, value) &&
			strcmp(value, contents->entries[i].value) == 0 && strlen(value) == len;
		free(value);
		if (!same)
			return false;
	}
	return true;
}

/* ---- SHA-256 against the examples of FIPS 180 ---- */

/* By the processor's instructions, if it has them, and in plain C. */
static bool
digest_is(const char *bytes, size_t n, size_t step, const char *expected)
{
	bool		ok = true;

	for (int plain = 0; plain <= 1; plain++)
	{
		ModelDigest digest;
		char		hex[MODEL_DIGEST_HEX + 1];

		model_digest_begin(&digest);
		if (plain)
			digest.instructions = false;
		for (size_t at = 0; at < n; at += step)
			model_digest_add(&digest, bytes + at, n - at < step ? n - at : step);
		model_digest_end(&digest, hex);
		ok = ok && strcmp(hex, expected) == 0;
	}
	return ok;
}

static void
test_digest(void)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const char four_blocks[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
	char	   *million = malloc(1000000);

	memset(million, 'a', 1000000);
	report(digest_is("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
		   "sha256 of nothing");
	report(digest_is("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
		   "sha256 of abc");
	report(digest_is(two_blocks, 56, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
		   "sha256 of 56 bytes");
	report(digest_is(four_blocks, 112, 5, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"),
		   "sha256 of 112 bytes in pieces of 5");
	report(digest_is(million, 1000000, 1000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
		   "sha256 of a million a");
	free(million);
}

/* ---- round trips ---- */

static void
test_round_trips(void)
{
	static const ModelFileContents nothing = {0, NULL, 0, NULL};
	size_t		size;
	uint8_t    *bytes = write_contents(&sample, &size);
	uint8_t    *shifted;
	char	   *large = malloc(20000001);
	ModelFileEntry entry = {"encoders", large};
	ModelFileContents contents = {1, sample_arrays, 1, &entry};

	report(model_file_open(&file, bytes, size) == MODEL_FILE_OK && says(&sample), "round trip");
	report(bytes[0] % 8 == 0, "the data is aligned");
	report(model_file_tensor(&file, "layer0") == NULL && model_file_tensor(&file, "zzz") == NULL &&
		   !model_file_has_text(&file, "spe", NULL), "what is not there is not found");

	shifted = malloc(size + 1);
	memcpy(shifted + 1, bytes, size);
	report(model_file_open(&file, shifted + 1, size) == MODEL_FILE_OK && says(&sample), "at an odd address");
	free(shifted);
	free(bytes);

	bytes = write_contents(&nothing, &size);
	report(model_file_open(&file, bytes, size) == MODEL_FILE_OK && says(&nothing), "round trip of nothing");
	free(bytes);

	for (int i = 0; i < 20000000; i++)
		large[i] = "0123456789,\"\\\n"[i % 14];
	large[20000000] = '\0';
	bytes = write_contents(&contents, &size);
	report(model_file_open(&file, bytes, size) == MODEL_FILE_OK && says(&contents), "round trip of 20 MB of text");
	free(bytes);
	free(large);
}

static void
test_many(void)
{
	static char names[MODEL_FILE_MAX_TENSORS + 1][16];
	static ModelFileArray arrays[MODEL_FILE_MAX_TENSORS + 1];
	static ModelFileEntry entries[MODEL_FILE_MAX_TEXTS];
	ModelFileContents contents = {MODEL_FILE_MAX_TENSORS, arrays, MODEL_FILE_MAX_TEXTS - 1, entries};
	size_t		size;
	uint8_t    *bytes;

	for (int i = 0; i <= MODEL_FILE_MAX_TENSORS; i++)
	{
		snprintf(names[i], sizeof(names[i]), "t%d", i);
		arrays[i].name = names[i];
		arrays[i].rank = 1;
		arrays[i].shape[0] = 3;
		arrays[i].data = sample_bias;
	}
	for (int i = 0; i < MODEL_FILE_MAX_TEXTS; i++)
	{
		entries[i].key = names[i];
		entries[i].value = names[i];
	}
	bytes = write_contents(&contents, &size);
	report(model_file_open(&file, bytes, size) == MODEL_FILE_OK && says(&contents), "as many as are allowed");
	free(bytes);

	contents.ntensors++;
	report_error(model_file_size(&contents, &size), MODEL_FILE_COUNT, "write: one tensor too many");
	contents.ntensors--;
	contents.ntexts++;
	report_error(model_file_size(&contents, &size), MODEL_FILE_COUNT, "write: one text too many");
}

/* ---- what the writer refuses ---- */

static void
refuse_write(const ModelFileArray *arrays, int narrays, const ModelFileEntry *entries, int nentries,
			 ModelFileError expected, const char *name)
{
	ModelFileContents contents = {narrays, arrays, nentries, entries};
	size_t		size = 0;
	ModelFileError error = model_file_size(&contents, &size);
	uint8_t    *bytes = malloc(size + 1);

	if (error == MODEL_FILE_OK)
		error = model_file_write(&contents, bytes, size, &file);
	report_error(error, expected, name);
	free(bytes);
}

static void
refuse_array(ModelFileArray array, ModelFileError expected, const char *name)
{
	refuse_write(&array, 1, NULL, 0, expected, name);
}

static void
refuse_entry(const char *key, const char *value, ModelFileError expected, const char *name)
{
	ModelFileEntry entry = {key, value};

	refuse_write(NULL, 0, &entry, 1, expected, name);
}

static void
test_write_refusals(void)
{
	static const float infinite[2] = {1, INFINITY};
	static const float nan_value[2] = {NAN, 1};
	ModelFileArray twice[2] = {{"a", 1, {3, 0}, sample_bias}, {"a", 1, {3, 0}, sample_bias}};
	char		long_name[MODEL_FILE_MAX_NAME + 2];
	char	   *huge = malloc(MODEL_FILE_MAX_HEADER + 1);

	memset(long_name, 'n', sizeof(long_name));
	long_name[MODEL_FILE_MAX_NAME + 1] = '\0';
	memset(huge, 'x', MODEL_FILE_MAX_HEADER);
	huge[MODEL_FILE_MAX_HEADER] = '\0';

	refuse_array((ModelFileArray) {"a", 1, {2, 0}, infinite}, MODEL_FILE_NOT_FINITE, "write: infinity");
	refuse_array((ModelFileArray) {"a", 1, {2, 0}, nan_value}, MODEL_FILE_NOT_FINITE, "write: NaN");
	refuse_array((ModelFileArray) {"a", 3, {1, 1}, sample_bias}, MODEL_FILE_SHAPE, "write: rank 3");
	refuse_array((ModelFileArray) {"a", 1, {UINT64_MAX, 0}, sample_bias}, MODEL_FILE_SHAPE, "write: dimension too large");
	refuse_array((ModelFileArray) {"a", 2, {INT32_MAX, INT32_MAX}, sample_bias}, MODEL_FILE_SHAPE,
				 "write: size overflow");
	refuse_array((ModelFileArray) {"", 1, {3, 0}, sample_bias}, MODEL_FILE_NAME, "write: empty name");
	refuse_array((ModelFileArray) {"__metadata__", 1, {3, 0}, sample_bias}, MODEL_FILE_NAME, "write: reserved name");
	refuse_array((ModelFileArray) {"a\"b", 1, {3, 0}, sample_bias}, MODEL_FILE_NAME, "write: quote in a name");
	refuse_array((ModelFileArray) {"a\nb", 1, {3, 0}, sample_bias}, MODEL_FILE_NAME, "write: line end in a name");
	refuse_array((ModelFileArray) {"\xC3\xA9", 1, {3, 0}, sample_bias}, MODEL_FILE_NAME, "write: name beyond ASCII");
	refuse_array((ModelFileArray) {long_name, 1, {3, 0}, sample_bias}, MODEL_FILE_NAME, "write: name too long");
	refuse_write(twice, 2, NULL, 0, MODEL_FILE_DUPLICATE, "write: name twice");
	refuse_entry("sha256", "", MODEL_FILE_DUPLICATE, "write: the checksum's key");
	refuse_entry("a", "\xC3", MODEL_FILE_UTF8, "write: text is not UTF-8");
	refuse_entry("a", huge, MODEL_FILE_HEADER_SIZE, "write: header too large");
	free(huge);
}

/* ---- damage ---- */

static void
test_damage(void)
{
	size_t		size;
	uint8_t    *bytes = write_contents(&sample, &size);
	uint8_t    *copy;
	int			believed = 0;

	for (size_t n = 0; n < size; n++)
	{
		copy = copy_bytes(bytes, n);
		believed += model_file_open(&file, copy, n) == MODEL_FILE_OK;
		free(copy);
	}
	report(believed == 0, "every truncation is refused");

	copy = copy_bytes(bytes, size);
	for (size_t bit = 0; bit < size * 8; bit++)
	{
		copy[bit / 8] ^= (uint8_t) (1 << bit % 8);
		believed += model_file_open(&file, copy, size) == MODEL_FILE_OK;
		believed += file.error_position > size;
		copy[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	report(believed == 0, "every flipped bit is refused");
	report(model_file_open(&file, copy, size) == MODEL_FILE_OK, "undamaged it opens");

	/* Any byte in place of any byte, its own excepted. */
	for (size_t at = 0; at < size; at++)
	{
		for (int c = 0; c < 256; c++)
		{
			copy[at] = (uint8_t) c;
			believed += c != bytes[at] && model_file_open(&file, copy, size) == MODEL_FILE_OK;
		}
		copy[at] = bytes[at];
	}
	report(believed == 0, "every changed byte is refused");
	free(copy);

	copy = malloc(size + 1);
	memcpy(copy, bytes, size);
	copy[size] = 0;
	report_error(model_file_open(&file, copy, size + 1), MODEL_FILE_LENGTH, "a byte after the end");
	free(copy);
	free(bytes);
}

/* ---- files made by hand ---- */

/*
 * Parse a file of this header and so many bytes of zeros as data.  The
 * header's length field says what the header is long, plus lie.
 */
static ModelFileError
parse_raw(const char *header, size_t header_len, size_t data_len, int64_t lie)
{
	size_t		size = 8 + header_len + data_len;
	uint8_t    *bytes = calloc(size, 1);
	uint64_t	said = (uint64_t) ((int64_t) header_len + lie);
	ModelFileError error;

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t) (said >> (8 * i));
	memcpy(bytes + 8, header, header_len);
	error = model_file_parse(&file, bytes, size);
	free(bytes);
	return error;
}

typedef struct Attack
{
	const char *name;
	ModelFileError error;
	size_t		data_len;
	const char *header;
} Attack;

#define TENSOR(name, shape, from, to) \
	"\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"
#define TEXT(value) "{\"__metadata__\":{\"k\":\"" value "\"}}"

static const Attack attacks[] = {
	{"no tensors", MODEL_FILE_OK, 0, "{}"},
	{"one tensor", MODEL_FILE_OK, 8, "{" TENSOR("a", "[2]", "0", "8") "}"},
	{"a number has rank 0", MODEL_FILE_OK, 4, "{" TENSOR("a", "[]", "0", "4") "}"},
	{"an empty tensor", MODEL_FILE_OK, 0, "{" TENSOR("a", "[3,0]", "0", "0") "}"},
	{"rank 8", MODEL_FILE_OK, 8, "{" TENSOR("a", "[1,1,1,2,1,1,1,1]", "0", "8") "}"},
	{"blanks inside", MODEL_FILE_OK, 4, "{ \"a\" : { \"shape\" :\t[ 1 ] , \"data_offsets\":\n[0,4],\"dtype\":\r\"F32\" } }"},
	{"blanks behind", MODEL_FILE_OK, 0, "{}      "},
	{"metadata last", MODEL_FILE_OK, 4, "{" TENSOR("a", "[1]", "0", "4") ",\"__metadata__\":{}}"},

	{"empty header", MODEL_FILE_SYNTAX, 0, ""},
	{"leading blank", MODEL_FILE_SYNTAX, 0, " {}"},
	{"garbage behind", MODEL_FILE_SYNTAX, 0, "{}x"},
	{"line end behind", MODEL_FILE_SYNTAX, 0, "{}\n"},
	{"second object", MODEL_FILE_SYNTAX, 0, "{}{}"},
	{"an array", MODEL_FILE_SYNTAX, 0, "[]"},
	{"not JSON", MODEL_FILE_SYNTAX, 0, "invalid"},
	{"object not closed", MODEL_FILE_SYNTAX, 0, "{"},
	{"string not closed", MODEL_FILE_SYNTAX, 0, "{\"a"},
	{"comma before the end", MODEL_FILE_SYNTAX, 4, "{" TENSOR("a", "[1]", "0", "4") ",}"},
	{"comma missing", MODEL_FILE_SYNTAX, 8, "{" TENSOR("a", "[1]", "0", "4") TENSOR("b", "[1]", "4", "8") "}"},
	{"colon missing", MODEL_FILE_SYNTAX, 0, "{\"a\" {}}"},
	{"deep nesting", MODEL_FILE_SYNTAX, 0, "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["},
	{"tensor is null", MODEL_FILE_SYNTAX, 0, "{\"a\":null}"},
	{"metadata is an array", MODEL_FILE_SYNTAX, 0, "{\"__metadata__\":[]}"},
	{"metadata value is a number", MODEL_FILE_SYNTAX, 0, "{\"__metadata__\":{\"k\":1}}"},
	{"metadata value is an object", MODEL_FILE_SYNTAX, 0, "{\"__metadata__\":{\"k\":{}}}"},
	{"metadata twice", MODEL_FILE_DUPLICATE, 0, "{\"__metadata__\":{},\"__metadata__\":{}}"},
	{"metadata key twice", MODEL_FILE_DUPLICATE, 0, "{\"__metadata__\":{\"k\":\"\",\"j\":\"\",\"k\":\"\"}}"},

	{"name twice", MODEL_FILE_DUPLICATE, 8, "{" TENSOR("a", "[1]", "0", "4") "," TENSOR("a", "[1]", "4", "8") "}"},
	{"empty name", MODEL_FILE_NAME, 4, "{" TENSOR("", "[1]", "0", "4") "}"},
	{"escape in a name", MODEL_FILE_NAME, 4, "{" TENSOR("\\u0061", "[1]", "0", "4") "}"},
	{"name beyond ASCII", MODEL_FILE_NAME, 4, "{" TENSOR("\xC3\xA9", "[1]", "0", "4") "}"},

	{"tensor without properties", MODEL_FILE_SYNTAX, 0, "{\"a\":{}}"},
	{"type missing", MODEL_FILE_FIELD, 4, "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}"},
	{"shape missing", MODEL_FILE_FIELD, 4, "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}"},
	{"offsets missing", MODEL_FILE_FIELD, 4, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}"},
	{"unknown property", MODEL_FILE_FIELD, 4, "{\"a\":{\"dtype\":\"F32\",\"strides\":[1]}}"},
	{"property twice", MODEL_FILE_DUPLICATE, 4, "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"},
	{"type F64", MODEL_FILE_DTYPE, 8, "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}"},

	{"rank 9", MODEL_FILE_SHAPE, 4, "{" TENSOR("a", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}"},
	{"shape overflows", MODEL_FILE_SHAPE, 0, "{" TENSOR("a", "[2147483647,2147483647,4]", "0", "4") "}"},
	{"dimension too large", MODEL_FILE_SHAPE, 0, "{" TENSOR("a", "[4611686018427387904,4]", "0", "0") "}"},
	{"negative dimension", MODEL_FILE_NUMBER, 0, "{" TENSOR("a", "[-1]", "0", "4") "}"},
	{"fraction", MODEL_FILE_SYNTAX, 4, "{" TENSOR("a", "[1.0]", "0", "4") "}"},
	{"exponent", MODEL_FILE_SYNTAX, 4, "{" TENSOR("a", "[1e0]", "0", "4") "}"},
	{"leading zero", MODEL_FILE_NUMBER, 4, "{" TENSOR("a", "[01]", "0", "4") "}"},
	{"number is a string", MODEL_FILE_NUMBER, 4, "{" TENSOR("a", "[\"1\"]", "0", "4") "}"},
	{"number overflows", MODEL_FILE_NUMBER, 4, "{" TENSOR("a", "[18446744073709551616]", "0", "4") "}"},

	{"overlap", MODEL_FILE_OFFSETS, 8, "{" TENSOR("a", "[1]", "0", "4") "," TENSOR("b", "[1]", "0", "4") "}"},
	{"hole at the start", MODEL_FILE_OFFSETS, 8, "{" TENSOR("a", "[1]", "4", "8") "}"},
	{"hole between", MODEL_FILE_OFFSETS, 12, "{" TENSOR("a", "[1]", "0", "4") "," TENSOR("b", "[1]", "8", "12") "}"},
	{"descending", MODEL_FILE_OFFSETS, 8, "{" TENSOR("a", "[1]", "4", "8") "," TENSOR("b", "[1]", "0", "4") "}"},
	{"size is not the shape's", MODEL_FILE_OFFSETS, 8, "{" TENSOR("a", "[1]", "0", "8") "}"},
	{"end before begin", MODEL_FILE_OFFSETS, 8, "{" TENSOR("a", "[1]", "0", "4") "," TENSOR("b", "[1]", "4", "0") "}"},
	{"one offset", MODEL_FILE_OFFSETS, 4, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}"},
	{"three offsets", MODEL_FILE_SHAPE, 4, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}"},
	{"data cut", MODEL_FILE_LENGTH, 7, "{" TENSOR("a", "[2]", "0", "8") "}"},
	{"data left over", MODEL_FILE_LENGTH, 9, "{" TENSOR("a", "[2]", "0", "8") "}"},
	{"data without tensors", MODEL_FILE_LENGTH, 1, "{}"},
	{"offsets far beyond", MODEL_FILE_LENGTH, 4, "{" TENSOR("a", "[2147483647,2147483647]", "0", "18446744056529682436") "}"},

	{"every escape", MODEL_FILE_OK, 0, TEXT("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\udc18")},
	{"unknown escape", MODEL_FILE_STRING, 0, TEXT("\\x41")},
	{"escape at the end", MODEL_FILE_STRING, 0, "{\"__metadata__\":{\"k\":\"\\"},
	{"short escape", MODEL_FILE_STRING, 0, TEXT("\\u12")},
	{"large digits in an escape", MODEL_FILE_STRING, 0, TEXT("\\u00E9")},
	{"escaped NUL", MODEL_FILE_STRING, 0, TEXT("\\u0000")},
	{"high surrogate alone", MODEL_FILE_STRING, 0, TEXT("\\ud83d")},
	{"low surrogate alone", MODEL_FILE_STRING, 0, TEXT("\\udc18")},
	{"two high surrogates", MODEL_FILE_STRING, 0, TEXT("\\ud83d\\ud83d")},
	{"high surrogate and text", MODEL_FILE_STRING, 0, TEXT("\\ud83dabcdefg")},
	{"control character", MODEL_FILE_STRING, 0, TEXT("a\nb")},
	{"lone continuation byte", MODEL_FILE_UTF8, 0, TEXT("\x80")},
	{"UTF-8 cut short", MODEL_FILE_UTF8, 0, TEXT("\xE2\x82")},
	{"overlong UTF-8 of two", MODEL_FILE_UTF8, 0, TEXT("\xC0\xAF")},
	{"overlong UTF-8 of three", MODEL_FILE_UTF8, 0, TEXT("\xE0\x9F\xBF")},
	{"overlong UTF-8 of four", MODEL_FILE_UTF8, 0, TEXT("\xF0\x8F\xBF\xBF")},
	{"surrogate in UTF-8", MODEL_FILE_UTF8, 0, TEXT("\xED\xA0\x80")},
	{"beyond U+10FFFF", MODEL_FILE_UTF8, 0, TEXT("\xF4\x90\x80\x80")},
	{"byte FF", MODEL_FILE_UTF8, 0, TEXT("\xFF")},
};

static void
test_attacks(void)
{
	char		decoded[32];
	size_t		len;
	static const char escapes[] = TEXT("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\udc18");
	uint8_t    *bytes = calloc(8 + sizeof(escapes) - 1, 1);

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
	{
		const Attack *attack = &attacks[i];

		report_error(parse_raw(attack->header, strlen(attack->header), attack->data_len, 0),
					 attack->error, attack->name);
	}

	bytes[0] = sizeof(escapes) - 1;
	memcpy(bytes + 8, escapes, sizeof(escapes) - 1);
	report(model_file_parse(&file, bytes, 8 + sizeof(escapes) - 1) == MODEL_FILE_OK &&
		   model_file_has_text(&file, "k", &len) && len == 17 && model_file_text(&file, "k", decoded) &&
		   strcmp(decoded, "\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x98") == 0, "escapes are decoded");
	report_error(model_file_open(&file, bytes, 8 + sizeof(escapes) - 1), MODEL_FILE_NO_CHECKSUM, "no checksum");
	free(bytes);
}

/* Length fields that lie, and headers that are long. */
static void
test_sizes(void)
{
	static const char nul[] = "{\0}";
	char	   *header = malloc(400000);
	size_t		n = 0;

	report_error(parse_raw("{}", 2, 0, 1), MODEL_FILE_SHORT, "header reaches one byte too far");
	report_error(parse_raw("{}", 2, 0, -1), MODEL_FILE_SYNTAX, "header ends one byte too early");
	report_error(parse_raw("{}", 2, 0, MODEL_FILE_MAX_HEADER), MODEL_FILE_HEADER_SIZE, "header above the limit");
	report_error(parse_raw("{}", 2, 0, INT64_MIN), MODEL_FILE_HEADER_SIZE, "header of 2^63 bytes");
	report_error(parse_raw("{}", 2, 0, -3), MODEL_FILE_HEADER_SIZE, "header of 2^64 - 1 bytes");
	report_error(parse_raw(nul, 3, 0, 0), MODEL_FILE_SYNTAX, "NUL in the header");

	for (int i = 0; i <= MODEL_FILE_MAX_TENSORS; i++)
		n += (size_t) sprintf(header + n, "%c" TENSOR("t%d", "[0]", "0", "0"), i > 0 ? ',' : '{', i);
	n += (size_t) sprintf(header + n, "}");
	report_error(parse_raw(header, n, 0, 0), MODEL_FILE_COUNT, "one tensor too many");

	n = (size_t) sprintf(header, "{\"__metadata__\":");
	for (int i = 0; i <= MODEL_FILE_MAX_TEXTS; i++)
		n += (size_t) sprintf(header + n, "%c\"t%d\":\"\"", i > 0 ? ',' : '{', i);
	n += (size_t) sprintf(header + n, "}}");
	report_error(parse_raw(header, n, 0, 0), MODEL_FILE_COUNT, "one text too many");

	n = (size_t) sprintf(header, "{\"%0*d\":{}}", MODEL_FILE_MAX_NAME + 1, 0);
	report_error(parse_raw(header, n, 0, 0), MODEL_FILE_NAME, "name too long");
	free(header);
}

/* Every kind of value that is not finite, wherever it stands. */
static void
test_not_finite(void)
{
	static const uint32_t patterns[] = {0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF};
	size_t		size;
	uint8_t    *bytes = write_contents(&sample, &size);
	bool		refused = true;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
	{
		for (size_t at = size - 36; at < size; at += 4)
		{
			uint8_t    *copy = copy_bytes(bytes, size);

			for (int b = 0; b < 4; b++)
				copy[at + (size_t) b] = (uint8_t) (patterns[i] >> (8 * b));
			refused = refused && model_file_parse(&file, copy, size) == MODEL_FILE_NOT_FINITE &&
				file.error_position == at;
			free(copy);
		}
	}
	report(refused, "infinities and NaN are refused, at their place");

	bytes[size - 1] ^= 1;
	report_error(model_file_open(&file, bytes, size), MODEL_FILE_CHECKSUM, "one changed value");
	free(bytes);
}

/* ---- for compare_safetensors.py ---- */

static int
write_sample(const char *path)
{
	size_t		size;
	uint8_t    *bytes = write_contents(&sample, &size);
	FILE	   *to = fopen(path, "wb");
	bool		ok = to != NULL && fwrite(bytes, 1, size, to) == size;

	ok = to != NULL && fclose(to) == 0 && ok;
	free(bytes);
	return ok ? 0 : 1;
}

static int
check_sample(const char *path)
{
	static uint8_t bytes[65536];
	FILE	   *from = fopen(path, "rb");
	size_t		size = from != NULL ? fread(bytes, 1, sizeof(bytes), from) : 0;
	ModelFileError error = model_file_open(&file, bytes, size);

	if (from != NULL)
		fclose(from);
	if (error != MODEL_FILE_OK)
		printf("%s at byte %zu\n", model_file_message(error), file.error_position);
	return error == MODEL_FILE_OK && says(&sample) ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "write") == 0)
		return write_sample(argv[2]);
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return check_sample(argv[2]);

	test_digest();
	test_round_trips();
	test_many();
	test_write_refusals();
	test_damage();
	test_attacks();
	test_sizes();
	test_not_finite();
	printf("1..%d\n# %d failed\n", ncases, nfailed);
	return nfailed > 0 ? 1 : 0;
}
