/*
 * encode.h
 *		What the files of this folder share: a column with its encoder.
 *
 * Each kind of encoder has one file with the same functions: _fit looks at
 * one value of the training's rows, _finish decides what follows from all of
 * them, and _row encodes one value.  NULLs are counted and encoded by the
 * caller where all kinds treat them alike.
 */
#ifndef SAGE_ENCODE_H
#define SAGE_ENCODE_H

#include "postgres.h"

#include <math.h>

#include "feature/feature.h"
#include "feature/vocabulary.h"

/* Standardized numbers do not leave [-ENCODE_CLAMP, ENCODE_CLAMP]. */
#define ENCODE_CLAMP			10.0

/* A category needs so many rows of a value on average, and of each. */
#define CATEGORY_LIMIT			4096	/* slots */
#define CATEGORY_COUNT_LIMIT	65536	/* different integers, most of which may be rare */
#define CATEGORY_MEAN_ROWS		3
#define CATEGORY_MIN_ROWS		2

#define KEY_LIMIT				65536	/* nodes of a type that are known by their keys */
#define SET_LIMIT				65536
#define VECTOR_LIMIT			65536
#define TEXT_LIMIT				4096	/* words */

/* In a table of so many rows, that labels are not of, rows may be known by name. */
#define NAMES_LIMIT				1000

/* What a column means; a model is bound to this, not to the exact type. */
typedef enum ColumnClass
{
	CLASS_INTEGER,
	CLASS_NUMBER,
	CLASS_BOOLEAN,
	CLASS_DURATION,				/* interval, time of day: seconds */
	CLASS_TEXT,
	CLASS_ENUM,
	CLASS_TIME,					/* date, timestamp, timestamptz */
	CLASS_VECTOR,
	CLASS_INTEGER_SET,
	CLASS_TEXT_SET
} ColumnClass;

#define CLASS_COUNT		(CLASS_TEXT_SET + 1)

/* What its values are when they arrive: the type of the select list's item. */
typedef enum ColumnWire
{
	WIRE_INT2,
	WIRE_INT4,
	WIRE_INT8,
	WIRE_FLOAT4,
	WIRE_FLOAT8,
	WIRE_BOOL,
	WIRE_TEXT,
	WIRE_DATE,
	WIRE_TIMESTAMP,				/* timestamptz, too: UTC */
	WIRE_INT2_ARRAY,
	WIRE_INT4_ARRAY,
	WIRE_INT8_ARRAY,
	WIRE_FLOAT4_ARRAY,
	WIRE_FLOAT8_ARRAY,
	WIRE_TEXT_ARRAY
} ColumnWire;

/* x -> (x - mean) / std, perhaps after sign(x) * log(1 + |x|). */
typedef struct Scale
{
	double		mean;
	double		std;			/* 0: constant, gets no slot */
	bool		log;
} Scale;

typedef struct Column
{
	char	   *name;
	const char *table;			/* for messages */
	char	   *type_name;		/* the SQL type, for messages */
	char	   *expression;		/* SQL text that gives the wire's type */
	ColumnClass class;
	ColumnWire	wire;

	/* fitted */
	FeatureKind kind;
	bool		missing;		/* the fit saw NULLs: an indicator or a slot */
	Scale		number;			/* NUMERIC, TIME, and CATEGORY of integers */
	bool		year;			/* TIME: the cyclic parts it has */
	bool		week;
	bool		day;
	int			length;			/* VECTOR */
	Scale	   *elements;		/* [length] */
	Vocabulary *vocabulary;		/* CATEGORY, SET, KEY, TEXT (hashes of words); else NULL */
	bool		other;			/* CATEGORY: a slot for rare and new values */

	/* where it lands */
	int			dense_offset;
	int			dense_width;
	int			sparse_offset;
	int			sparse_width;
} Column;

struct FeatureSet
{
	MemoryContext context;		/* holds everything of the set */
	Oid			relid;
	char	   *table;			/* for SQL text */
	char	   *table_name;		/* for messages */
	char	   *key_column;		/* for messages; NULL: rows of edges */
	char	   *key_sql;
	KeyKind		key_kind;
	int			ncolumns;
	Column	   *columns;
	int			nread;			/* the columns read, in order: once fitted, */
	int		   *read;			/* those with at least one slot */
	char	   *select_list;
	int			dense_width;
	int			sparse_width;
	bool		weighted;		/* sparse entries have values other than 1 */
};

/* Count, mean and sum of squared deviations (Welford 1962). */
typedef struct Moments
{
	int64		count;
	double		mean;
	double		squares;
} Moments;

static inline void
moments_add(Moments *moments, double x)
{
	double		delta = x - moments->mean;

	moments->count++;
	moments->mean += delta / (double) moments->count;
	moments->squares += delta * (x - moments->mean);
}

typedef struct ElementFit
{
	Moments		moments;
	double		min;
	double		max;
} ElementFit;

/* What is known of a column while its rows are looked at. */
typedef struct ColumnFit
{
	MemoryContext context;
	int64		row;			/* the number of the row being looked at */
	int64		values;			/* that are not NULL */
	Moments		plain;
	Moments		logs;
	double		min;
	double		max;
	bool		time_of_day;	/* TIME: other than midnight */
	bool		infinite;		/* TIME */
	int			length;			/* VECTOR */
	ElementFit *elements;
	Tally	   *tally;			/* values or members; NULL: too many */
	int64		texts;			/* TEXT: how many were taken apart */
	bool		names;			/* TEXT: unique values may name the rows */
	Tally	   *words;
} ColumnFit;

/* The growing sparse part of the rows encoded so far. */
typedef struct SparseSink
{
	int64		used;
	int64		capacity;
	int64		rows;			/* that the used ones are of */
	int64		expected;		/* rows to come in all; 0: not known */
	int32	   *ids;
	float	   *values;			/* NULL: all are 1 */
} SparseSink;

/*
 * Values of sparse entries.  A category has one, of 1.  Each member of a set
 * has 1.  Words share a length of 1 by Euclid.  Here alone it is decided:
 * a kind whose weight is not always 1 must be named in encode_weighted.
 */
static inline float
encode_weight(FeatureKind kind, int members)
{
	return kind == FEATURE_TEXT && members > 1 ? (float) (1.0 / sqrt((double) members)) : 1.0f;
}

static inline bool
encode_weighted(FeatureKind kind)
{
	return kind == FEATURE_TEXT;
}

/* feature_type.c */
extern bool column_resolve(Column *column, const char *name, Oid typeid);
extern const char *column_class_name(ColumnClass class);
extern bool column_class_find(const char *name, int length, ColumnClass *class);
extern bool column_class_can_be(ColumnClass class, FeatureKind kind);

/* feature.c */
extern const NodeType *feature_table_type(const Graph *graph, int table);
extern FeatureSet *feature_set_create(const NodeType *type, int ncolumns);
extern void feature_set_layout(FeatureSet *set);
extern void feature_set_read(FeatureSet *set);

/* encode_numeric.c */
extern double encode_numeric_value(const Column *column, Datum value);
extern void encode_numeric_check(const Column *column, double value);
extern Scale encode_numeric_scale(const Column *column, const Moments *plain, const Moments *logs, double min,
								  double max);
extern float encode_numeric_apply(const Scale *scale, double value);
extern void encode_numeric_fit(const Column *column, ColumnFit *fit, Datum value);
extern void encode_numeric_finish(Column *column, ColumnFit *fit);
extern void encode_numeric_row(const Column *column, Datum value, float *dense);

/* encode_category.c */
extern void encode_category_fit(const Column *column, ColumnFit *fit, Datum value);	/* integers */
extern bool encode_category_finish(Column *column, ColumnFit *fit, MemoryContext context);
extern void encode_category_row(const Column *column, Datum value, bool null, float *dense, SparseSink *sink);

/* encode_key.c */
extern void encode_key_resolve(Column *column, const FeatureSet *set);
extern void encode_key_fit(const Column *column, ColumnFit *fit, Datum value);
extern void encode_key_finish(Column *column, ColumnFit *fit, MemoryContext context);
extern void encode_key_row(const Column *column, Datum value, SparseSink *sink);

/* encode_time.c */
extern void encode_time_fit(const Column *column, ColumnFit *fit, Datum value);
extern void encode_time_finish(Column *column, ColumnFit *fit);
extern void encode_time_row(const Column *column, Datum value, float *dense);

/* encode_array.c: vectors, and the reading of arrays of numbers */
typedef struct NumberArray
{
	int			ndim;
	int			count;
	const char *data;			/* not aligned; of a NULL there is nothing */
	const bits8 *nulls;			/* NULL: no element is NULL */
	void	   *copy;			/* to be freed */
} NumberArray;

static inline bool
encode_array_is_null(const NumberArray *array, int i)
{
	return array->nulls != NULL && (array->nulls[i / 8] & (1 << (i % 8))) == 0;
}

extern NumberArray encode_array_open(Datum value);
extern void encode_array_close(NumberArray *array);
extern void encode_array_fit(const Column *column, ColumnFit *fit, Datum value);
extern void encode_array_finish(Column *column, ColumnFit *fit, MemoryContext context);
extern void encode_array_row(const Column *column, Datum value, float *dense);

/* encode_set.c */
extern void encode_set_fit(const Column *column, ColumnFit *fit, Datum value);
extern void encode_set_finish(Column *column, ColumnFit *fit, MemoryContext context);
extern void encode_set_row(const Column *column, Datum value, SparseSink *sink);
extern void encode_sparse_reserve(SparseSink *sink, int64 more);
extern void encode_sparse_close(const Column *column, SparseSink *sink, int slots);

/* encode_text.c */
extern void encode_text_fit(const Column *column, ColumnFit *fit, Datum value);
extern void encode_text_finish(Column *column, ColumnFit *fit, MemoryContext context);
extern void encode_text_row(const Column *column, Datum value, SparseSink *sink);

#endif							/* SAGE_ENCODE_H */
