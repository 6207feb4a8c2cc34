/*
 * loss.c
 *		What training makes small, and how the output starts.
 */
#include "postgres.h"

#include <math.h>

#include "train/loss.h"

static const char *const loss_names[] = {"auto", "bce", "ce", "mse", "mae", "huber"};

/* The task's own loss, or the given one if it suits the task. */
ModelLoss
loss_choose(ModelTask task, ModelLoss given)
{
	bool		regression = given == LOSS_MSE || given == LOSS_MAE || given == LOSS_HUBER;
	bool		suits;

	if (given == LOSS_AUTO)
		return task == TASK_REGRESSION ? LOSS_MSE : task == TASK_MULTICLASS ? LOSS_CE : LOSS_BCE;
	suits = task == TASK_REGRESSION ? regression : task == TASK_MULTICLASS ? given == LOSS_CE : given == LOSS_BCE;
	if (!suits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("loss %s does not suit task %s", loss_names[given], model_task_name(task)),
				 errhint("Binary and multilabel tasks take bce, multiclass ce, regression mse, mae or huber.")));
	return given;
}

/*
 * The loss of some labels; logits [n x outputs] stand in the same order.
 * Regression is learned in standard deviations from the mean.
 */
Tensor *
loss_batch(Tape *tape, Tensor *logits, const Labels *labels, const int64 *rows, int64 n,
		   ModelLoss loss, double huber_delta, const float *weights)
{
	int64		width = logits->cols;
	float	   *row_weights = NULL;
	float	   *targets;

	if (weights != NULL)
	{
		row_weights = tape_alloc(tape, n, sizeof(float));
		for (int64 i = 0; i < n; i++)
			row_weights[i] = weights[rows[i]];
	}
	if (loss == LOSS_CE)
	{
		int32	   *classes = tape_alloc(tape, n, sizeof(int32));

		for (int64 i = 0; i < n; i++)
			classes[i] = labels->classes[rows[i]];
		return tape_loss_ce(tape, logits, classes, row_weights);
	}

	targets = tape_alloc(tape, n * width, sizeof(float));
	for (int64 i = 0; i < n; i++)
	{
		if (labels->task == TASK_BINARY)
			targets[i] = (float) labels->classes[rows[i]];
		else if (labels->task == TASK_MULTILABEL)
			memcpy(targets + i * width, labels->values + rows[i] * width, width * sizeof(float));
		else
			targets[i] = label_standardized(labels, rows[i]);
	}
	switch (loss)
	{
		case LOSS_MSE:
			return tape_loss_mse(tape, logits, targets, row_weights);
		case LOSS_MAE:
			return tape_loss_mae(tape, logits, targets, row_weights);
		case LOSS_HUBER:
			return tape_loss_huber(tape, logits, targets, row_weights, (float) huber_delta);
		default:
			return tape_loss_bce(tape, logits, targets, row_weights);
	}
}

/*
 * Sets the output's bias to what is right for a model that knows nothing but
 * the shares of the classes, so that the first epochs need not find it.
 */
void
loss_initial_bias(const Labels *labels, const float *weights, Tensor *bias)
{
	double	   *sums;
	double		total = 0;

	if (labels->task == TASK_REGRESSION)
		return;
	sums = palloc0(labels->nclasses * sizeof(double));
	for (int64 i = 0; i < labels->n; i++)
	{
		double		weight = weights != NULL ? weights[i] : 1;

		if (labels->split[i] != SPLIT_TRAIN)
			continue;
		total += weight;
		if (labels->task != TASK_MULTILABEL)
			sums[labels->classes[i]] += weight;
		else
		{
			for (int c = 0; c < labels->nclasses; c++)
				sums[c] += weight * labels->values[i * labels->nclasses + c];
		}
	}
	for (int64 c = 0; c < bias->cols; c++)
	{
		double		share = (sums[labels->task == TASK_BINARY ? 1 : c] + 0.5) / (total + 1);

		bias->data[c] = (float) (labels->task == TASK_MULTICLASS ? log(share) : log(share / (1 - share)));
	}
	pfree(sums);
}
