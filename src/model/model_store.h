/*
 * model_store.h
 *		A model <-> the bytes that the catalog keeps and sage_export gives.
 */
#ifndef SAGE_MODEL_STORE_H
#define SAGE_MODEL_STORE_H

#include "postgres.h"

#include "model/model_build.h"

extern bytea *model_store_write(Model *model, const char *spec);
extern void model_store_read(Model *model, const bytea *bytes);
extern char *model_store_spec(const bytea *bytes);

#endif							/* SAGE_MODEL_STORE_H */
