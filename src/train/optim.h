/*
 * optim.h
 *		Adam over a parameter block.
 */
#ifndef SAGE_OPTIM_H
#define SAGE_OPTIM_H

#include "postgres.h"

#include "tensor/param.h"

typedef struct Optim
{
	ParamBlock *params;
	float	   *m;				/* first moments */
	float	   *v;				/* second moments */
	double	   *squares;		/* the gradient's, by stretches */
	int64		step;
	double		learning_rate;
	double		weight_decay;	/* of what param_decays() */
	double		clip;			/* largest norm of the gradient; 0: any */
} Optim;

extern Optim *optim_create(ParamBlock *params, double learning_rate, double weight_decay, double clip);
extern bool optim_step(Optim *optim);

#endif							/* SAGE_OPTIM_H */
