/*
 * model_file_write.c
 *		Writing the bytes of a model.
 *
 * The header is made by one function that is run twice, first only to count.
 * The file is then read back by the reader itself, which refuses whatever it
 * would refuse later, and computes the checksum.
 */
#include <string.h>

#include "model/model_file.h"

/* The checksum is the first text, so its place is known. */
#define HEADER_START	"{\"__metadata__\":{\"sha256\":\""

/* Values written between two pauses. */
#define PAUSE_VALUES	(1 << 18)

/* Where bytes go; without an address they are only counted. */
typedef struct Sink
{
	uint8_t    *to;
	size_t		n;
} Sink;

static void
put(Sink *sink, const void *bytes, size_t n)
{
	if (sink->to != NULL && n > 0)
		memcpy(sink->to + sink->n, bytes, n);
	sink->n += n;
}

static void
put_text(Sink *sink, const char *text)
{
	put(sink, text, strlen(text));
}

static void
put_number(Sink *sink, uint64_t number)
{
	char		digits[20];
	int			at = sizeof(digits);

	do
	{
		digits[--at] = (char) ('0' + number % 10);
		number /= 10;
	} while (number > 0);
	put(sink, digits + at, sizeof(digits) - at);
}

/* A JSON string: quotes, backslashes and control characters are escaped. */
static void
put_string(Sink *sink, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const char *run = text;

	put_text(sink, "\"");
	for (; *text != '\0'; text++)
	{
		unsigned char c = (unsigned char) *text;
		char		escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		put(sink, run, (size_t) (text - run));
		run = text + 1;
		if (c < 0x20)
			put(sink, escape, 6);
		else
		{
			escape[1] = (char) c;
			put(sink, escape, 2);
		}
	}
	put(sink, run, (size_t) (text - run));
	put_text(sink, "\"");
}

static uint64_t
array_count(const ModelFileArray *array)
{
	return (array->rank > 0 ? array->shape[0] : 1) * (array->rank > 1 ? array->shape[1] : 1);
}

/* ,"name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]} */
static void
put_array_header(Sink *sink, const ModelFileArray *array, uint64_t offset)
{
	put_text(sink, ",");
	put_string(sink, array->name);
	put_text(sink, ":{\"dtype\":\"F32\",\"shape\":[");
	for (int i = 0; i < array->rank; i++)
	{
		put_text(sink, i > 0 ? "," : "");
		put_number(sink, array->shape[i]);
	}
	put_text(sink, "],\"data_offsets\":[");
	put_number(sink, offset);
	put_text(sink, ",");
	put_number(sink, offset + array_count(array) * sizeof(float));
	put_text(sink, "]}");
}

/* The header, with zeros for the checksum, padded for the data to be aligned. */
static void
put_header(Sink *sink, const ModelFileContents *contents)
{
	uint64_t	offset = 0;

	put_text(sink, HEADER_START);
	for (int i = 0; i < MODEL_DIGEST_HEX; i++)
		put_text(sink, "0");
	put_text(sink, "\"");
	for (int i = 0; i < contents->ntexts; i++)
	{
		put_text(sink, ",");
		put_string(sink, contents->entries[i].key);
		put_text(sink, ":");
		put_string(sink, contents->entries[i].value);
	}
	put_text(sink, "}");
	for (int i = 0; i < contents->ntensors; i++)
	{
		put_array_header(sink, &contents->arrays[i], offset);
		offset += array_count(&contents->arrays[i]) * sizeof(float);
	}
	put_text(sink, "}");
	while (sink->n % 8 != 0)
		put_text(sink, " ");
}

static void
put_little_endian(Sink *sink, uint64_t number, int bytes)
{
	uint8_t		buffer[8];

	for (int i = 0; i < bytes; i++)
		buffer[i] = (uint8_t) (number >> (8 * i));
	put(sink, buffer, (size_t) bytes);
}

static void
put_data(Sink *sink, const ModelFileArray *array, void (*pause) (void))
{
	uint64_t	count = array_count(array);

	for (uint64_t i = 0; i < count; i++)
	{
		uint32_t	bits;

		if (i % PAUSE_VALUES == 0 && pause != NULL)
			pause();
		memcpy(&bits, &array->data[i], sizeof(bits));
		put_little_endian(sink, bits, sizeof(bits));
	}
}

/*
 * Names that the header can hold as they are, and shapes whose sizes can be
 * added up; the rest is for the reader to refuse.
 */
static ModelFileError
check_contents(const ModelFileContents *contents, uint64_t *data_size)
{
	*data_size = 0;
	if (contents->ntensors > MODEL_FILE_MAX_TENSORS || contents->ntexts >= MODEL_FILE_MAX_TEXTS)
		return MODEL_FILE_COUNT;
	for (int i = 0; i < contents->ntensors; i++)
	{
		const ModelFileArray *array = &contents->arrays[i];

		/* In a header this name would not be a tensor's. */
		if (strcmp(array->name, "__metadata__") == 0)
			return MODEL_FILE_NAME;
		if (array->rank < 0 || array->rank > 2)
			return MODEL_FILE_SHAPE;
		for (int d = 0; d < array->rank; d++)
		{
			if (array->shape[d] > MODEL_FILE_MAX_DIM)
				return MODEL_FILE_SHAPE;
		}
		/* Two dimensions of 31 bits cannot overflow, only the sum can. */
		if (array_count(array) > (SIZE_MAX / 2 - *data_size) / sizeof(float))
			return MODEL_FILE_SHAPE;
		*data_size += array_count(array) * sizeof(float);
	}
	return MODEL_FILE_OK;
}

/* How many bytes the file will have. */
ModelFileError
model_file_size(const ModelFileContents *contents, size_t *size)
{
	Sink		counter = {NULL, 0};
	uint64_t	data_size;
	ModelFileError error = check_contents(contents, &data_size);

	if (error != MODEL_FILE_OK)
		return error;
	put_header(&counter, contents);
	if (counter.n > MODEL_FILE_MAX_HEADER)
		return MODEL_FILE_HEADER_SIZE;
	*size = 8 + counter.n + (size_t) data_size;
	return MODEL_FILE_OK;
}

/*
 * Write the file to room of exactly the size that model_file_size() told.
 * The scratch needs no initialization but for its pause; afterwards it is the
 * written file, open.  Contents that the reader would refuse are refused here.
 */
ModelFileError
model_file_write(const ModelFileContents *contents, uint8_t *to, size_t size, ModelFile *scratch)
{
	Sink		counter = {NULL, 0};
	Sink		sink = {to, 0};
	size_t		needed;
	ModelFileError error = model_file_size(contents, &needed);
	char		hex[MODEL_DIGEST_HEX + 1];

	scratch->error_position = 0;
	if (error != MODEL_FILE_OK)
		return error;
	if (size != needed)
		return MODEL_FILE_LENGTH;

	put_header(&counter, contents);
	put_little_endian(&sink, counter.n, 8);
	put_header(&sink, contents);
	for (int i = 0; i < contents->ntensors; i++)
		put_data(&sink, &contents->arrays[i], scratch->pause);

	error = model_file_parse(scratch, to, size);
	if (error != MODEL_FILE_OK)
		return error;
	model_file_checksum(scratch, hex);
	memcpy(to + 8 + strlen(HEADER_START), hex, MODEL_DIGEST_HEX);
	return MODEL_FILE_OK;
}
