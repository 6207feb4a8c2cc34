/*
 * metric.h
 *		How good scores are, as one number.
 *
 * Definitions are those of scikit-learn, where it has the metric:
 *
 *	auroc		chance that a positive row scores above a negative one, ties
 *				counting half; mean over the classes that have both
 *	ap			average precision (sum of precision times step of recall over
 *				distinct scores, not the trapezoid); mean likewise
 *	f1			2TP / (2TP + FP + FN) of the rows with score >= .5; several
 *				labels are pooled (micro F1)
 *	accuracy	share of rows whose class is predicted
 *	macro_f1	mean of the classes' F1; 0 for a class that never occurs
 *	log_loss	mean of -ln(probability of what is true), probabilities
 *				clipped to [1e-7, 1 - 1e-7]; over rows and labels
 *	mae, rmse	mean absolute error, root of the mean squared error
 *	r2			1 - squared error / squared deviation from the mean
 *
 * What cannot be said (no rows, one class only, equal values, a score that is
 * NaN) is NaN.
 */
#ifndef SAGE_METRIC_H
#define SAGE_METRIC_H

#include "postgres.h"

#include "model/model_spec.h"

typedef enum Metric
{
	METRIC_AUROC,
	METRIC_AP,
	METRIC_F1,
	METRIC_ACCURACY,
	METRIC_MACRO_F1,
	METRIC_LOG_LOSS,
	METRIC_MAE,
	METRIC_RMSE,
	METRIC_R2
} Metric;

#define METRIC_COUNT	9

/*
 * Scores and their labels, laid out by the task:
 *
 *	binary		scores [n], classes [n] of 0 and 1
 *	multiclass	scores [n x nclasses], classes [n]
 *	multilabel	scores [n x nclasses], values [n x nclasses] of 0 and 1
 *	regression	scores [n], values [n], both in units of "unit"
 */
typedef struct MetricInput
{
	ModelTask	task;
	int64		n;				/* rows */
	int			nclasses;		/* read for multiclass and multilabel only */
	const float *scores;		/* probabilities, or predicted values */
	const int32 *classes;		/* in 0 .. nclasses - 1 */
	const float *values;
	double		unit;			/* regression only: mae and rmse are multiplied by it */
} MetricInput;

/* By Metric, closed by NULL: the choices of an option. */
extern const char *const metric_names[];

extern int	metric_find(const char *name);	/* a Metric, or -1 */
extern bool metric_higher_is_better(Metric metric);
extern bool metric_suits(Metric metric, ModelTask task);
extern Metric metric_default(ModelTask task);
extern double metric_compute(Metric metric, const MetricInput *input);

#endif							/* SAGE_METRIC_H */
