/*
 * model_spec.h
 *		What a model is, apart from its weights: one normalized JSON document,
 *		stored with each version and carried inside exported files.
 *
 * Node types and relations are known by name, and their places in the
 * document name the parameters; graph_type and graph_relation say where they
 * stand in the graph as it is defined now.
 */
#ifndef SAGE_MODEL_SPEC_H
#define SAGE_MODEL_SPEC_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "base/options.h"
#include "feature/feature.h"
#include "layer/conv.h"
#include "sample/fanout.h"
#include "store/store.h"

typedef enum ModelTask
{
	TASK_BINARY,
	TASK_MULTICLASS,
	TASK_MULTILABEL,
	TASK_REGRESSION
} ModelTask;

typedef enum ModelLoss
{
	LOSS_AUTO,					/* binary and multilabel: bce, multiclass: ce, regression: mse */
	LOSS_BCE,
	LOSS_CE,
	LOSS_MSE,
	LOSS_MAE,
	LOSS_HUBER
} ModelLoss;

typedef enum ModelDeploy
{
	DEPLOY_ALWAYS,
	DEPLOY_IF_BETTER,
	DEPLOY_NEVER
} ModelDeploy;

typedef enum ModelRefit
{
	REFIT_NEVER,
	REFIT_ALWAYS
} ModelRefit;

typedef enum ModelIds
{
	IDS_AUTO,					/* where no column of the graph can be learned from */
	IDS_NONE
} ModelIds;

typedef enum ModelSampling
{
	SAMPLING_UNIFORM,			/* each node collects from as many as fanout says */
	SAMPLING_ADAPTIVE			/* shares are divided anew by path (sample/adaptive.c) */
} ModelSampling;

extern const char *const model_sampling_names[];	/* ends with NULL */

/* The keys of sage_train's options (see the table in train/train_options.c). */
typedef struct ModelOptions
{
	int			layers;			/* OPTION_UNSET: as many as fanout has, else 2 */
	JsonbValue *fanout;			/* NULL: by the mean degree */
	int			hidden;
	bool		layer_norm;
	bool		normalize;
	double		dropout;		/* NaN: by the number of labels */
	double		input_dropout;
	double		learning_rate;	/* NaN: by the loss */
	double		weight_decay;
	double		clip;
	int			batch_size;
	int			epochs;
	int			patience;
	int			loss;			/* a ModelLoss */
	double		huber_delta;
	JsonbValue *class_weights;
	JsonbValue *exclude;		/* columns that are no features, this time */
	int			ids;			/* a ModelIds */
	JsonbValue *split;
	char	   *validation_from;
	char	   *test_from;
	int			metric;			/* OPTION_UNSET: the task's own */
	int64		seed;
	bool		time_inclusive;
	char	   *time_window;	/* an interval; NULL: all of the past */
	int			sampling;		/* a ModelSampling */
	int			pick;			/* a NeighborOrder; OPTION_UNSET: recent where labels have times */
	int			refit;			/* a ModelRefit; OPTION_UNSET: if labels are few */
	JsonbValue *continue_from;	/* true, or a version's number; NULL: from random weights */
	int			deploy;			/* a ModelDeploy */
	bool		quiet;
} ModelOptions;

typedef struct ModelSpec
{
	char	   *graph;
	int			node_type;		/* of the seeds, in the graph */
	ModelTask	task;
	char	   *target;			/* "column" or NULL if from a query */
	int			nclasses;		/* 2 for binary, 0 for regression */
	char	  **classes;
	int			noutputs;		/* of the head */
	double		target_mean;	/* regression: output * std + mean */
	double		target_std;
	int			layers;
	int			hidden;
	const ConvKind *conv;
	Fanout	   *fanout;			/* in the graph's relations */
	bool		layer_norm;
	bool		normalize;
	uint64		seed;
	bool		time_inclusive;
	int64		time_window;	/* microseconds; 0: all of the past */
	bool		temporal;		/* seeds have times: rows are seen as of them, with their ages */
	ModelSampling sampling;
	NeighborOrder pick;
	FeatureSet **features;		/* [graph_table_count()]; NULL: not used */
	int		   *type_ids;		/* [graph's node types] place in the document, -1: not in it */
	int		   *relation_ids;	/* [graph's relations] the same */
	char	   *options;		/* JSON, as trained */
} ModelSpec;

extern const char *model_task_name(ModelTask task);
extern bool model_has_age(const ModelSpec *spec, const Graph *graph, int type);
extern const FeatureSet *model_edge_features(const ModelSpec *spec, const Graph *graph, int relation);
extern char *model_spec_write(const ModelSpec *spec, const Graph *graph);
extern ModelSpec *model_spec_read(Jsonb *document, const Graph *graph);
extern char *model_spec_graph(Jsonb *document);

#endif							/* SAGE_MODEL_SPEC_H */
