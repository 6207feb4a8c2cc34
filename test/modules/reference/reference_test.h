/*
 * reference_test.h
 *		The shape of the frozen numbers, and of a network that is to give them.
 */
#ifndef REFERENCE_TEST_H
#define REFERENCE_TEST_H

#include "postgres.h"

#include "model/model_forward.h"
#include "train/loss.h"
#include "train/optim.h"

/* The encoded rows of one node type: dense columns, then one for each sparse slot. */
typedef struct ReferenceRows
{
	const char *const *keys;
	int			count;
	int			dense;
	int			sparse;
	const float *rows;			/* [count x (dense + sparse)] */
} ReferenceRows;

typedef struct ReferenceParam
{
	const char *name;
	int			rows;
	int			cols;
	const float *start;
	const float *gradient;
} ReferenceParam;

typedef struct ReferenceCase
{
	const char *name;
	const char *graph;
	ModelTask	task;
	ModelLoss	loss;
	double		huber_delta;
	const char *fanout;			/* JSON: by relation and hop */
	bool		layer_norm;
	bool		normalize;
	double		learning_rate;
	double		weight_decay;
	double		clip;
	int			nclasses;
	int			noutputs;
	const char *class_weights;	/* JSON; NULL: none */
	double		mean;			/* of the labels of a regression */
	double		std;
	int32	   *classes;		/* labels, by seed */
	float	   *values;
	int			nparams;
	const ReferenceParam *params;
	const float *logits;		/* [seeds x outputs] */
	const float *hidden;		/* [seeds x hidden] */
	const float *activated;		/* [seeds x outputs] */
	const float *losses;		/* [steps] */
} ReferenceCase;

/* The network of a case, with its starting weights, over a resident and a live store. */
typedef struct Network
{
	const ReferenceCase *expected;
	const ReferenceRows *rows;	/* [node types] */
	const char *const *seed_keys;
	int			nseeds;
	int			nsteps;
	const Graph *graph;
	ModelSpec  *spec;
	Model	   *model;
	Labels	   *labels;
	GraphStore *stores[2];		/* resident, live */
	FeatureTable **tables[2];	/* by store: [graph_table_count()] */
} Network;

typedef struct ReferenceCheck
{
	const char *name;
	bool		(*check) (Network *network);
} ReferenceCheck;

extern const ReferenceCheck reference_checks[];
extern const ReferenceCheck edge_checks[];
extern float *edge_means(Network *network, const char *relation);
extern Tensor *run_forward(Network *network, int store, Tape *tape, Tensor **hidden);
extern double run_backward(Network *network, Tape *tape);
extern void json_value(const char *json, JsonbValue *value);
extern int32 *network_find(const Network *network, int store, int type, const char *const *keys, int n);

#endif							/* REFERENCE_TEST_H */
