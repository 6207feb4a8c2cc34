/*
 * trigger_api.c
 *		The trigger function sage_score(model, score_column).
 *
 * On the node table, BEFORE: the column is filled from the row in hand.
 * AFTER: it is updated by key.  On an edge table, AFTER: the nodes at both
 * ends of the changed edges are scored again; for a statement with transition
 * tables, each node once.
 *
 * An AFTER trigger runs under its statement's snapshot, which does not see
 * what the statement did, so scoring gets a fresh one.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "api/score_column.h"
#include "base/compat.h"
#include "base/memory.h"
#include "base/query.h"
#include "graph/graph_column.h"
#include "predict/scorer.h"
#include "sage.h"

SAGE_FUNCTION(sage_score);

/* What a call of the trigger is about. */
typedef struct ScoreCall
{
	TriggerData *data;
	Scorer	   *scorer;
	ScoreColumn column;
	const NodeType *node_type;
} ScoreCall;

/* ------------------------------------------------------------------------
 * Which table is it
 * ------------------------------------------------------------------------
 */

/* True if the trigger's table is the given one or a partition of it. */
static bool
trigger_is_on(const TriggerData *data, Oid relid)
{
	Oid			table = RelationGetRelid(data->tg_relation);

	return table == relid ||
		(data->tg_relation->rd_rel->relispartition && list_member_oid(get_partition_ancestors(table), relid));
}

static void
row_key_found(void *arg, Datum *values, bool *nulls)
{
	Datum	   *key = arg;

	if (!nulls[0])
		*key = key_copy(KEY_TEXT, values[0]);
}

/*
 * A key of several columns, or one that is looked up by others (lookup is not
 * NULL): SQL knows how to make it.
 */
static Datum
row_key_by_query(const ScoreCall *call, HeapTuple row, const KeyColumns *columns, const char *lookup, bool *isnull)
{
	TupleDesc	desc = RelationGetDescr(call->data->tg_relation);
	Datum		value = heap_copy_tuple_as_datum(row, desc);
	Oid			type = call->data->tg_relation->rd_rel->reltype;
	Datum		key = (Datum) 0;

	query_once(psprintf("SELECT %s::pg_catalog.text FROM (SELECT ($1).*) AS edge_row%s%s",
						key_columns_expression(columns, &call->node_type->key),
						lookup != NULL ? " JOIN " : "", lookup != NULL ? lookup : ""),
			   1, &type, &value, NULL, row_key_found, &key);
	*isnull = key == (Datum) 0;
	return *isnull ? key : key_of_text(call->node_type->key_kind, key);
}

/* A key of the model's node type in a row of the trigger's table, in canonical form. */
static Datum
row_key(const ScoreCall *call, HeapTuple row, const KeyColumns *columns, const char *lookup, bool *isnull)
{
	const char *name = columns->names[0];
	GraphColumn column;
	Datum		value;

	if (columns->count > 1 || lookup != NULL)
		return row_key_by_query(call, row, columns, lookup, isnull);
	if (!graph_column_find(RelationGetRelid(call->data->tg_relation), name, &column))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name,
						RelationGetRelationName(call->data->tg_relation))));
	value = heap_getattr(row, column.attnum, RelationGetDescr(call->data->tg_relation), isnull);
	return *isnull ? value : key_of_type(value, column.typeid);
}

/* ------------------------------------------------------------------------
 * BEFORE: the row in hand
 * ------------------------------------------------------------------------
 */

static HeapTuple
score_before(ScoreCall *call, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(call->data->tg_relation);
	int			attnum = call->column.attnum;
	Datum		value;
	bool		isnull = false;

	if (desc->constr != NULL)
		score_column_check_generated(RelationGetRelid(call->data->tg_relation), call->scorer);
	value = score_column_of_row(call->scorer, &call->column,
								DatumGetHeapTupleHeader(heap_copy_tuple_as_datum(row, desc)));
	return heap_modify_tuple_by_cols(row, desc, 1, &attnum, &value, &isnull);
}

/* ------------------------------------------------------------------------
 * AFTER: by key
 * ------------------------------------------------------------------------
 */

/* True if an update changed nothing but the score, as our own does. */
static bool
only_score_changed(const ScoreCall *call)
{
	TupleDesc	desc = RelationGetDescr(call->data->tg_relation);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		old_null,
					new_null;
		Datum		old_value,
					new_value;

		if (att->attisdropped || att->attnum == call->column.attnum)
			continue;
		old_value = heap_getattr(call->data->tg_trigtuple, i + 1, desc, &old_null);
		new_value = heap_getattr(call->data->tg_newtuple, i + 1, desc, &new_null);
		if (old_null != new_null ||
			(!old_null && !datum_image_eq(old_value, new_value, att->attbyval, att->attlen)))
			return false;
	}
	return true;
}

/* Scores some keys as of now, and writes what has changed. */
static void
score_keys(ScoreCall *call, ScoreSite *site, const char *model, const Datum *keys, int64 n)
{
	if (n == 0)
		return;
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	call->scorer = score_site_scorer(site, model, STORE_ALWAYS);
	score_column_update(call->scorer, &call->column, keys, n);
	PopActiveSnapshot();
}

/* ------------------------------------------------------------------------
 * Edge tables
 * ------------------------------------------------------------------------
 */

/* Notes a key; "keys" has each once. */
static void
keys_add(IdMap *keys, const ScoreCall *call, HeapTuple row, const KeyColumns *columns, const char *lookup)
{
	bool		isnull,
				found;
	Datum		key = row_key(call, row, columns, lookup, &isnull);

	if (!isnull)
		(void) idmap_insert(keys, key, &found);
}

/* The ends of one edge that are nodes of the model's type. */
static void
keys_add_ends(IdMap *keys, const ScoreCall *call, const EdgeType *edge, HeapTuple row)
{
	int			node_type = scorer_spec(call->scorer)->node_type;

	if (row == NULL)
		return;
	if (edge->source_type == node_type)
		keys_add(keys, call, row, &edge->source, NULL);
	if (edge->target_type == node_type)
		keys_add(keys, call, row, &edge->target, edge->lookup);
}

static void
keys_add_table(IdMap *keys, const ScoreCall *call, const EdgeType *edge, Tuplestorestate *table)
{
	TupleTableSlot *slot;

	if (table == NULL)
		return;
	slot = MakeSingleTupleTableSlot(RelationGetDescr(call->data->tg_relation), &TTSOpsMinimalTuple);
	tuplestore_rescan(table);
	while (tuplestore_gettupleslot(table, true, false, slot))
	{
		bool		should_free;
		HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &should_free);

		keys_add_ends(keys, call, edge, row);
		if (should_free)
			heap_freetuple(row);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Rescores the ends of what this event did to an edge table.  True if the
 * trigger's table is one.
 */
static bool
score_edges(ScoreCall *call, ScoreSite *site, const char *model)
{
	const Graph *graph = scorer_graph(call->scorer);
	IdMap	   *keys = idmap_create(call->node_type->key_kind, 0, CurrentMemoryContext);
	bool		any = false;
	Datum	   *list;

	for (int e = 0; e < graph->nedge_types; e++)
	{
		const EdgeType *edge = &graph->edge_types[e];

		if (!trigger_is_on(call->data, edge->relid))
			continue;
		any = true;
		if (TRIGGER_FIRED_FOR_ROW(call->data->tg_event))
		{
			keys_add_ends(keys, call, edge, call->data->tg_trigtuple);
			if (TRIGGER_FIRED_BY_UPDATE(call->data->tg_event))
				keys_add_ends(keys, call, edge, call->data->tg_newtuple);
		}
		else
		{
			keys_add_table(keys, call, edge, call->data->tg_oldtable);
			keys_add_table(keys, call, edge, call->data->tg_newtable);
		}
	}
	list = memory_alloc(idmap_count(keys), sizeof(Datum));
	for (int32 i = 0; i < idmap_count(keys); i++)
		list[i] = idmap_key(keys, i);
	score_keys(call, site, model, list, idmap_count(keys));
	return any;
}

/* ------------------------------------------------------------------------
 * The function
 * ------------------------------------------------------------------------
 */

static void
check_call(FunctionCallInfo fcinfo)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"sage_score\" was not called by trigger manager")));
	if (data->tg_trigger->tgnargs != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("trigger \"%s\" needs two arguments: model and score column", data->tg_trigger->tgname),
				 errhint("For example EXECUTE FUNCTION sage_score('churn', 'score').")));
}

SAGE_NORETURN static void
trigger_misplaced(const ScoreCall *call)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("trigger \"%s\" on table \"%s\" cannot score with model \"%s\"",
					call->data->tg_trigger->tgname, RelationGetRelationName(call->data->tg_relation),
					scorer_model_name(call->scorer)),
			 errhint("On node table %s it fires for each row, before or after INSERT or UPDATE; on an edge table of the graph, after. See sage_attach.",
					 call->node_type->table)));
}

Datum
sage_score(PG_FUNCTION_ARGS)
{
	ScoreCall	call = {0};
	ScoreSite  *site;
	const char *model;
	bool		row_trigger,
				removes;
	HeapTuple	row;

	check_call(fcinfo);
	call.data = (TriggerData *) fcinfo->context;
	model = call.data->tg_trigger->tgargs[0];
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = score_site_create(fcinfo->flinfo->fn_mcxt, NULL);
	site = fcinfo->flinfo->fn_extra;
	call.scorer = score_site_scorer(site, model, STORE_ALWAYS);
	call.node_type = &scorer_graph(call.scorer)->node_types[scorer_spec(call.scorer)->node_type];
	row_trigger = TRIGGER_FIRED_FOR_ROW(call.data->tg_event);
	removes = TRIGGER_FIRED_BY_DELETE(call.data->tg_event) || TRIGGER_FIRED_BY_TRUNCATE(call.data->tg_event);
	row = TRIGGER_FIRED_BY_UPDATE(call.data->tg_event) ? call.data->tg_newtuple : call.data->tg_trigtuple;

	if (row_trigger && !removes && trigger_is_on(call.data, call.node_type->relid))
	{
		score_column_find(&call.column, RelationGetRelid(call.data->tg_relation), call.data->tg_trigger->tgargs[1],
						  call.scorer);
		if (TRIGGER_FIRED_BEFORE(call.data->tg_event))
			return PointerGetDatum(score_before(&call, row));
		if (!TRIGGER_FIRED_BY_UPDATE(call.data->tg_event) || !only_score_changed(&call))
		{
			bool		isnull;
			Datum		key = row_key(&call, row, &call.node_type->key, NULL, &isnull);

			score_keys(&call, site, model, &key, isnull ? 0 : 1);
		}
		return PointerGetDatum(NULL);
	}
	if (!TRIGGER_FIRED_AFTER(call.data->tg_event))
		trigger_misplaced(&call);
	score_column_find(&call.column, call.node_type->relid, call.data->tg_trigger->tgargs[1], call.scorer);
	if (!score_edges(&call, site, model))
		trigger_misplaced(&call);
	return PointerGetDatum(NULL);
}
