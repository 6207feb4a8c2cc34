/*
 * conv.h
 *		What a convolution is: its parameters, and how it makes states of them.
 *
 * A convolution is one file, conv_x.c, and one row of conv_kinds[].  It
 * declares its parameters; model/model_build.c makes them by layer, and
 * model/model_layer.c hands them over together with the rows.  What follows
 * every convolution (normalization, activation, dropout) is layer_finish().
 */
#ifndef SAGE_CONV_H
#define SAGE_CONV_H

#include "postgres.h"

#include "layer/layer.h"
#include "tensor/param.h"

/* Whom a parameter belongs to. */
typedef enum ConvOwner
{
	CONV_TYPE,					/* a node type, as destination */
	CONV_RELATION,				/* a relation */
	CONV_EDGE					/* a relation whose edges have features; first layer only */
} ConvOwner;

typedef enum ConvSize
{
	CONV_ONE,
	CONV_IN,					/* the columns of the owner's rows: of the type, of the sources, of the edges */
	CONV_HIDDEN					/* the columns of the result */
} ConvSize;

/* In a file it is called layers.L.GROUP.P.NAME, P the place of the type or relation. */
typedef struct ConvParam
{
	const char *group;			/* NULL ends a list */
	const char *name;
	ConvOwner	owner;
	ConvSize	rows;
	ConvSize	cols;
	ParamInit	init;
} ConvParam;

/* Rows that come to destinations along the edges of a relation. */
typedef struct ConvRows
{
	Tensor	  **params;			/* the owner's, in their order in the list; NULL: no such rows */
	LayerRows	rows;
	bool		averaged;		/* there is a row for each destination, the mean already */
	const int32 *places;		/* [edges] the row of each, if not averaged; may be NULL if there are no edges */
	Tensor	   *projected;		/* rows.sparse times its part of the first parameter, if that was done before */
} ConvRows;

/* One relation that feeds the destinations. */
typedef struct ConvRelation
{
	const RelationBlock *block; /* the edges of each destination, and their weights */
	ConvRows	src;			/* the neighbors */
	ConvRows	edge;			/* the edges themselves */
} ConvRelation;

typedef struct ConvInput
{
	int64		ndst;
	LayerRows	self;			/* [ndst] */
	Tensor	  **params;			/* of the node type, in their order in the list */
	int			nrelations;
	ConvRelation *relations;
} ConvInput;

/*
 * linear_mean: all that it makes of rows along edges is their mean times the
 * owner's first parameter, [CONV_IN x CONV_HIDDEN].  Such rows may be
 * projected before they are averaged, and those of edges, below which nothing
 * is learned, averaged before they are projected; ConvRows tells what was.
 *
 * forward: states of one node type in one layer, [ndst x hidden], before
 * layer_finish(); in the tape's memory.
 */
typedef struct ConvKind
{
	const char *name;
	const ConvParam *params;
	bool		linear_mean;
	Tensor	   *(*forward) (Tape *tape, const ConvInput *input);
} ConvKind;

extern const ConvKind *const conv_kinds[];	/* ends with NULL */
extern const ConvKind *conv_find(const char *name);

/* conv_sage.c */
extern const ConvKind conv_sage;

#endif							/* SAGE_CONV_H */
