/*
 * predict_api.c
 *		Scoring functions: keys in, scores out.
 *
 * A call site keeps what it needs in fn_extra (see predict/scorer.c for how
 * long it may be believed), so a call for a row of a table that was scored as
 * a whole is a look-up.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "api/score_result.h"
#include "graph/graph_column.h"
#include "predict/scorer.h"
#include "sage.h"

SAGE_FUNCTION(sage_predict_int);
SAGE_FUNCTION(sage_predict_text);
SAGE_FUNCTION(sage_predict_uuid);
SAGE_FUNCTION(sage_predict_array);
SAGE_FUNCTION(sage_predict_label_int);
SAGE_FUNCTION(sage_predict_label_text);
SAGE_FUNCTION(sage_predict_label_uuid);
SAGE_FUNCTION(sage_predict_label_array);
SAGE_FUNCTION(sage_predict_proba_int);
SAGE_FUNCTION(sage_predict_proba_text);
SAGE_FUNCTION(sage_predict_proba_uuid);
SAGE_FUNCTION(sage_embed_int);
SAGE_FUNCTION(sage_embed_text);
SAGE_FUNCTION(sage_embed_uuid);
SAGE_FUNCTION(sage_predict_row);
SAGE_FUNCTION(sage_list_cache);

/* Outputs of one row; more are allocated. */
#define FEW_OUTPUTS		64

/* ------------------------------------------------------------------------
 * Call sites
 * ------------------------------------------------------------------------
 */

/*
 * The scorer of this call: arguments 1 and 2 are the model and the time.
 */
static Scorer *
call_scorer(FunctionCallInfo fcinfo)
{
	ScoreSite  *site = fcinfo->flinfo->fn_extra;
	char		buffer[NAMEDATALEN];
	char	   *model = NULL;
	TimestampTz at = PG_ARGISNULL(2) ? STORE_ALWAYS : PG_GETARG_TIMESTAMPTZ(2);

	if (site == NULL)
		fcinfo->flinfo->fn_extra = site = score_site_create(fcinfo->flinfo->fn_mcxt, fcinfo->flinfo->fn_expr);
	if (!PG_ARGISNULL(1))
	{
		text	   *name = PG_GETARG_TEXT_PP(1);

		if (VARSIZE_ANY_EXHDR(name) < NAMEDATALEN)
		{
			memcpy(buffer, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
			buffer[VARSIZE_ANY_EXHDR(name)] = '\0';
			model = buffer;
		}
		else
			model = text_to_cstring(name);
	}
	return score_site_scorer(site, model, at);
}

/*
 * A given key as one of the model's node type.  Texts are read as what the
 * type's keys are, because drivers send parameters without a type as text;
 * all else must be of the right kind.
 */
static Datum
model_key(const Scorer *scorer, KeyKind kind, Datum key)
{
	const NodeType *type = &scorer_graph(scorer)->node_types[scorer_spec(scorer)->node_type];

	if (kind == KEY_TEXT)
		key = PointerGetDatum(DatumGetTextPP(key));
	if (type->key_kind == kind)
		return key_normalize(&type->key, key);
	if (kind != KEY_TEXT)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("key of node type \"%s\" is %s, not %s", type->name,
						graph_key_kind_name(type->key_kind), graph_key_kind_name(kind)),
				 type->key.count == 1 ?
				 errhint("Cast the argument to the type of column \"%s\".", type->key_column) :
				 errhint("Give jsonb_build_array(%s)::text.", type->key_column)));
	return key_of_text(type->key_kind, key);
}

/* ------------------------------------------------------------------------
 * From outputs to results
 * ------------------------------------------------------------------------
 */

static int
class_place(const Scorer *scorer, const char *name)
{
	const ModelSpec *spec = scorer_spec(scorer);
	StringInfoData all;

	for (int c = 0; c < spec->nclasses; c++)
	{
		if (strcmp(spec->classes[c], name) == 0)
			return c;
	}
	if (spec->task == TASK_REGRESSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" predicts a number and has no classes", scorer_model_name(scorer)),
				 errhint("Leave class out.")));
	initStringInfo(&all);
	for (int c = 0; c < Min(spec->nclasses, 20); c++)
		appendStringInfo(&all, "%s\"%s\"", c > 0 ? ", " : "", spec->classes[c]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model \"%s\" has no class \"%s\"", scorer_model_name(scorer), name),
			 errhint("Its classes are %s%s.", all.data, spec->nclasses > 20 ? " and others" : "")));
}

/*
 * Which class the score is about, by argument 3; -1: the only output.
 */
static int
wanted_class(FunctionCallInfo fcinfo, const Scorer *scorer)
{
	const ModelSpec *spec = scorer_spec(scorer);

	if (!PG_ARGISNULL(3))
		return class_place(scorer, text_to_cstring(PG_GETARG_TEXT_PP(3)));
	if (spec->task == TASK_MULTICLASS || spec->task == TASK_MULTILABEL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" is %s, and no class is named", scorer_model_name(scorer),
						model_task_name(spec->task)),
				 errhint("Use sage_predict_label for the predicted class, or class => for the probability of one; sage_classes lists them.")));
	return -1;
}

static void
check_classes(const Scorer *scorer, const char *function)
{
	if (scorer_spec(scorer)->task == TASK_REGRESSION)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("model \"%s\" predicts a number and has no classes", scorer_model_name(scorer)),
				 errhint("Use sage_predict instead of %s.", function)));
}

/* ------------------------------------------------------------------------
 * One key
 * ------------------------------------------------------------------------
 */

/* The outputs of argument 0; NULL: it has no row.  buffer: FEW_OUTPUTS floats. */
static float *
key_outputs(FunctionCallInfo fcinfo, Scorer *scorer, KeyKind kind, float *buffer)
{
	Datum		key = model_key(scorer, kind, PG_GETARG_DATUM(0));
	float	   *outputs = buffer;
	bool		found;

	if (scorer_spec(scorer)->noutputs > FEW_OUTPUTS)
		outputs = palloc(scorer_spec(scorer)->noutputs * sizeof(float));
	scorer_score(scorer, &key, 1, outputs, NULL, &found);
	return found ? outputs : NULL;
}

static Datum
predict_key(FunctionCallInfo fcinfo, KeyKind kind)
{
	float		buffer[FEW_OUTPUTS];
	Scorer	   *scorer;
	float	   *outputs;
	int			class;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scorer = call_scorer(fcinfo);
	class = wanted_class(fcinfo, scorer);
	outputs = key_outputs(fcinfo, scorer, kind, buffer);
	if (outputs == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score_of_class(scorer_spec(scorer), outputs, class));
}

static Datum
label_key(FunctionCallInfo fcinfo, KeyKind kind)
{
	float		buffer[FEW_OUTPUTS];
	Scorer	   *scorer;
	float	   *outputs;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scorer = call_scorer(fcinfo);
	check_classes(scorer, "sage_predict_label");
	outputs = key_outputs(fcinfo, scorer, kind, buffer);
	if (outputs == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(score_label(scorer_spec(scorer), outputs));
}

static Datum
proba_key(FunctionCallInfo fcinfo, KeyKind kind)
{
	const ModelSpec *spec;
	float		buffer[FEW_OUTPUTS];
	Scorer	   *scorer;
	float	   *outputs,
			   *elements;
	ArrayType  *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scorer = call_scorer(fcinfo);
	spec = scorer_spec(scorer);
	check_classes(scorer, "sage_predict_proba");
	outputs = key_outputs(fcinfo, scorer, kind, buffer);
	if (outputs == NULL)
		PG_RETURN_NULL();
	result = score_float_array(spec->nclasses, &elements);
	for (int c = 0; c < spec->nclasses; c++)
		elements[c] = (float) score_of_class(spec, outputs, c);
	PG_RETURN_ARRAYTYPE_P(result);
}

static Datum
embed_key(FunctionCallInfo fcinfo, KeyKind kind)
{
	Scorer	   *scorer;
	ArrayType  *result;
	float	   *elements;
	Datum		key;
	bool		found;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scorer = call_scorer(fcinfo);
	key = model_key(scorer, kind, PG_GETARG_DATUM(0));
	result = score_float_array(scorer_spec(scorer)->hidden, &elements);
	scorer_score(scorer, &key, 1, NULL, elements, &found);
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(result);
}

Datum
sage_predict_int(PG_FUNCTION_ARGS)
{
	return predict_key(fcinfo, KEY_INT);
}

Datum
sage_predict_text(PG_FUNCTION_ARGS)
{
	return predict_key(fcinfo, KEY_TEXT);
}

Datum
sage_predict_uuid(PG_FUNCTION_ARGS)
{
	return predict_key(fcinfo, KEY_UUID);
}

Datum
sage_predict_label_int(PG_FUNCTION_ARGS)
{
	return label_key(fcinfo, KEY_INT);
}

Datum
sage_predict_label_text(PG_FUNCTION_ARGS)
{
	return label_key(fcinfo, KEY_TEXT);
}

Datum
sage_predict_label_uuid(PG_FUNCTION_ARGS)
{
	return label_key(fcinfo, KEY_UUID);
}

Datum
sage_predict_proba_int(PG_FUNCTION_ARGS)
{
	return proba_key(fcinfo, KEY_INT);
}

Datum
sage_predict_proba_text(PG_FUNCTION_ARGS)
{
	return proba_key(fcinfo, KEY_TEXT);
}

Datum
sage_predict_proba_uuid(PG_FUNCTION_ARGS)
{
	return proba_key(fcinfo, KEY_UUID);
}

Datum
sage_embed_int(PG_FUNCTION_ARGS)
{
	return embed_key(fcinfo, KEY_INT);
}

Datum
sage_embed_text(PG_FUNCTION_ARGS)
{
	return embed_key(fcinfo, KEY_TEXT);
}

Datum
sage_embed_uuid(PG_FUNCTION_ARGS)
{
	return embed_key(fcinfo, KEY_UUID);
}

/* ------------------------------------------------------------------------
 * Arrays of keys
 * ------------------------------------------------------------------------
 */

/* The elements of an array of keys; a null element has no row. */
typedef struct KeyArray
{
	int			n;
	Datum	   *keys;			/* [n] */
	bool	   *nulls;			/* [n] */
	int			nkeys;
	Datum	   *known;			/* [nkeys] those that are not null */
	float	   *outputs;		/* [nkeys x outputs] */
	bool	   *found;			/* [nkeys] */
} KeyArray;

static void
score_array(FunctionCallInfo fcinfo, Scorer *scorer, KeyArray *array)
{
	ArrayType  *given = PG_GETARG_ARRAYTYPE_P(0);
	Oid			type = ARR_ELEMTYPE(given);
	KeyKind		kind;
	int16		length;
	bool		by_value;
	char		align;

	kind = type == INT8OID ? KEY_INT : type == TEXTOID ? KEY_TEXT : KEY_UUID;
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(given, type, length, by_value, align, &array->keys, &array->nulls, &array->n);
	array->known = palloc(Max(array->n, 1) * sizeof(Datum));
	array->nkeys = 0;
	for (int i = 0; i < array->n; i++)
	{
		if (!array->nulls[i])
			array->known[array->nkeys++] = model_key(scorer, kind, array->keys[i]);
	}
	array->outputs = MemoryContextAllocHuge(CurrentMemoryContext, (Size) Max(array->nkeys, 1) *
											scorer_spec(scorer)->noutputs * sizeof(float));
	array->found = palloc(Max(array->nkeys, 1) * sizeof(bool));
	scorer_score(scorer, array->known, array->nkeys, array->outputs, NULL, array->found);
}

/* An array of the argument's shape from one datum for each element. */
static Datum
result_array(FunctionCallInfo fcinfo, Datum *values, bool *nulls, Oid type)
{
	ArrayType  *given = PG_GETARG_ARRAYTYPE_P(0);
	int16		length;
	bool		by_value;
	char		align;

	if (ARR_NDIM(given) == 0)
		return PointerGetDatum(construct_empty_array(type));
	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, ARR_NDIM(given), ARR_DIMS(given), ARR_LBOUND(given),
											  type, length, by_value, align));
}

Datum
sage_predict_array(PG_FUNCTION_ARGS)
{
	const ModelSpec *spec;
	Scorer	   *scorer;
	KeyArray	array;
	int			class,
				k = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scorer = call_scorer(fcinfo);
	spec = scorer_spec(scorer);
	class = wanted_class(fcinfo, scorer);
	score_array(fcinfo, scorer, &array);
	for (int i = 0; i < array.n; i++)
	{
		int			place = array.nulls[i] ? -1 : k++;

		array.nulls[i] = place < 0 || !array.found[place];
		if (!array.nulls[i])
			array.keys[i] = Float8GetDatum(score_of_class(spec, array.outputs + (int64) place * spec->noutputs, class));
	}
	PG_RETURN_DATUM(result_array(fcinfo, array.keys, array.nulls, FLOAT8OID));
}

Datum
sage_predict_label_array(PG_FUNCTION_ARGS)
{
	const ModelSpec *spec;
	Scorer	   *scorer;
	KeyArray	array;
	int			k = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scorer = call_scorer(fcinfo);
	spec = scorer_spec(scorer);
	check_classes(scorer, "sage_predict_label");
	score_array(fcinfo, scorer, &array);
	for (int i = 0; i < array.n; i++)
	{
		int			place = array.nulls[i] ? -1 : k++;

		array.nulls[i] = place < 0 || !array.found[place];
		if (!array.nulls[i])
			array.keys[i] = score_label(spec, array.outputs + (int64) place * spec->noutputs);
	}
	PG_RETURN_DATUM(result_array(fcinfo, array.keys, array.nulls, TEXTOID));
}

/* ------------------------------------------------------------------------
 * A row value
 * ------------------------------------------------------------------------
 */

Datum
sage_predict_row(PG_FUNCTION_ARGS)
{
	const ModelSpec *spec;
	Scorer	   *scorer;
	float	   *outputs;
	int			class;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scorer = call_scorer(fcinfo);
	spec = scorer_spec(scorer);
	class = wanted_class(fcinfo, scorer);
	outputs = palloc(spec->noutputs * sizeof(float));
	scorer_score_row(scorer, PG_GETARG_HEAPTUPLEHEADER(0), outputs, NULL);
	PG_RETURN_FLOAT8(score_of_class(spec, outputs, class));
}

/* One row: model, rows, bytes, reads, reuses. */
Datum
sage_list_cache(PG_FUNCTION_ARGS)
{
	ScoreKeepCounts counts = score_keep_counts();
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {counts.model == NULL};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = counts.model != NULL ? CStringGetTextDatum(counts.model) : (Datum) 0;
	values[1] = Int64GetDatum(counts.rows);
	values[2] = Int64GetDatum(counts.bytes);
	values[3] = Int64GetDatum(counts.reads);
	values[4] = Int64GetDatum(counts.reuses);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
