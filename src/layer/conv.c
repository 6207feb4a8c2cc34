/*
 * conv.c
 *		The convolutions that there are.
 */
#include "postgres.h"

#include "layer/conv.h"

/* The first one is meant where a description names none. */
const ConvKind *const conv_kinds[] = {
	&conv_sage,
	NULL
};

/* NULL: there is none of that name. */
const ConvKind *
conv_find(const char *name)
{
	for (int i = 0; conv_kinds[i] != NULL; i++)
	{
		if (strcmp(conv_kinds[i]->name, name) == 0)
			return conv_kinds[i];
	}
	return NULL;
}
