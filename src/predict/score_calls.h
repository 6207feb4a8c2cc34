/*
 * score_calls.h
 *		How often a call in a query will probably be made, before it has been.
 */
#ifndef SAGE_SCORE_CALLS_H
#define SAGE_SCORE_CALLS_H

#include "postgres.h"

#include "nodes/nodes.h"

extern void score_calls_watch(void);
extern double score_calls_expected(const Node *call);

#endif							/* SAGE_SCORE_CALLS_H */
