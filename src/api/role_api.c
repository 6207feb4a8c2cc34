/*
 * role_api.c
 *		The type sage.role, and who may see what belongs to one.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "base/extension.h"
#include "base/role.h"
#include "graph/graph.h"
#include "job/job_queue.h"
#include "model/model_catalog.h"
#include "sage.h"

SAGE_FUNCTION(sage_role_in);
SAGE_FUNCTION(sage_role_out);
SAGE_FUNCTION(sage_role_allows);
SAGE_FUNCTION(sage_reassign_owned);
SAGE_FUNCTION(sage_model_visible);

/*
 * A dump may be restored where its roles are missing: as with tables, what was
 * theirs is restored all the same.
 */
Datum
sage_role_in(PG_FUNCTION_ARGS)
{
	const char *name = PG_GETARG_CSTRING(0);
	Oid			role = role_by_name(name);

	if (role == ROLE_NONE && strcmp(name, role_name(ROLE_NONE)) != 0)
		ereport(WARNING,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" does not exist", name),
				 errdetail("What belongs to it in the catalog of extension sage belongs to nobody."),
				 errhint("A superuser or the owner of the database can give it to a role with sage_reassign_owned.")));
	PG_RETURN_OID(role);
}

Datum
sage_role_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(pstrdup(role_name(PG_GETARG_OID(0))));
}

/* (owner, granted): for the views. */
Datum
sage_role_allows(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(model_catalog_allowed(PG_GETARG_OID(0), datum_roles(PG_GETARG_DATUM(1), false), MODEL_SCORE));
}

/*
 * As REASSIGN OWNED, the caller must have the rights of both roles.  Those of
 * nobody are the database owner's, who may read the catalog anyway.
 */
static void
check_may_reassign(Oid role, const char *name)
{
	if (role == ACL_ID_PUBLIC || (role == ROLE_NONE && strcmp(name, role_name(ROLE_NONE)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" does not exist", name)));
	if (!superuser() && !role_includes_user(role == ROLE_NONE ? ROLE_PG_DATABASE_OWNER : role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to reassign objects"),
				 role == ROLE_NONE ?
				 errdetail("What nobody owns is given away by a superuser or the owner of the database.") :
				 errdetail("It takes the privileges of role \"%s\".", name)));
}

/* sage_reassign_owned(old_role, new_role): graphs, models and ended runs. */
Datum
sage_reassign_owned(PG_FUNCTION_ARGS)
{
	char	   *from = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *to = text_to_cstring(PG_GETARG_TEXT_PP(1));

	PreventCommandIfReadOnly("sage_reassign_owned()");
	check_may_reassign(role_by_name(from), from);
	check_may_reassign(role_by_name(to), to);
	graph_reassign(from, to);
	model_catalog_reassign(from, to);
	job_reassign(from, to);
	PG_RETURN_VOID();
}

/* What the views of version 0.1.0 call, with roles as text. */
Datum
sage_model_visible(PG_FUNCTION_ARGS)
{
	extension_check_version();
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("function is of version 0.1.0 of extension \"sage\"")));
}
