/*
 * fuzz_model_file.c
 *		Any bytes whatsoever against the reader of model files.
 *
 * A mutated file nearly always dies of its checksum, so the fuzzer goes on
 * from what parses: it reads every tensor and text, writes them again, and
 * expects to find the same.
 */
#include <stdlib.h>
#include <string.h>

#include "model/model_file.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A copy closed by NUL. */
static char *
to_string(const char *text, size_t len)
{
	char	   *copy = malloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

/*
 * Write again what was read, as far as the writer goes (at most two
 * dimensions); the rewritten file must open and have the same checksum.
 */
static void
write_again(const ModelFile *file, ModelFile *scratch)
{
	ModelFileArray *arrays = calloc((size_t) file->ntensors + 1, sizeof(ModelFileArray));
	ModelFileEntry *entries = calloc((size_t) file->ntexts + 1, sizeof(ModelFileEntry));
	ModelFileContents contents = {.arrays = arrays, .entries = entries};
	char		before[MODEL_DIGEST_HEX + 1];
	char		after[MODEL_DIGEST_HEX + 1];
	uint8_t    *bytes;
	size_t		size;
	bool		same_rank = true;

	for (int i = 0; i < file->ntensors; i++)
	{
		const ModelFileTensor *tensor = &file->tensors[i];
		ModelFileArray *array = &arrays[contents.ntensors++];
		float	   *data = malloc(tensor->count * sizeof(float) + 1);

		model_file_floats(tensor, data);
		array->name = to_string(tensor->name, tensor->name_len);
		array->data = data;
		array->rank = tensor->rank <= 2 ? tensor->rank : 1;
		array->shape[0] = tensor->rank <= 2 ? tensor->shape[0] : tensor->count;
		array->shape[1] = tensor->rank <= 2 ? tensor->shape[1] : 0;
		same_rank = same_rank && tensor->rank <= 2;
		if (model_file_tensor(file, array->name) != tensor)
			abort();
	}
	for (int i = 0; i < file->ntexts; i++)
	{
		char	   *key = to_string(file->texts[i].key, file->texts[i].key_len);
		char	   *value = malloc(file->texts[i].len + 1);
		size_t		len;

		if (!model_file_has_text(file, key, &len) || !model_file_text(file, key, value) || strlen(value) != len)
			abort();
		if (strcmp(key, "sha256") == 0)
		{
			free(key);
			free(value);
			continue;
		}
		entries[contents.ntexts].key = key;
		entries[contents.ntexts++].value = value;
	}

	if (model_file_size(&contents, &size) == MODEL_FILE_OK)
	{
		bytes = malloc(size);
		model_file_checksum(file, before);
		if (model_file_write(&contents, bytes, size, scratch) != MODEL_FILE_OK ||
			model_file_open(scratch, bytes, size) != MODEL_FILE_OK)
			abort();
		model_file_checksum(scratch, after);
		if (same_rank && strcmp(before, after) != 0)
			abort();
		free(bytes);
	}

	for (int i = 0; i < contents.ntensors; i++)
	{
		free((void *) arrays[i].name);
		free((void *) arrays[i].data);
	}
	for (int i = 0; i < contents.ntexts; i++)
	{
		free((void *) entries[i].key);
		free((void *) entries[i].value);
	}
	free(arrays);
	free(entries);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static ModelFile file;
	static ModelFile scratch;

	(void) model_file_open(&file, bytes, size);
	if (file.error_position > size)
		abort();
	if (model_file_parse(&file, bytes, size) == MODEL_FILE_OK)
		write_again(&file, &scratch);
	return 0;
}
