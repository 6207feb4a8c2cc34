/*
 * model_json.h
 *		The tokens of a model file's header.
 *
 * Each function takes one token and returns false, with the error noted, if
 * something else comes.
 */
#ifndef SAGE_MODEL_JSON_H
#define SAGE_MODEL_JSON_H

#include "model/model_file.h"

/* A walk over JSON; the first error stays. */
typedef struct ModelJson
{
	const uint8_t *at;
	const uint8_t *end;
	ModelFileError error;
	const uint8_t *error_at;
} ModelJson;

extern bool model_json_fail(ModelJson *json, ModelFileError error, const void *place);
extern bool model_json_accept(ModelJson *json, char c); /* false is no error */
extern bool model_json_expect(ModelJson *json, char c);
extern bool model_json_string(ModelJson *json, const char **raw, size_t *raw_len, size_t *decoded_len);
extern bool model_json_name(ModelJson *json, const char **name, size_t *len);
extern bool model_json_numbers(ModelJson *json, uint64_t *numbers, int max, int *n);

/* Pieces of a string that has been walked over. */
extern bool model_json_piece(const char **at, const char *end, char buffer[4], const char **piece, size_t *len);

#endif							/* SAGE_MODEL_JSON_H */
