/*
 * options.h
 *		The strict reader of an "options jsonb" argument.
 *
 * Who takes options describes them in a table of OptionDef and receives them
 * in a struct of its own.  The same table writes the struct back as JSON, for
 * storing with the model, and feeds the view sage.options.
 *
 *	static const OptionDef defs[] = {
 *		{.name = "epochs", .type = OPTION_INT, .value = "200", .min = 1, .max = 100000,
 *		 .description = "largest number of epochs", .offset = offsetof(TrainOptions, epochs)},
 *	...
 */
#ifndef SAGE_OPTIONS_H
#define SAGE_OPTIONS_H

#include "postgres.h"

#include "utils/jsonb.h"

/* What an option may be, and the type of the field that receives it. */
typedef enum OptionType
{
	OPTION_BOOL,				/* bool */
	OPTION_INT,					/* int */
	OPTION_INT64,				/* int64 */
	OPTION_FLOAT,				/* double */
	OPTION_TEXT,				/* char * */
	OPTION_ENUM,				/* int: the position in choices; int-sized C enums too */
	OPTION_LIST,				/* JsonbValue *: an array */
	OPTION_JSON					/* JsonbValue *: anything but null */
} OptionType;

/*
 * The default is written as in JSON, but texts and choices without quotes.
 * It need not lie within the range.  A default of NULL leaves the option
 * unset: NULL in a pointer, OPTION_UNSET in an int or enum, OPTION_UNSET64 in
 * an int64, NaN in a double; a bool always has one.  When min and max are
 * both 0, nothing but the type limits the value.
 */
typedef struct OptionDef
{
	const char *name;
	OptionType	type;
	const char *value;			/* default */
	double		min;			/* inclusive */
	double		max;			/* inclusive */
	const char *const *choices; /* of an enum, closed by NULL */
	const char *description;
	size_t		offset;			/* of the field in the target struct */
} OptionDef;

#define OPTION_UNSET	PG_INT32_MIN
#define OPTION_UNSET64	PG_INT64_MIN

/* A row of the view sage.options; any but the name and type may be NULL. */
typedef struct OptionInfo
{
	const char *name;
	const char *type;
	const char *value;			/* default */
	const char *range;
	const char *description;
} OptionInfo;

typedef void (*OptionRow) (void *arg, const OptionInfo *info);

extern void options_read(const OptionDef *defs, int ndefs, Jsonb *given, void *target);
extern char *options_write(const OptionDef *defs, int ndefs, const void *target);
extern void options_rows(const OptionDef *defs, int ndefs, OptionRow row, void *arg);
extern const char *options_nearest(const char *given, const char *const *names, int n);

#endif							/* SAGE_OPTIONS_H */
