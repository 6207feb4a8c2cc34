/*
 * score_column.c
 *		A column that is kept filled with a model's scores.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/score_column.h"
#include "api/score_result.h"
#include "base/memory.h"
#include "base/query.h"
#include "graph/graph_column.h"

static ScoreKind
kind_of_type(Oid type, const char *name)
{
	switch (type)
	{
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return SCORE_NUMBER;
		case FLOAT4ARRAYOID:
			return SCORE_EMBEDDING;
		default:
			if (type == TEXTOID || type == VARCHAROID)
				return SCORE_LABEL;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("score column \"%s\" is of type %s", name, format_type_be(type)),
			 errhint("Use double precision, real or numeric for the score, text for the class, real[] for the embedding.")));
}

/* Finds the column and what belongs into it; errors if the model has no such thing. */
void
score_column_find(ScoreColumn *column, Oid relid, const char *name, const Scorer *scorer)
{
	const ModelSpec *spec = scorer_spec(scorer);
	GraphColumn found;
	Oid			collation;

	if (!graph_column_find(relid, name, &found))
	{
		char	   *nearest = graph_column_nearest(relid, name);

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("score column \"%s\" of table %s does not exist", name, graph_table_name(relid)),
				 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	}
	if (get_attgenerated(relid, found.attnum) != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("score column \"%s\" of table %s is a generated column", name, graph_table_name(relid)),
				 errhint("Add an ordinary column for the scores.")));
	column->name = pstrdup(name);
	column->attnum = found.attnum;
	column->type = found.typeid;
	get_atttypetypmodcoll(relid, found.attnum, &column->declared, &column->typmod, &collation);
	column->kind = kind_of_type(found.typeid, name);
	if (column->kind == SCORE_NUMBER && spec->task != TASK_BINARY && spec->task != TASK_REGRESSION)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("model \"%s\" is %s, and has no single number for column \"%s\"",
						scorer_model_name(scorer), model_task_name(spec->task), name),
				 errhint("Use a text column for the predicted class.")));
	if (column->kind == SCORE_LABEL && spec->task == TASK_REGRESSION)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("model \"%s\" predicts a number, and column \"%s\" is of type %s",
						scorer_model_name(scorer), name, format_type_be(found.typeid)),
				 errhint("Use a column of type double precision.")));
}

/*
 * A row that is not yet stored lacks its generated columns, so a model that
 * reads one cannot score it.
 */
void
score_column_check_generated(Oid relid, const Scorer *scorer)
{
	const ModelSpec *spec = scorer_spec(scorer);
	const FeatureSet *set = spec->features[spec->node_type];

	for (int i = 0; set != NULL && i < feature_column_count(set); i++)
	{
		FeatureColumn feature = feature_column(set, i);
		GraphColumn found;

		if (feature.dense_width + feature.sparse_width > 0 && graph_column_find(relid, feature.name, &found) &&
			get_attgenerated(relid, found.attnum) != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("model \"%s\" cannot score a row before it is stored", scorer_model_name(scorer)),
					 errdetail("It reads column \"%s\", which is generated later.", feature.name),
					 errhint("Score after, for example with sage_attach and mode => 'after'.")));
	}
}

/* The value of one row; NUMBER as double precision. */
static Datum
column_value(const ModelSpec *spec, ScoreKind kind, const float *outputs, const float *hidden)
{
	ArrayType  *array;
	float	   *elements;

	switch (kind)
	{
		case SCORE_NUMBER:
			return Float8GetDatum(score_of_class(spec, outputs, -1));
		case SCORE_LABEL:
			return score_label(spec, outputs);
		case SCORE_EMBEDDING:
			array = score_float_array(spec->hidden, &elements);
			memcpy(elements, hidden, spec->hidden * sizeof(float));
			return PointerGetDatum(array);
	}
	pg_unreachable();
}

/* Keeps to the limits of a column such as numeric(4, 2), or of a domain. */
static Datum
column_limits(const ScoreColumn *column, Datum value)
{
	Oid			output,
				input,
				ioparam;
	bool		varlena;

	if (column->typmod < 0 && column->declared == column->type)
		return value;
	getTypeOutputInfo(column->type, &output, &varlena);
	getTypeInputInfo(column->declared, &input, &ioparam);
	return OidInputFunctionCall(input, OidOutputFunctionCall(output, value), ioparam, column->typmod);
}

/* What the column of a row value should be, in the column's own type. */
Datum
score_column_of_row(Scorer *scorer, const ScoreColumn *column, HeapTupleHeader row)
{
	const ModelSpec *spec = scorer_spec(scorer);
	bool		embedding = column->kind == SCORE_EMBEDDING;
	float	   *outputs = embedding ? NULL : palloc(spec->noutputs * sizeof(float));
	float	   *hidden = embedding ? palloc(spec->hidden * sizeof(float)) : NULL;
	Datum		value;

	scorer_score_row(scorer, row, outputs, hidden);
	if (column->type == FLOAT4OID)
		value = Float4GetDatum((float) score_of_class(spec, outputs, -1));
	else if (column->type == NUMERICOID)
		value = DirectFunctionCall1(float8_numeric, Float8GetDatum(score_of_class(spec, outputs, -1)));
	else
		value = column_value(spec, column->kind, outputs, hidden);
	return column_limits(column, value);
}

/*
 * Scores keys and writes those scores that have changed: the ones that have
 * not would only fire triggers again.
 */
void
score_column_update(Scorer *scorer, const ScoreColumn *column, const Datum *keys, int64 n)
{
	static const Oid value_types[] = {FLOAT8OID, TEXTOID, FLOAT4ARRAYOID};
	const ModelSpec *spec = scorer_spec(scorer);
	const NodeType *type = &scorer_graph(scorer)->node_types[spec->node_type];
	bool		embedding = column->kind == SCORE_EMBEDDING;
	float	   *outputs = embedding ? NULL : memory_alloc(n * spec->noutputs, sizeof(float));
	float	   *hidden = embedding ? memory_alloc(n * spec->hidden, sizeof(float)) : NULL;
	bool	   *found = memory_alloc(n, sizeof(bool));
	Oid			types[2] = {key_type(type->key_kind), value_types[column->kind]};
	const char *name = quote_identifier(column->name);
	char	   *sql = psprintf("UPDATE %s SET %s = $2 WHERE %s"
							   " AND (%s OPERATOR(pg_catalog.=) $2::%s) IS NOT TRUE",
							   type->table, name, key_columns_match_one(&type->key), name,
							   format_type_be(column->type));

	scorer_score(scorer, keys, n, outputs, hidden, found);
	for (int64 i = 0; i < n; i++)
	{
		Datum		args[2];

		if (!found[i])
			continue;
		args[0] = keys[i];
		args[1] = column_value(spec, column->kind, embedding ? NULL : outputs + i * spec->noutputs,
							   embedding ? hidden + i * spec->hidden : NULL);
		query_write(sql, 2, types, args, NULL);
	}
}
