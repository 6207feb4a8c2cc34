/*
 * model_catalog.c
 *		Models in the tables of schema sage, and who may use them.
 *
 * A model belongs to the role that trained it.  Members of that role use,
 * train, deploy, export and drop it; others may score with it once it was
 * granted to them.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/guc.h"
#include "base/options.h"
#include "base/query_args.h"
#include "base/role.h"
#include "model/model_catalog.h"

/* ------------------------------------------------------------------------
 * Rights
 * ------------------------------------------------------------------------
 */

/* Whether the current user has a right on a model of that owner and grants. */
bool
model_catalog_allowed(Oid owner, List *granted, ModelRight right)
{
	ListCell   *lc;

	if (superuser() || role_includes_user(owner))
		return true;
	if (right == MODEL_OWN)
		return false;
	foreach(lc, granted)
	{
		if (role_includes_user(lfirst_oid(lc)))
			return true;
	}
	return false;
}

void
model_catalog_check(const ModelEntry *entry, ModelRight right)
{
	if (model_catalog_allowed(entry->owner, entry->granted, right))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 right == MODEL_SCORE ? errmsg("permission denied for model \"%s\"", entry->model) :
			 errmsg("must be owner of model \"%s\"", entry->model),
			 right != MODEL_SCORE ? 0 : !role_exists(entry->owner) ?
			 errhint("Its owner was dropped; a superuser or the owner of the database can give it to a role with sage_reassign_owned.") :
			 errhint("Its owner \"%s\" can allow it with sage_grant.", role_name(entry->owner))));
}

/* ------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------
 */

/*
 * What every scoring statement asks.  Subqueries go by the keys however few
 * rows the planner believes there to be.
 */
#define ENTRIES_SQL \
	"SELECT m.model, m.graph, m.owned_by, m.granted_to, m.deployed," \
	" (SELECT v.id FROM sage.model_version v WHERE v.model = m.model AND v.version = m.deployed)," \
	" (SELECT g.stamp FROM sage.graph g WHERE g.graph = m.graph), m.tableoid" \
	" FROM sage.model m"
#define ENTRY_SQL	ENTRIES_SQL " WHERE m.model = $1"

static void
entry_row(void *arg, Datum *values, bool *nulls)
{
	ModelEntry **result = arg;
	ModelEntry *entry = palloc0(sizeof(ModelEntry));

	entry->model = datum_text(values[0], nulls[0]);
	entry->graph = datum_text(values[1], nulls[1]);
	entry->owner = DatumGetObjectId(values[2]);
	entry->granted = datum_roles(values[3], nulls[3]);
	entry->deployed = nulls[4] ? 0 : DatumGetInt32(values[4]);
	entry->version_id = nulls[5] ? 0 : DatumGetInt64(values[5]);
	entry->graph_stamp = nulls[6] ? 0 : DatumGetInt64(values[6]);
	entry->catalog = nulls[7] ? InvalidOid : DatumGetObjectId(values[7]);
	*result = entry;
}

/* A model by name; NULL: there is none.  query: from model_queries_prepare(), or NULL. */
static ModelEntry *
find_model(PreparedQuery *query, const char *model)
{
	ModelEntry *entry = NULL;
	QueryArgs	args = {0};

	args_add_text(&args, model);
	if (query != NULL)
		query_run(query, args.values, args.nulls, entry_row, &entry);
	else
		query_catalog(ENTRY_SQL, args.count, args.types, args.values, args.nulls, entry_row, &entry);
	return entry;
}

ModelEntry *
model_catalog_find(const char *model)
{
	return find_model(NULL, model);
}

static void
entries_row(void *arg, Datum *values, bool *nulls)
{
	List	  **entries = arg;
	ModelEntry *entry;

	entry_row(&entry, values, nulls);
	*entries = lappend(*entries, entry);
}

/*
 * All models that the current user may score with.  Who may is asked after
 * the query, which runs as the catalog's owner.
 */
static List *
usable_models(PreparedQuery *query)
{
	List	   *entries = NIL;
	ListCell   *lc;

	if (query != NULL)
		query_run(query, NULL, NULL, entries_row, &entries);
	else
		query_catalog(ENTRIES_SQL, 0, NULL, NULL, NULL, entries_row, &entries);
	foreach(lc, entries)
	{
		ModelEntry *entry = lfirst(lc);

		if (!model_catalog_allowed(entry->owner, entry->granted, MODEL_SCORE))
			entries = foreach_delete_current(entries, lc);
	}
	return entries;
}

static int
name_compare(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* The names of models, in order. */
static List *
model_names(List *entries)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, entries)
		names = lappend(names, ((ModelEntry *) lfirst(lc))->model);
	list_sort(names, name_compare);
	return names;
}

static char *
quoted_list(List *names)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, names)
		appendStringInfo(&text, "%s\"%s\"", text.len > 0 ? ", " : "", (char *) lfirst(lc));
	return text.data;
}

SAGE_NORETURN static void
model_unknown(const char *model)
{
	List	   *names = model_names(usable_models(NULL));
	const char **array = palloc(Max(list_length(names), 1) * sizeof(char *));
	const char *nearest;

	for (int i = 0; i < list_length(names); i++)
		array[i] = list_nth(names, i);
	nearest = options_nearest(model, array, list_length(names));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" does not exist", model),
			 nearest != NULL ? errhint("Perhaps you meant \"%s\".", nearest) :
			 names != NIL ? errhint("The models are %s.", quoted_list(names)) :
			 errhint("Train one with sage_train.")));
}

/* A model that exists and that the current user has the right on. */
ModelEntry *
model_catalog_open(const char *model, ModelRight right)
{
	ModelEntry *entry = model_catalog_find(model);

	if (entry == NULL)
		model_unknown(model);
	model_catalog_check(entry, right);
	return entry;
}

/*
 * The model where none is named: the only one that belongs to the current
 * user or a role that the user is a member of (being a superuser makes nobody
 * a member).  Somebody else's is never taken without being named: to score runs
 * what its graph's views are made of, with the rights of who scores.
 */
static ModelEntry *
default_model(PreparedQuery *query)
{
	List	   *usable = usable_models(query);
	List	   *own = NIL;
	ListCell   *lc;

	foreach(lc, usable)
	{
		Oid			owner = ((ModelEntry *) lfirst(lc))->owner;

		if (role_exists(owner) && is_member_of_role_nosuper(GetUserId(), owner) && has_privs_of_role(GetUserId(), owner))
			own = lappend(own, lfirst(lc));
	}
	if (list_length(own) == 1)
		return linitial(own);
	if (usable == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no model"),
				 errhint("Train one with sage_train.")));
	if (own == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("no model is named, and none is your own"),
				 errdetail("You may score with %s.", quoted_list(model_names(usable))),
				 errhint("Give model =>, or set sage.default_model.")));
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
			 errmsg("there are several models, and none is named"),
			 errdetail("The models are %s.", quoted_list(model_names(usable))),
			 errhint("Give model =>, or set sage.default_model.")));
}

/* The queries of model_catalog_scored(), in CurrentMemoryContext. */
ModelQueries *
model_queries_prepare(void)
{
	ModelQueries *queries = palloc(sizeof(ModelQueries));
	Oid			type = TEXTOID;

	queries->named = query_prepare_catalog(ENTRY_SQL, 1, &type);
	queries->all = query_prepare_catalog(ENTRIES_SQL, 0, NULL);
	return queries;
}

/*
 * The model that the current user scores with: the named one, or, where model
 * is NULL, that of sage.default_model, or the default.  One query, prepared
 * before unless queries is NULL.
 */
ModelEntry *
model_catalog_scored(const ModelQueries *queries, const char *model)
{
	ModelEntry *entry;

	if (model == NULL && guc_default_model != NULL && guc_default_model[0] != '\0')
		model = guc_default_model;
	if (model == NULL)
		return default_model(queries != NULL ? queries->all : NULL);
	entry = find_model(queries != NULL ? queries->named : NULL, model);
	if (entry == NULL)
		model_unknown(model);
	model_catalog_check(entry, MODEL_SCORE);
	return entry;
}

static void
version_row(void *arg, Datum *values, bool *nulls)
{
	ModelVersion **result = arg;
	ModelVersion *version = palloc0(sizeof(ModelVersion));

	version->id = DatumGetInt64(values[0]);
	version->version = DatumGetInt32(values[1]);
	version->spec = (Jsonb *) PG_DETOAST_DATUM_COPY(values[2]);
	version->request = (Jsonb *) PG_DETOAST_DATUM_COPY(values[3]);
	version->weights = (bytea *) PG_DETOAST_DATUM_COPY(values[4]);
	version->validation = nulls[5] ? NAN : DatumGetFloat8(values[5]);
	version->metric = datum_text(values[6], nulls[6]);
	version->trained_by = DatumGetObjectId(values[7]);
	*result = version;
}

#define VERSION_SQL "SELECT id, version, spec, request, weights, validation, metric, trainer FROM sage.model_version WHERE "

ModelVersion *
model_catalog_version_by_id(int64 id)
{
	ModelVersion *version = NULL;
	QueryArgs	args = {0};

	args_add_bigint(&args, id);
	query_catalog(VERSION_SQL "id = $1", args.count, args.types, args.values, args.nulls, version_row, &version);
	if (version == NULL)
		elog(ERROR, "model version " INT64_FORMAT " does not exist", id);
	return version;
}

/* A version of a model; 0: the deployed one. */
ModelVersion *
model_catalog_version(const char *model, int number)
{
	ModelVersion *version = NULL;
	QueryArgs	args = {0};

	args_add_text(&args, model);
	args_add_int(&args, number);
	query_catalog(VERSION_SQL "model = $1 AND version ="
				  " CASE WHEN $2 > 0 THEN $2 ELSE (SELECT m.deployed FROM sage.model m WHERE m.model = $1) END",
				  args.count, args.types, args.values, args.nulls, version_row, &version);
	if (version == NULL && number > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version %d", model, number),
				 errhint("See sage.model_versions.")));
	if (version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no deployed version", model),
				 errhint("Choose one with sage_deploy.")));
	return version;
}

/*
 * A query stored with a version is its trainer's text.  Nobody else runs it:
 * it would run with the rights of whoever asks, be it a superuser.
 */
bool
model_catalog_query_is_own(const ModelVersion *version)
{
	return version->trained_by == GetUserId();
}

/* ------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------
 */

static int64
catalog_write(const char *sql, const QueryArgs *args, QueryRow row, void *arg)
{
	return query_catalog_write(sql, args->count, args->types, args->values, args->nulls, row, arg);
}

static void
int_row(void *arg, Datum *values, bool *nulls)
{
	*(int *) arg = nulls[0] ? 0 : DatumGetInt32(values[0]);
}

/*
 * Makes sure that the model's row is there, owned by the current user if it
 * is new, and locks it to the end of the transaction.  The latest committed
 * row is looked at, and the current user's rights on it are checked.
 */
void
model_catalog_lock(const char *model, const char *graph)
{
	ModelEntry *entry = NULL;
	QueryArgs	args = {0};

	args_add_text(&args, model);
	args_add_text(&args, graph);
	args_add_text(&args, GetUserNameFromId(GetUserId(), false));
	catalog_write("INSERT INTO sage.model (model, graph, owned_by) VALUES ($1, $2, $3::sage.role)"
				  " ON CONFLICT (model) DO UPDATE SET model = excluded.model", &args, NULL, NULL);
	args.count = 1;
	catalog_write(ENTRY_SQL, &args, entry_row, &entry);
	if (entry == NULL)
		elog(ERROR, "model \"%s\" vanished", model);
	model_catalog_check(entry, MODEL_OWN);
	if (strcmp(entry->graph, graph) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("model \"%s\" already exists for graph \"%s\"", model, entry->graph),
				 errhint("Choose another name, or drop it with sage_drop_model.")));
}

/* Adds a version to a locked model; its number. */
int
model_catalog_add_version(const NewVersion *version)
{
	QueryArgs	args = {0};
	int			number = 0;

	args_add_text(&args, version->model);
	args_add_text(&args, version->task);
	args_add_text(&args, version->spec);
	args_add_bytes(&args, version->weights);
	args_add_text(&args, version->request);
	args_add_text(&args, version->metric);
	args_add_number(&args, version->validation);
	args_add_number(&args, version->test);
	args_add_number(&args, version->baseline);
	args_add_text(&args, version->metrics);
	args_add_text(&args, version->rows_read);
	args_add(&args, INT4OID, Int32GetDatum(version->epochs), version->run == 0);
	args_add(&args, INT4OID, Int32GetDatum(version->best_epoch), version->run == 0);
	args_add_number(&args, version->seconds);
	args_add(&args, INT8OID, Int64GetDatum(version->run), version->run == 0);
	args_add_text(&args, GetUserNameFromId(GetUserId(), false));
	catalog_write("INSERT INTO sage.model_version (model, version, task, spec, weights, request, metric, validation,"
				  " test, baseline, metrics, rows_read, epochs, best_epoch, seconds, run, trainer)"
				  " SELECT $1, coalesce(max(v.version), 0) + 1, $2, $3::jsonb, $4, $5::jsonb, $6, $7,"
				  " $8, $9, $10::jsonb, $11::jsonb, $12, $13, $14, $15, $16::sage.role"
				  " FROM sage.model_version v WHERE v.model = $1 RETURNING version", &args, int_row, &number);
	if (version->deploy)
		model_catalog_deploy(version->model, number);
	return number;
}

void
model_catalog_deploy(const char *model, int version)
{
	QueryArgs	args = {0};

	args_add_text(&args, model);
	args_add_int(&args, version);
	catalog_write("UPDATE sage.model SET deployed = $2 WHERE model = $1", &args, NULL, NULL);
}

void
model_catalog_drop(const char *model)
{
	QueryArgs	args = {0};

	/* a run that trains holds its row while it stores an epoch: wait for it before looking at epochs */
	args_add_text(&args, model);
	catalog_write("SELECT 1 FROM sage.run WHERE model = $1 FOR UPDATE", &args, NULL, NULL);
	catalog_write("DELETE FROM sage.model WHERE model = $1", &args, NULL, NULL);
	catalog_write("DELETE FROM sage.model_version WHERE model = $1", &args, NULL, NULL);
	catalog_write("DELETE FROM sage.epoch WHERE run IN (SELECT r.run FROM sage.run r WHERE r.model = $1)",
				  &args, NULL, NULL);
	catalog_write("DELETE FROM sage.run WHERE model = $1", &args, NULL, NULL);
}

/* An owner of runs. */
static void
run_owner_row(void *arg, Datum *values, bool *nulls)
{
	List	  **owners = arg;

	*owners = lappend_oid(*owners, DatumGetObjectId(values[0]));
}

/*
 * Forgets the runs of a name that is no model: those that failed, or were
 * canceled.  False if there are none, or one is somebody else's.
 */
bool
model_catalog_drop_runs(const char *model)
{
	QueryArgs	args = {0};
	List	   *owners = NIL;
	ListCell   *lc;

	args_add_text(&args, model);
	query_catalog("SELECT owned_by FROM sage.run WHERE model = $1", args.count, args.types, args.values, args.nulls,
				  run_owner_row, &owners);
	foreach(lc, owners)
	{
		if (!model_catalog_allowed(lfirst_oid(lc), NIL, MODEL_OWN))
			return false;
	}
	if (owners == NIL)
		return false;
	catalog_write("DELETE FROM sage.epoch WHERE run IN (SELECT r.run FROM sage.run r WHERE r.model = $1"
				  " AND r.state NOT IN ('queued', 'running'))", &args, NULL, NULL);
	catalog_write("DELETE FROM sage.run WHERE model = $1 AND state NOT IN ('queued', 'running')", &args, NULL, NULL);
	return true;
}

/* One version goes, with its weights; the run that made it stays, and says that its version is gone. */
void
model_catalog_drop_version(const char *model, int version)
{
	QueryArgs	args = {0};

	args_add_text(&args, model);
	args_add_int(&args, version);
	catalog_write("UPDATE sage.run SET version = NULL WHERE model = $1 AND version = $2", &args, NULL, NULL);
	catalog_write("DELETE FROM sage.model_version WHERE model = $1 AND version = $2", &args, NULL, NULL);
}

/* Adds a role to those that may score, or takes it out.  Roles that were dropped go. */
void
model_catalog_grant(const char *model, const char *role, bool grant)
{
	QueryArgs	args = {0};

	args_add_text(&args, model);
	args_add_text(&args, role);
	args_add(&args, BOOLOID, BoolGetDatum(grant), false);
	catalog_write("UPDATE sage.model SET granted_to = ARRAY(SELECT r.role FROM unnest(granted_to) WITH ORDINALITY AS r (role, i)"
				  " WHERE r.role::text NOT IN ($2, 'none') ORDER BY r.i)"
				  " || CASE WHEN $3 THEN ARRAY[$2::sage.role] END WHERE model = $1", &args, NULL, NULL);
}

/* Gives the models of a role, or of ROLE_NONE, to another; by their names. */
void
model_catalog_reassign(const char *from, const char *to)
{
	QueryArgs	args = {0};

	args_add_text(&args, from);
	args_add_text(&args, to);
	catalog_write("UPDATE sage.model SET owned_by = $2::sage.role WHERE owned_by::text = $1", &args, NULL, NULL);
}
