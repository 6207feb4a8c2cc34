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
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/arguments.h"
#include "api/score_column.h"
#include "base/query.h"
#include "base/query_args.h"
#include "base/role.h"
#include "graph/graph_column.h"
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

/*
 * A name that is the same each time, and fits.  Names are cut where they are
 * too long, and "a_b" with "c" reads like "a" with "b_c", so a hash of both
 * tells them apart.
 */
static char *
trigger_name(const char *model, const char *column, const char *label)
{
	uint32		hash = hash_combine(hash_bytes((const unsigned char *) model, strlen(model)),
									hash_bytes((const unsigned char *) column, strlen(column)));

	return makeObjectName(psprintf("sage_%s", model), column, psprintf("%s_%08x", label, hash));
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

/* A trigger by its table, for DROP TRIGGER. */
static void
trigger_row(void *arg, Datum *values, bool *nulls)
{
	List	  **statements = arg;

	*statements = lappend(*statements, TextDatumGetCString(values[0]));
}

/*
 * Drops the triggers that sage_attach made for the column, wherever they are:
 * the model may be gone by now, or the graph may have changed.  Returns how
 * many they were.
 */
static int
drop_triggers(const char *function, const char *model, const char *column)
{
	QueryArgs	args = {0};
	List	   *statements = NIL;
	ListCell   *lc;

	args_add_text(&args, function);
	args_add_text(&args, model);
	args_add_text(&args, column);
	query_once("SELECT pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::pg_catalog.regclass)"
			   " FROM pg_catalog.pg_trigger t"
			   " WHERE t.tgfoid OPERATOR(pg_catalog.=) $1::pg_catalog.regprocedure::pg_catalog.oid"
			   " AND t.tgparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid"
			   " AND pg_catalog.starts_with(t.tgname::pg_catalog.text, 'sage_')"
			   " AND t.tgargs OPERATOR(pg_catalog.=) (pg_catalog.convert_to($2, pg_catalog.getdatabaseencoding())"
			   " OPERATOR(pg_catalog.||) pg_catalog.decode('00', 'hex')"
			   " OPERATOR(pg_catalog.||) pg_catalog.convert_to($3, pg_catalog.getdatabaseencoding())"
			   " OPERATOR(pg_catalog.||) pg_catalog.decode('00', 'hex'))"
			   " ORDER BY t.oid USING OPERATOR(pg_catalog.<)",
			   args.count, args.types, args.values, args.nulls, trigger_row, &statements);
	foreach(lc, statements)
		run(lfirst(lc));
	return list_length(statements);
}

/*
 * An error if another model fills the column already: the later trigger would
 * win, and each of them be wrong about the other's rows.
 */
static void
check_not_attached(const char *function, Oid relid, const char *model, const char *column)
{
	QueryArgs	args = {0};
	List	   *others = NIL;

	args_add_text(&args, function);
	args_add_text(&args, model);
	args_add_text(&args, column);
	args_add(&args, OIDOID, ObjectIdGetDatum(relid), false);
	query_once("SELECT pg_catalog.convert_from(pg_catalog.substr(t.tgargs, 1, pg_catalog.length(t.tgargs)"
			   " OPERATOR(pg_catalog.-) pg_catalog.octet_length($3) OPERATOR(pg_catalog.-) 2),"
			   " pg_catalog.getdatabaseencoding())"
			   " FROM pg_catalog.pg_trigger t"
			   " WHERE t.tgfoid OPERATOR(pg_catalog.=) $1::pg_catalog.regprocedure::pg_catalog.oid"
			   " AND t.tgrelid OPERATOR(pg_catalog.=) $4"
			   " AND (t.tgtype OPERATOR(pg_catalog.&) 1::pg_catalog.int2) OPERATOR(pg_catalog.=) 1"	/* for each row */
			   " AND t.tgnargs OPERATOR(pg_catalog.=) 2::pg_catalog.int2"
			   " AND pg_catalog.encode(t.tgargs, 'hex') OPERATOR(pg_catalog.~~) ('%00' OPERATOR(pg_catalog.||)"
			   " pg_catalog.encode(pg_catalog.convert_to($3, pg_catalog.getdatabaseencoding()), 'hex')"
			   " OPERATOR(pg_catalog.||) '00')"
			   " AND pg_catalog.encode(t.tgargs, 'hex') OPERATOR(pg_catalog.!~~)"
			   " (pg_catalog.encode(pg_catalog.convert_to($2, pg_catalog.getdatabaseencoding()), 'hex')"
			   " OPERATOR(pg_catalog.||) '00%')"
			   " ORDER BY t.oid USING OPERATOR(pg_catalog.<) LIMIT 1",
			   args.count, args.types, args.values, args.nulls, trigger_row, &others);
	if (others != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("column \"%s\" is kept filled by model \"%s\" already", column, (char *) linitial(others)),
				 errhint("Call sage_detach('%s', '%s') first, or add a column.", (char *) linitial(others), column)));
}

/*
 * The triggers on an edge table.  Only those of the table that a statement
 * names are fired by it, so partitions get their own.
 */
static void
create_edge_triggers(const Scorer *scorer, const char *column, int edge, const char *call)
{
	ListCell   *lc;

	foreach(lc, graph_table_partitions(scorer_graph(scorer)->edge_types[edge].relid))
	{
		for (int i = 0; i < lengthof(edge_triggers); i++)
		{
			char	   *label = psprintf("edge%d_%s", edge, edge_triggers[i].label);

			run(psprintf("CREATE TRIGGER %s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT %s",
						 quote_identifier(trigger_name(scorer_model_name(scorer), column, label)),
						 edge_triggers[i].event, graph_table_name(lfirst_oid(lc)), edge_triggers[i].tables, call));
		}
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
		if (edge_matters(scorer, &graph->edge_types[e]))
			create_edge_triggers(scorer, column, e, call);
	}
}

/* A score that became a feature of the next training would be a leak. */
static void
exclude_column(const Scorer *scorer, const char *column)
{
	const Graph *graph = scorer_graph(scorer);
	const NodeType *type = &graph->node_types[scorer_spec(scorer)->node_type];
	ListCell   *lc;

	if (type->features != NIL || type->no_features)
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
				 errhint("Its owner \"%s\" should leave it out.", role_name(graph->owner))));
}

static Scorer *
open_scorer(const char *model)
{
	return score_site_scorer(score_site_create(CurrentMemoryContext, NULL), model, STORE_ALWAYS);
}

/* sage_score() as the function beside this one, ready to be quoted in SQL. */
static char *
score_function(FunctionCallInfo fcinfo)
{
	return psprintf("%s.sage_score",
					quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid))));
}

/* Scores must not be written over what they are made of. */
static void
check_score_column(const Scorer *scorer, const char *column)
{
	const ModelSpec *spec = scorer_spec(scorer);
	const NodeType *type = &scorer_graph(scorer)->node_types[spec->node_type];
	const FeatureSet *set = spec->features[spec->node_type];
	const char *what = NULL;

	if (key_columns_contain(type->relid, type->key_column, column))
		what = "the key";
	else if (type->time_column != NULL && strcmp(column, type->time_column) == 0)
		what = "the time column";
	else if (spec->target != NULL && strcmp(column, spec->target) == 0)
		what = "the target";
	for (int i = 0; what == NULL && set != NULL && i < feature_column_count(set); i++)
	{
		FeatureColumn feature = feature_column(set, i);

		/* one that was constant, such as a new column's nulls, is not read */
		if (feature.dense_width + feature.sparse_width > 0 && strcmp(column, feature.name) == 0)
			what = "a feature";
	}
	if (what != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" cannot hold the scores of model \"%s\": it is %s of the model",
						column, scorer_model_name(scorer), what),
				 errhint("Add a column for the scores.")));
}

Datum
sage_attach(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");
	char	   *column = required_text(fcinfo, 1, "score_column");
	char	   *mode = required_text(fcinfo, 2, "mode");
	Scorer	   *scorer = open_scorer(model);
	ScoreColumn found;
	Oid			node_table;
	char	   *call;

	if (strcmp(mode, "before") != 0 && strcmp(mode, "after") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode \"%s\" is not known", mode),
				 errhint("The modes are before and after.")));
	node_table = scorer_graph(scorer)->node_types[scorer_spec(scorer)->node_type].relid;
	score_column_find(&found, node_table, column, scorer);
	check_score_column(scorer, column);
	if (strcmp(mode, "before") == 0)
		score_column_check_generated(node_table, scorer);
	call = psprintf("EXECUTE FUNCTION %s(%s, %s)", score_function(fcinfo),
					quote_literal_cstr(model), quote_literal_cstr(column));
	check_not_attached(psprintf("%s()", score_function(fcinfo)), node_table, model, column);
	(void) drop_triggers(psprintf("%s()", score_function(fcinfo)), model, column);
	create_triggers(scorer, column, strcmp(mode, "before") == 0, call);
	exclude_column(scorer, column);
	PG_RETURN_VOID();
}

Datum
sage_detach(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");
	char	   *column = required_text(fcinfo, 1, "score_column");

	if (drop_triggers(psprintf("%s()", score_function(fcinfo)), model, column) == 0)
		ereport(NOTICE,
				(errmsg("no trigger keeps column \"%s\" filled by model \"%s\", skipping", column, model)));
	PG_RETURN_VOID();
}
