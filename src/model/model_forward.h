/*
 * model_forward.h
 *		Running a network: over a sample, or over whole tables.
 */
#ifndef SAGE_MODEL_FORWARD_H
#define SAGE_MODEL_FORWARD_H

#include "postgres.h"

#include "base/arena.h"
#include "model/model_layer.h"
#include "sample/neighbor.h"
#include "store/store.h"

/*
 * What a draw of dropout is for; hashed with the seed of the batch, so that
 * no two draw the same.
 */
typedef enum DropoutSalt
{
	DROPOUT_ROWS = 0,			/* + node type; + their count: edges, hashed with the relation */
	DROPOUT_STATES = 1000		/* + layer, hashed with the node type */
} DropoutSalt;

/* The encoded rows that a sample's first layer reads. */
typedef struct ModelInput
{
	LayerRows  *rows;			/* [node types] of the sample's nodes */
	LayerEdges *edges;			/* [relations] of the first layer's edges */
} ModelInput;

/* What differs between training and inference. */
typedef struct ForwardOptions
{
	float		dropout;		/* of hidden states */
	float		input_dropout;
	uint64		seed;			/* of the dropout */
	TimestampTz now;			/* what ages are counted to where seeds have no time */
} ForwardOptions;

/* As of when whole tables are scored. */
typedef struct ForwardTime
{
	TimestampTz at;				/* STORE_ALWAYS: all rows count */
	bool		inclusive;		/* rows at that time, too */
	TimestampTz now;			/* what ages are counted to if all rows count */
} ForwardTime;

/* Logits (or standardized values), and the last hidden state. */
typedef struct ModelOutput
{
	int64		rows;
	int64		outputs;
	int64		hidden_width;
	float	   *logits;			/* [rows x outputs] */
	float	   *hidden;			/* [rows x hidden_width]; NULL if not asked for */
} ModelOutput;

/* model_input.c */
extern Size model_input_size(const Model *model, const Sample *sample, FeatureTable *const *tables);
extern ModelInput *model_input(const Model *model, Arena *arena, const Sample *sample, FeatureTable *const *tables,
							   const ForwardOptions *options);

extern Tensor *model_forward_input(Model *model, Tape *tape, const Sample *sample, const ModelInput *input,
								   const ForwardOptions *options, Tensor **hidden);
extern Tensor *model_forward(Model *model, Tape *tape, const Sample *sample, FeatureTable *const *tables,
							 const ForwardOptions *options, Tensor **hidden);
extern void model_forward_table(Model *model, GraphStore *store, FeatureTable *const *tables, const Fanout *fanout,
								const ForwardTime *time, bool want_hidden, ModelOutput *output);
extern void model_row_as_of(const ModelSpec *spec, const Graph *graph, int type, const float *encoded,
							TimestampTz row_time, TimestampTz at, float *row);
extern void model_activate(const ModelSpec *spec, float *logits, int64 rows);
extern double model_number(const ModelSpec *spec, float output);

#endif							/* SAGE_MODEL_FORWARD_H */
