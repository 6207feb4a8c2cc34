/*
 * model_json.c
 *		The tokens of a model file's header.
 *
 * Strings are checked once, when they are walked over, and decoded later,
 * piece by piece, straight from the file.  Escapes with large hexadecimal
 * digits are refused, so that every text can be damaged by one flipped bit
 * only into another text.
 */
#include <string.h>

#include "model/model_json.h"

/* Note an error at a place of the file, unless there is one already. */
bool
model_json_fail(ModelJson *json, ModelFileError error, const void *place)
{
	if (json->error == MODEL_FILE_OK)
	{
		json->error = error;
		json->error_at = place;
	}
	return false;
}

static void
skip_blanks(ModelJson *json)
{
	while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
		json->at++;
}

/* Take a punctuation character if it comes next. */
bool
model_json_accept(ModelJson *json, char c)
{
	skip_blanks(json);
	if (json->at == json->end || *json->at != (uint8_t) c)
		return false;
	json->at++;
	return true;
}

bool
model_json_expect(ModelJson *json, char c)
{
	return model_json_accept(json, c) || model_json_fail(json, MODEL_FILE_SYNTAX, json->at);
}

/*
 * The length of the UTF-8 sequence at a place, or 0 if there is none: no
 * overlong forms, no surrogates, nothing beyond U+10FFFF.
 */
static int
utf8_length(const uint8_t *s, const uint8_t *end)
{
	int			len = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;

	if (end - s < len)
		return 0;
	for (int i = 1; i < len; i++)
	{
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
		(s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return len;
}

/* The value of four hexadecimal digits, or -1. */
static int
hex4(const uint8_t *s, const uint8_t *end)
{
	int			value = 0;

	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		if (s[i] >= '0' && s[i] <= '9')
			value = value * 16 + s[i] - '0';
		else if (s[i] >= 'a' && s[i] <= 'f')
			value = value * 16 + s[i] - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/*
 * Decode the escape at a place (on its backslash) into at most four bytes of
 * UTF-8.  Returns the bytes it takes in the file, or 0 if it is not valid; a
 * NUL and half a surrogate pair are not.
 */
static int
decode_escape(const uint8_t *s, const uint8_t *end, char to[4], size_t *len)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	int			code;
	int			taken = 6;
	const char *letter;

	if (end - s < 2)
		return 0;
	if (s[1] != 'u')
	{
		letter = s[1] != '\0' ? strchr(letters, s[1]) : NULL;
		if (letter == NULL)
			return 0;
		to[0] = meanings[letter - letters];
		*len = 1;
		return 2;
	}

	code = hex4(s + 2, end);
	if (code <= 0 || (code >= 0xDC00 && code <= 0xDFFF))
		return 0;
	if (code >= 0xD800 && code <= 0xDBFF)
	{
		int			low = end - s >= 12 && s[6] == '\\' && s[7] == 'u' ? hex4(s + 8, end) : -1;

		if (low < 0xDC00 || low > 0xDFFF)
			return 0;
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		taken = 12;
	}

	*len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = *len - 1; i > 0; i--, code >>= 6)
		to[i] = (char) (0x80 | (code & 0x3F));
	to[0] = (char) (code | (*len == 1 ? 0 : *len == 2 ? 0xC0 : *len == 3 ? 0xE0 : 0xF0));
	return taken;
}

/* A string: its bytes between the quotes, and its length once decoded. */
bool
model_json_string(ModelJson *json, const char **raw, size_t *raw_len, size_t *decoded_len)
{
	const uint8_t *s;
	size_t		total = 0;

	if (!model_json_expect(json, '"'))
		return false;
	for (s = json->at; s < json->end && *s != '"';)
	{
		char		decoded[4];
		size_t		len = 1;
		int			taken = 1;

		if (*s == '\\')
			taken = decode_escape(s, json->end, decoded, &len);
		else if (*s < 0x20)
			taken = 0;
		else if (*s >= 0x80)
		{
			taken = utf8_length(s, json->end);
			if (taken == 0)
				return model_json_fail(json, MODEL_FILE_UTF8, s);
			len = (size_t) taken;
		}
		if (taken == 0)
			return model_json_fail(json, MODEL_FILE_STRING, s);
		s += taken;
		total += len;
	}
	if (s == json->end)
		return model_json_fail(json, MODEL_FILE_SYNTAX, s);

	*raw = (const char *) json->at;
	*raw_len = (size_t) (s - json->at);
	*decoded_len = total;
	json->at = s + 1;
	return true;
}

/* A name: 1 to 255 printable ASCII characters, none of them escaped. */
bool
model_json_name(ModelJson *json, const char **name, size_t *len)
{
	const uint8_t *start = json->at;
	size_t		decoded;

	if (!model_json_string(json, name, len, &decoded))
		return false;
	if (*len == 0 || *len > MODEL_FILE_MAX_NAME)
		return model_json_fail(json, MODEL_FILE_NAME, start);
	for (size_t i = 0; i < *len; i++)
	{
		if ((*name)[i] < ' ' || (*name)[i] > '~' || (*name)[i] == '\\')
			return model_json_fail(json, MODEL_FILE_NAME, *name + i);
	}
	return true;
}

/* A number: digits without sign, fraction, exponent or leading zero. */
static bool
parse_number(ModelJson *json, uint64_t *number)
{
	const uint8_t *start;

	skip_blanks(json);
	start = json->at;
	*number = 0;
	for (; json->at < json->end && *json->at >= '0' && *json->at <= '9'; json->at++)
	{
		unsigned	digit = *json->at - '0';

		if (*number > (UINT64_MAX - digit) / 10)
			return model_json_fail(json, MODEL_FILE_NUMBER, start);
		*number = *number * 10 + digit;
	}
	if (json->at == start || (*start == '0' && json->at - start > 1))
		return model_json_fail(json, MODEL_FILE_NUMBER, start);
	return true;
}

/* An array of at most max numbers; more are MODEL_FILE_SHAPE. */
bool
model_json_numbers(ModelJson *json, uint64_t *numbers, int max, int *n)
{
	*n = 0;
	if (!model_json_expect(json, '['))
		return false;
	if (model_json_accept(json, ']'))
		return true;
	do
	{
		if (*n == max)
			return model_json_fail(json, MODEL_FILE_SHAPE, json->at);
		if (!parse_number(json, &numbers[(*n)++]))
			return false;
	} while (model_json_accept(json, ','));
	return model_json_expect(json, ']');
}

/*
 * The next piece of a text, decoded: a run of plain bytes in place, or an
 * escape in the buffer.  False at the end.
 */
bool
model_json_piece(const char **at, const char *end, char buffer[4], const char **piece, size_t *len)
{
	const char *backslash;

	if (*at == end)
		return false;
	if (**at == '\\')
	{
		*at += decode_escape((const uint8_t *) *at, (const uint8_t *) end, buffer, len);
		*piece = buffer;
		return true;
	}
	backslash = memchr(*at, '\\', (size_t) (end - *at));
	*piece = *at;
	*at = backslash ? backslash : end;
	*len = (size_t) (*at - *piece);
	return true;
}
