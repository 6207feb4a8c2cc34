/*
 * aggregate.h
 *		The baseline of tasks with times: one aggregate of a node's own past.
 */
#ifndef SAGE_AGGREGATE_H
#define SAGE_AGGREGATE_H

#include "postgres.h"

#include "train/train.h"

extern AggregateResult aggregate_baseline(const Trainer *trainer);

#endif							/* SAGE_AGGREGATE_H */
