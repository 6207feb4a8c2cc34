/*
 * attach_api.c
 *		sage_attach and sage_detach: the triggers that keep a score column.
 *
 * They are ordinary triggers, created as the caller, so they show in \d and
 * can be dropped by hand.  Edge tables get one for each kind of statement,
 * with transition tables, so that a statement of many rows scores each node
 * once.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/score_column.h"
#include "base/query.h"
#include "graph/graph_check.h"
#include "model/model_catalog.h"
#include "predict/scorer.h"
#include "sage.h"

SAGE_FUNCTION(sage_attach);
SAGE_FUNCTION(sage_detach);

/* The triggers on edge tables, by what fires them. */
static const struct
{
	const char *label;
	const char *event;
	const char *tables;
}			edge_triggers[] =
{
	{"insert", "INSERT", "NEW TABLE AS sage_new"},
	{"delete", "DELETE", "OLD TABLE AS sage_old"},
	{"update", "UPDATE", "OLD TABLE AS sage_old NEW TABLE AS sage_new"},
};

static char *
required_text(FunctionCallInfo fcinfo, int index, const char *name)
{
	if (PG_ARGISNULL(index))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
	return text_to_cstring(PG_GETARG_TEXT_PP(index));
}

/* A name that is the same each time, and fits. */
static char *
trigger_name(const char *model, const char *column, const char *label)
{
	return makeObjectName(psprintf("sage_%s", model), column, label);
}

static void
run(const char *sql)
{
	query_write(sql, 0, NULL, NULL, NULL);
}

/* Whether edges of this type change the scores of the model's nodes. */
static bool
edge_matters(const Scorer *scorer, const EdgeType *edge)
{
	int			node_type = scorer_spec(scorer)->node_type;

	return edge->source_type == node_type || edge->target_type == node_type;
}

static void
drop_trigger(Oid relid, const char *table, const char *name)
{
	if (OidIsValid(get_trigger_oid(relid, name, true)))
		run(psprintf("DROP TRIGGER %s ON %s", quote_identifier(name), table));
}

static void
drop_triggers(const Scorer *scorer, const char *column)
{
	const Graph *graph = scorer_graph(scorer);
	const char *model = scorer_model_name(scorer);
	const NodeType *type = &graph->node_types[scorer_spec(scorer)->node_type];

	drop_trigger(type->relid, type->table, trigger_name(model, column, "node"));
	for (int e = 0; e < graph->nedge_types; e++)
	{
		if (!edge_matters(scorer, &graph->edge_types[e]))
			continue;
		for (int i = 0; i < lengthof(edge_triggers); i++)
			drop_trigger(graph->edge_types[e].relid, graph->edge_types[e].table,
						 trigger_name(model, column, psprintf("edge%d_%s", e, edge_triggers[i].label)));
	}
}

static void
create_triggers(const Scorer *scorer, const char *column, bool before, const char *call)
{
	const Graph *graph = scorer_graph(scorer);
	const char *model = scorer_model_name(scorer);
	const NodeType *type = &graph->node_types[scorer_spec(scorer)->node_type];

	if (before)
		run(psprintf("CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW %s",
					 quote_identifier(trigger_name(model, column, "node")), type->table, call));
	else
		run(psprintf("CREATE CONSTRAINT TRIGGER %s AFTER INSERT OR UPDATE ON %s"
					 " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW %s",
					 quote_identifier(trigger_name(model, column, "node")), type->table, call));
	for (int e = 0; e < graph->nedge_types; e++)
	{
		if (!edge_matters(scorer, &graph->edge_types[e]))
			continue;
		for (int i = 0; i < lengthof(edge_triggers); i++)
			run(psprintf("CREATE TRIGGER %s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT %s",
						 quote_identifier(trigger_name(model, column, psprintf("edge%d_%s", e, edge_triggers[i].label))),
						 edge_triggers[i].event, graph->edge_types[e].table, edge_triggers[i].tables, call));
	}
}

/* A score that became a feature of the next training would be a leak. */
static void
exclude_column(const Scorer *scorer, const char *column)
{
	const Graph *graph = scorer_graph(scorer);
	const NodeType *type = &graph->node_types[scorer_spec(scorer)->node_type];
	ListCell   *lc;

	if (type->features != NIL)
		return;
	foreach(lc, type->exclude)
	{
		if (strcmp(lfirst(lc), column) == 0)
			return;
	}
	if (model_catalog_allowed(graph->owner, NIL, MODEL_OWN))
	{
		graph_exclude_column(graph, type, column);
		ereport(NOTICE,
				(errmsg("column \"%s\" is left out of the features of node type \"%s\" from now on",
						column, type->name)));
	}
	else
		ereport(WARNING,
				(errmsg("column \"%s\" will be a feature when a model of graph \"%s\" is trained again",
						column, graph->name),
				 errhint("Its owner \"%s\" should leave it out.", graph->owner)));
}

static Scorer *
open_scorer(const char *model)
{
	return score_site_scorer(score_site_create(CurrentMemoryContext), model, STORE_ALWAYS);
}

Datum
sage_attach(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");
	char	   *column = required_text(fcinfo, 1, "score_column");
	char	   *mode = required_text(fcinfo, 2, "mode");
	Scorer	   *scorer = open_scorer(model);
	ScoreColumn found;
	char	   *call;

	if (strcmp(mode, "before") != 0 && strcmp(mode, "after") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode \"%s\" is not known", mode),
				 errhint("The modes are before and after.")));
	score_column_find(&found, scorer_graph(scorer)->node_types[scorer_spec(scorer)->node_type].relid, column, scorer);
	call = psprintf("EXECUTE FUNCTION %s.sage_score(%s, %s)",
					quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid))),
					quote_literal_cstr(model), quote_literal_cstr(column));
	drop_triggers(scorer, column);
	create_triggers(scorer, column, strcmp(mode, "before") == 0, call);
	exclude_column(scorer, column);
	PG_RETURN_VOID();
}

Datum
sage_detach(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");
	char	   *column = required_text(fcinfo, 1, "score_column");

	drop_triggers(open_scorer(model), column);
	PG_RETURN_VOID();
}
