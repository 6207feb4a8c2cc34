/*
 * train.h
 *		A model from labels.
 */
#ifndef SAGE_TRAIN_H
#define SAGE_TRAIN_H

#include "postgres.h"

#include "label/label.h"
#include "label/metric.h"
#include "model/model_catalog.h"
#include "model/model_forward.h"
#include "sample/memory_sample.h"
#include "train/progress.h"

/* What is asked for. */
typedef struct TrainRequest
{
	const Graph *graph;
	int			node_type;
	TargetSource source;
	ModelOptions options;
	const ModelVersion *warm;	/* the version to go on from; NULL: none */
	const Progress *progress;
} TrainRequest;

/* How one fit went. */
typedef struct FitResult
{
	int			epochs;
	int			best_epoch;
	double		validation;		/* of the best epoch; NaN: no validation labels */
	double		test;			/* NaN: no test labels */
	EpochRow   *rows;			/* [epochs] */
} FitResult;

/* What one aggregate of the nodes' own past reaches. */
typedef struct AggregateResult
{
	const char *name;			/* NULL: labels have no times */
	double		validation;		/* NaN: cannot be said */
	double		test;
} AggregateResult;

/* What came out. */
typedef struct TrainResult
{
	Model	   *model;			/* with the best weights */
	Labels	   *labels;
	Metric		metric;
	FitResult	fit;
	FitResult	baseline;		/* the same without neighbors */
	AggregateResult aggregate;
	int			deploy;			/* a ModelDeploy */
	double		seconds;
	int64	   *node_counts;	/* [node types] */
	int64	   *null_times;		/* [node types] rows without a time where there should be one */
	StoreCounts *edge_counts;	/* [relations] */
} TrainResult;

/* All that one fit works with. */
typedef struct Trainer
{
	const Graph *graph;
	const ModelSpec *spec;
	const ModelOptions *options;
	GraphStore *store;
	MemorySampler *sampler;		/* NULL: samples are drawn by neighbor_sample() */
	FeatureTable **tables;
	Labels	   *labels;
	float	   *weights;		/* by label; NULL: all the same */
	Metric		metric;
	ModelLoss	loss;
	bool		refit;			/* train again on all labels, once it is known for how long */
	const float *warm;			/* weights to start from; NULL: random ones */
	const Progress *progress;
	double		started;		/* seconds, by the monotonic clock */
	StateIO    *resume;			/* what an earlier attempt left; NULL: nothing (more) */
	const Model *main_model;	/* while the baseline is trained: what is done already */
	const FitResult *main_fit;
} Trainer;

extern void train_exclude(Graph *graph, int node_type, JsonbValue *columns);

/*
 * A training in two halves: all that reads tables, in a transaction, and all
 * that computes, which needs none.  What they return is in
 * CurrentMemoryContext, which should be one of the training's own.
 */
typedef struct Training
{
	Trainer		trainer;
	ModelSpec  *spec;
	Fanout	   *fanout;			/* of training batches */
	TrainResult *result;
} Training;

extern Training *train_load(const TrainRequest *request);
extern uint64 train_fingerprint(const Training *training);
extern TrainResult *train_learn(Training *training);

/* train_fit.c */
extern FitResult train_fit(Trainer *trainer, Model *model, const Fanout *fanout, const Fanout *training,
						   TrainPhase phase);

/* train_evaluate.c */
typedef struct Evaluation
{
	double		metric;
	double		loss;
} Evaluation;

/* One side of the split, ready to be scored many times. */
typedef struct Evaluator Evaluator;

extern Evaluator *evaluator_create(Trainer *trainer, const Fanout *fanout, Split split, int64 most, Tape *tape);
extern bool evaluator_reads_graph(const Evaluator *evaluator);
extern Evaluation evaluator_run(Evaluator *evaluator, Model *model);
extern double train_metric(const Trainer *trainer, const float *scores, Split split);
extern Evaluation train_evaluate(Trainer *trainer, Model *model, const Fanout *fanout, Split split);

/* train_estimate.c */
typedef struct TrainEstimate
{
	double		rows;			/* of all node types */
	double		edges;			/* rows of all edge types */
	double		resident;		/* bytes of the graph */
	double		training;		/* bytes at the most while training */
	bool		in_memory;		/* the graph will not need files */
	double		load_seconds;
	double		epoch_seconds;
} TrainEstimate;

extern TrainEstimate train_estimate(const Graph *graph, const ModelOptions *options);

/* leak.c */
extern void leak_check(const Graph *graph, const ModelSpec *spec, FeatureTable *const *tables, const Labels *labels);

#endif							/* SAGE_TRAIN_H */
