/*
 * feature_estimate.c
 *		How wide encoded rows will be, before anything is read.
 */
#include "postgres.h"

#include "feature/encode.h"

/* A text column with more different values is free text. */
#define KINDS_LISTED	1000

/* An array's header, as stored where the array is short. */
#define ARRAY_HEADER	21

static int
element_bytes(ColumnWire wire)
{
	switch (wire)
	{
		case WIRE_INT2_ARRAY:
			return 2;
		case WIRE_INT4_ARRAY:
		case WIRE_FLOAT4_ARRAY:
			return 4;
		default:
			return 8;
	}
}

/* Adds a column: see feature_fit.c and the encoders for what they make of each class. */
static void
column_estimate(const Column *column, const GraphColumnStats *stats, FeatureWidths *widths)
{
	double		elements = Max((stats->width - ARRAY_HEADER) / element_bytes(column->wire), 1);

	switch (column->class)
	{
		case CLASS_INTEGER:
		case CLASS_NUMBER:
		case CLASS_BOOLEAN:
		case CLASS_DURATION:
			widths->dense += 1;
			break;
		case CLASS_TIME:
			widths->dense += 5;
			break;
		case CLASS_VECTOR:
			widths->dense += elements;
			break;
		case CLASS_TEXT:
		case CLASS_ENUM:
			/* one of some values, or the words of a text */
			widths->entries += stats->distinct > KINDS_LISTED ? Max(stats->width / 6, 1) : 1;
			widths->sparse += Min(Max(stats->distinct, 2), 4096);
			break;
		case CLASS_INTEGER_SET:
		case CLASS_TEXT_SET:
			widths->entries += stats->elements > 0 ? stats->elements : elements;
			widths->sparse += Max(stats->element_kinds, 16);
			break;
	}
}

/* For a set that was chosen, but not fitted. */
FeatureWidths
feature_estimate(const FeatureSet *set)
{
	FeatureWidths widths = {0};

	for (int i = 0; i < set->ncolumns; i++)
	{
		GraphColumnStats stats = graph_column_stats(set->relid, set->columns[i].name);

		column_estimate(&set->columns[i], &stats, &widths);
	}
	return widths;
}
