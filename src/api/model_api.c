/*
 * model_api.c
 *		Managing models: deploy, drop, grant, export, import.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "api/arguments.h"
#include "base/query_args.h"
#include "model/model_catalog.h"
#include "model/model_store.h"
#include "sage.h"

SAGE_FUNCTION(sage_deploy);
SAGE_FUNCTION(sage_drop_model);
SAGE_FUNCTION(sage_drop_version);
SAGE_FUNCTION(sage_grant);
SAGE_FUNCTION(sage_revoke);
SAGE_FUNCTION(sage_export);
SAGE_FUNCTION(sage_import);
SAGE_FUNCTION(sage_classes);

Datum
sage_deploy(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");
	ModelEntry *entry;

	PreventCommandIfReadOnly("sage_deploy()");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"version\" must not be null")));
	entry = model_catalog_open(model, MODEL_OWN);
	model_catalog_lock(model, entry->graph);
	(void) model_catalog_version(model, Max(PG_GETARG_INT32(1), 1));
	if (PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version %d", model, PG_GETARG_INT32(1))));
	model_catalog_deploy(model, PG_GETARG_INT32(1));
	PG_RETURN_VOID();
}

/* So many triggers are named; partitions may have hundreds. */
#define TRIGGERS_NAMED	20

typedef struct TriggerList
{
	StringInfoData text;
	int			count;
} TriggerList;

static void
trigger_row(void *arg, Datum *values, bool *nulls)
{
	TriggerList *list = arg;

	if (list->count++ >= TRIGGERS_NAMED)
		return;
	appendStringInfo(&list->text, "%strigger \"%s\" on table %s scores with model \"%s\"", list->count > 1 ? "\n" : "",
					 TextDatumGetCString(values[0]), TextDatumGetCString(values[1]), TextDatumGetCString(values[2]));
}

/*
 * A model that triggers score with stays: without it statements on their
 * tables would fail, and if somebody trained another model of that name, the
 * triggers would use that one.
 */
static void
check_no_triggers(FunctionCallInfo fcinfo, const char *model)
{
	QueryArgs	args = {0};
	TriggerList list = {.count = 0};

	initStringInfo(&list.text);
	args_add_text(&args, psprintf("%s.sage_score()",
								  quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)))));
	args_add_text(&args, model);
	query_once("SELECT t.tgname::pg_catalog.text, t.tgrelid::pg_catalog.regclass::pg_catalog.text, $2"
			   " FROM pg_catalog.pg_trigger t"
			   " WHERE t.tgfoid OPERATOR(pg_catalog.=) $1::pg_catalog.regprocedure::pg_catalog.oid"
			   " AND t.tgparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid"
			   " AND pg_catalog.position(t.tgargs, pg_catalog.convert_to($2, pg_catalog.getdatabaseencoding())"
			   " OPERATOR(pg_catalog.||) pg_catalog.decode('00', 'hex')) OPERATOR(pg_catalog.=) 1"
			   " ORDER BY t.oid USING OPERATOR(pg_catalog.<)",
			   args.count, args.types, args.values, args.nulls, trigger_row, &list);
	if (list.count > TRIGGERS_NAMED)
		appendStringInfo(&list.text, "\nand %d others", list.count - TRIGGERS_NAMED);
	if (list.count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop model \"%s\" because triggers score with it", model),
				 errdetail_internal("%s", list.text.data),
				 errhint("Use sage_detach for columns of sage_attach, and DROP TRIGGER for others.")));
}

Datum
sage_drop_model(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");
	ModelEntry *entry;

	PreventCommandIfReadOnly("sage_drop_model()");
	/* a name that only failed runs have is no model, but leaves rows, too */
	if (model_catalog_find(model) == NULL && model_catalog_drop_runs(model))
		PG_RETURN_VOID();
	entry = model_catalog_open(model, MODEL_OWN);
	check_no_triggers(fcinfo, model);
	model_catalog_lock(model, entry->graph);
	model_catalog_drop(model);
	PG_RETURN_VOID();
}

/* Drops one version of a model, but not the one that scores. */
Datum
sage_drop_version(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");
	ModelEntry *entry;
	int			version;

	PreventCommandIfReadOnly("sage_drop_version()");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"version\" must not be null")));
	version = PG_GETARG_INT32(1);
	model_catalog_lock(model, model_catalog_open(model, MODEL_OWN)->graph);
	entry = model_catalog_open(model, MODEL_OWN);
	if (version < 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version %d", model, version)));
	(void) model_catalog_version(model, version);
	if (version == entry->deployed)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("cannot drop version %d of model \"%s\" because it is deployed", version, model),
				 errhint("Deploy another version with sage_deploy first, or drop the whole model with sage_drop_model.")));
	model_catalog_drop_version(model, version);
	PG_RETURN_VOID();
}

static void
change_grant(FunctionCallInfo fcinfo, bool grant)
{
	char	   *model = required_text(fcinfo, 0, "model");
	char	   *role = required_text(fcinfo, 1, "role");
	ModelEntry *entry;

	PreventCommandIfReadOnly(grant ? "sage_grant()" : "sage_revoke()");
	entry = model_catalog_open(model, MODEL_OWN);

	/* revoking from a role that was dropped, by any name, takes it out */
	if (grant && strcmp(role, "public") != 0)
		(void) get_role_oid(role, false);
	model_catalog_lock(model, entry->graph);
	model_catalog_grant(model, role, grant);
}

Datum
sage_grant(PG_FUNCTION_ARGS)
{
	change_grant(fcinfo, true);
	PG_RETURN_VOID();
}

Datum
sage_revoke(PG_FUNCTION_ARGS)
{
	change_grant(fcinfo, false);
	PG_RETURN_VOID();
}

Datum
sage_export(PG_FUNCTION_ARGS)
{
	char	   *model = required_text(fcinfo, 0, "model");

	(void) model_catalog_open(model, MODEL_OWN);
	if (!PG_ARGISNULL(1) && PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version %d", model, PG_GETARG_INT32(1))));
	PG_RETURN_BYTEA_P(model_catalog_version(model, PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1))->weights);
}

/*
 * The bytes are believed only as far as they fit: the description is read
 * against the graph as it is, the network built from it, and the weights must
 * be just those of this network.
 */
Datum
sage_import(PG_FUNCTION_ARGS)
{
	char	   *name = required_text(fcinfo, 0, "model");
	char	   *graph_name = required_text(fcinfo, 1, "graph");
	MemoryContext cxt,
				old;
	bytea	   *bytes;
	Graph	   *graph;
	ModelSpec  *spec;
	Model	   *model;
	char	   *document;
	int			version;

	PreventCommandIfReadOnly("sage_import()");
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"weights\" must not be null")));
	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("model must have a name of 1 to %d bytes", NAMEDATALEN - 1)));
	cxt = AllocSetContextCreate(CurrentMemoryContext, "sage import", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(cxt);

	bytes = PG_GETARG_BYTEA_P(2);
	graph = graph_load(graph_name);
	document = model_store_spec(bytes);
	spec = model_spec_read(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(document))), graph);
	model = model_build(spec, graph, spec->fanout, false);
	model_store_read(model, bytes);
	{
		NewVersion	imported = {
			.model = name, .graph = graph_name, .task = model_task_name(spec->task),
			.spec = model_spec_write(spec, graph), .request = "{}", .metrics = "{}", .rows_read = "{}",
			.validation = get_float8_nan(), .test = get_float8_nan(), .baseline = get_float8_nan(),
			.seconds = get_float8_nan(), .deploy = true
		};

		imported.weights = model_store_write(model, imported.spec);
		graph_lock_share(graph);
		model_catalog_lock(name, graph_name);
		version = model_catalog_add_version(&imported);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	PG_RETURN_INT32(version);
}

Datum
sage_classes(PG_FUNCTION_ARGS)
{
	ModelEntry *entry = model_catalog_scored(NULL, PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ModelVersion *version;
	JsonbValue *classes;
	QueryArgs	names = {0};
	List	   *list = NIL;

	version = model_catalog_version(entry->model, 0);
	classes = getKeyJsonValueFromContainer(&version->spec->root, "classes", 7, NULL);
	for (int i = 0; classes != NULL && i < JsonContainerSize(classes->val.binary.data); i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(classes->val.binary.data, i);

		list = lappend(list, pnstrdup(value->val.string.val, value->val.string.len));
	}
	args_add_names(&names, list, list == NIL);
	if (names.nulls[0])
		PG_RETURN_NULL();		/* a regression has no classes */
	PG_RETURN_DATUM(names.values[0]);
}
