/*
 * model_store.c
 *		A model <-> the bytes that the catalog keeps and sage_export gives.
 *
 * The bytes are a safetensors file (model_file.c): the parameters by name and,
 * as metadata, the description that they belong to.  So an exported file is
 * all that is needed to score elsewhere.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/guc.h"
#include "model/model_file.h"
#include "model/model_store.h"

#define FORMAT_KEY		"format"
#define FORMAT_NAME		"sage"
#define SPEC_KEY		"sage"

SAGE_NORETURN static void
store_corrupted(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("bytes are not a model of sage"),
			 errdetail("%s", detail),
			 errhint("Only what sage_export returned, unchanged, can be read.")));
}

/* Weights may be hundreds of megabytes: a cancel is looked for on the way. */
static void
store_pause(void)
{
	CHECK_FOR_INTERRUPTS();
}

static ModelFile *
store_file(void)
{
	ModelFile  *file = palloc(sizeof(ModelFile));

	file->pause = store_pause;
	return file;
}

/* The bytes of a model; spec is its description as JSON. */
bytea *
model_store_write(Model *model, const char *spec)
{
	int			n = param_count(model->params);
	ModelFileArray *arrays = palloc0(n * sizeof(ModelFileArray));
	ModelFileEntry entries[2] = {
		{FORMAT_KEY, FORMAT_NAME},
		{SPEC_KEY, pg_server_to_any(spec, strlen(spec), PG_UTF8)}
	};
	ModelFileContents contents = {n, arrays, 2, entries};
	ModelFile  *scratch = store_file();
	ModelFileError error;
	bytea	   *bytes;
	size_t		size = 0;

	for (int i = 0; i < n; i++)
	{
		Tensor	   *tensor = param_tensor(model->params, i);

		arrays[i].name = param_name(model->params, i);
		arrays[i].rank = 2;
		arrays[i].shape[0] = tensor->rows;
		arrays[i].shape[1] = tensor->cols;
		arrays[i].data = tensor->data;
	}
	error = model_file_size(&contents, &size);
	if (error == MODEL_FILE_OK && size > (size_t) guc_max_model_size * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model of %zu bytes exceeds sage.max_model_size", size),
				 errhint("Use fewer columns or a smaller \"hidden\", or raise sage.max_model_size.")));
	bytes = MemoryContextAllocHuge(CurrentMemoryContext, size + VARHDRSZ);
	SET_VARSIZE(bytes, size + VARHDRSZ);
	if (error == MODEL_FILE_OK)
		error = model_file_write(&contents, (uint8_t *) VARDATA(bytes), size, scratch);
	if (error == MODEL_FILE_NOT_FINITE)
		ereport(ERROR,
				(errcode(ERRCODE_FLOATING_POINT_EXCEPTION),
				 errmsg("model has weights that are not finite, and is not stored")));
	if (error != MODEL_FILE_OK)
		elog(ERROR, "could not write model: %s", model_file_message(error));
	pfree(scratch);
	return bytes;
}

/* Opens and checks the bytes. */
static ModelFile *
store_open(const bytea *bytes)
{
	ModelFile  *file = store_file();
	size_t		size = VARSIZE_ANY_EXHDR(bytes);
	ModelFileError error;

	if (size > (size_t) guc_max_model_size * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model of %zu bytes exceeds sage.max_model_size", size),
				 errhint("Raise sage.max_model_size.")));
	error = model_file_open(file, (const uint8_t *) VARDATA_ANY(bytes), size);
	if (error != MODEL_FILE_OK)
		store_corrupted(psprintf("At byte %zu: %s.", file->error_position, model_file_message(error)));
	return file;
}

/* The description inside the bytes, as JSON text in the server's encoding. */
char *
model_store_spec(const bytea *bytes)
{
	ModelFile  *file = store_open(bytes);
	size_t		length;
	char	   *spec;

	if (!model_file_has_text(file, SPEC_KEY, &length))
		store_corrupted("The file has no description of the model.");
	spec = MemoryContextAllocHuge(CurrentMemoryContext, length + 1);
	model_file_text(file, SPEC_KEY, spec);
	spec[length] = '\0';
	pfree(file);
	return pg_any_to_server(spec, length, PG_UTF8);
}

/* Sets a model's weights from the bytes, which must have just these. */
void
model_store_read(Model *model, const bytea *bytes)
{
	ModelFile  *file = store_open(bytes);

	for (int i = 0; i < param_count(model->params); i++)
	{
		Tensor	   *to = param_tensor(model->params, i);
		const ModelFileTensor *from = model_file_tensor(file, param_name(model->params, i));

		if (from == NULL || from->rank != 2 || from->shape[0] != (uint64_t) to->rows ||
			from->shape[1] != (uint64_t) to->cols)
			store_corrupted(psprintf("Tensor \"%s\" is missing or has another shape than the description says.",
									 param_name(model->params, i)));
		CHECK_FOR_INTERRUPTS();
		model_file_floats(from, to->data);
	}
	if (file->ntensors != param_count(model->params))
		store_corrupted("The file has tensors that the description does not speak of.");
	pfree(file);
}
