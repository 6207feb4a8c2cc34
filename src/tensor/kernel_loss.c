/*
 * kernel_loss.c
 *		Losses with their gradients, and what turns logits into probabilities.
 *
 * There is one loss a row of the batch, so these are short loops in double;
 * nothing here needs to be fast.
 */
#include <math.h>

#include "tensor/kernel_loss.h"

/* What one element adds to the loss, and its derivative. */
typedef struct Term
{
	double		loss;
	double		slope;
} Term;

typedef enum TermKind
{
	TERM_BCE,
	TERM_MSE,
	TERM_MAE,
	TERM_HUBER
} TermKind;

/* 1 / sum of weights, zero if that sum is zero */
static double
loss_share(const float *weights, int64_t rows)
{
	double		sum = 0;

	if (weights == NULL)
		return rows > 0 ? 1.0 / (double) rows : 0;
	for (int64_t r = 0; r < rows; r++)
		sum += weights[r];
	return sum > 0 ? 1.0 / sum : 0;
}

/* 1 / (1 + exp(-z)), without overflow on either side */
static double
sigmoid(double z)
{
	double		e = exp(-fabs(z));

	return z >= 0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

/*
 * The losses of one value z against one target t, and dloss/dz.
 *
 * bce: log(1 + exp(z)) - t z, written so that nothing overflows; its
 * derivative is sigmoid(z) - t.  mse: (z - t)^2, 2 (z - t).  mae: |z - t|, the
 * sign, 0 at 0.  huber: (z - t)^2 / 2 within delta and delta (|z - t| - delta
 * / 2) beyond: the derivative is z - t cut off at +-delta.
 */
static inline Term
loss_term(TermKind kind, double z, double t, double delta)
{
	double		d = z - t;
	double		far = fabs(d);
	Term		term = {0, 0};

	switch (kind)
	{
		case TERM_BCE:
			term.loss = fmax(z, 0) - z * t + log1p(exp(-fabs(z)));
			term.slope = sigmoid(z) - t;
			break;
		case TERM_MSE:
			term.loss = d * d;
			term.slope = 2 * d;
			break;
		case TERM_MAE:
			term.loss = far;
			term.slope = d > 0 ? 1 : (d < 0 ? -1 : 0);
			break;
		case TERM_HUBER:
			term.loss = far <= delta ? 0.5 * d * d : delta * (far - 0.5 * delta);
			term.slope = far <= delta ? d : (d > 0 ? delta : -delta);
			break;
	}
	return term;
}

/* The mean of the terms over [rows x cols], and grad = d mean / d value. */
static double
loss_mean(TermKind kind, const float *values, const float *targets, const float *weights,
		  double delta, float *grad, int64_t rows, int64_t cols)
{
	double		share = loss_share(weights, rows) / (double) (cols > 0 ? cols : 1);
	double		sum = 0;

	for (int64_t r = 0; r < rows; r++)
	{
		double		weight = (weights != NULL ? weights[r] : 1.0) * share;

		for (int64_t c = 0; c < cols; c++)
		{
			int64_t		i = r * cols + c;
			Term		term = loss_term(kind, values[i], targets[i], delta);

			sum += weight * term.loss;
			if (grad != NULL)
				grad[i] = (float) (weight * term.slope);
		}
	}
	return sum;
}

/* Binary cross-entropy of logits against targets in [0, 1]. */
double
kernel_loss_bce(const float *logits, const float *targets, const float *weights,
				float *grad, int64_t rows, int64_t cols)
{
	return loss_mean(TERM_BCE, logits, targets, weights, 0, grad, rows, cols);
}

double
kernel_loss_mse(const float *values, const float *targets, const float *weights,
				float *grad, int64_t rows, int64_t cols)
{
	return loss_mean(TERM_MSE, values, targets, weights, 0, grad, rows, cols);
}

double
kernel_loss_mae(const float *values, const float *targets, const float *weights,
				float *grad, int64_t rows, int64_t cols)
{
	return loss_mean(TERM_MAE, values, targets, weights, 0, grad, rows, cols);
}

double
kernel_loss_huber(const float *values, const float *targets, const float *weights,
				  float delta, float *grad, int64_t rows, int64_t cols)
{
	return loss_mean(TERM_HUBER, values, targets, weights, delta, grad, rows, cols);
}

/* The largest of z [cols] and log(sum(exp(z))). */
static double
log_sum_exp(const float *z, int64_t cols)
{
	double		top = z[0];
	double		sum = 0;

	for (int64_t c = 1; c < cols; c++)
		top = fmax(top, z[c]);
	for (int64_t c = 0; c < cols; c++)
		sum += exp(z[c] - top);
	return top + log(sum);
}

/*
 * Cross-entropy of logits z [rows x cols] against classes in [0, cols): the
 * mean of log(sum(exp(z))) - z[class].  The derivative of the first part is
 * softmax(z), that of the second 1 at the class: grad = softmax(z) - onehot.
 * The mean is over rows only.
 */
double
kernel_loss_ce(const float *logits, const int32_t *classes, const float *weights,
			   float *grad, int64_t rows, int64_t cols)
{
	double		share = loss_share(weights, rows);
	double		sum = 0;

	for (int64_t r = 0; r < rows; r++)
	{
		const float *z = logits + r * cols;
		double		weight = (weights != NULL ? weights[r] : 1.0) * share;
		double		total = log_sum_exp(z, cols);

		sum += weight * (total - z[classes[r]]);
		if (grad == NULL)
			continue;
		for (int64_t c = 0; c < cols; c++)
			grad[r * cols + c] = (float) (weight * (exp(z[c] - total) - (c == classes[r] ? 1 : 0)));
	}
	return sum;
}

void
kernel_sigmoid(float *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		x[i] = (float) sigmoid(x[i]);
}

/* Each row of x [rows x cols], cols > 0, becomes probabilities. */
void
kernel_softmax_rows(float *x, int64_t rows, int64_t cols)
{
	for (int64_t r = 0; r < rows; r++)
	{
		float	   *z = x + r * cols;
		double		total = log_sum_exp(z, cols);

		for (int64_t c = 0; c < cols; c++)
			z[c] = (float) exp(z[c] - total);
	}
}
