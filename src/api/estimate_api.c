/*
 * estimate_api.c
 *		sage_estimate: what a training will take.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "api/arguments.h"
#include "sage.h"
#include "train/train.h"
#include "train/train_options.h"

SAGE_FUNCTION(sage_estimate);

/* One row: rows, edges, graph_bytes, training_bytes, access, load_seconds, epoch_seconds. */
Datum
sage_estimate(PG_FUNCTION_ARGS)
{
	ModelOptions options;
	TrainEstimate estimate;
	TupleDesc	desc;
	Datum		values[7];
	bool		nulls[7] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	train_options_read(PG_GETARG_JSONB_P(1), &options);
	estimate = train_estimate(graph_load(text_to_cstring(PG_GETARG_TEXT_PP(0))), &options);
	values[0] = Int64GetDatum((int64) estimate.rows);
	values[1] = Int64GetDatum((int64) estimate.edges);
	values[2] = Int64GetDatum((int64) estimate.resident);
	values[3] = Int64GetDatum((int64) estimate.training);
	values[4] = CStringGetTextDatum(estimate.in_memory ? "memory" : "files");
	values[5] = Float8GetDatum(estimate.load_seconds);
	values[6] = Float8GetDatum(estimate.epoch_seconds);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
