/*
 * role.c
 *		Roles as the extension's catalog keeps them.
 *
 * Columns of type sage.role hold a role's oid, so that a role that is renamed
 * keeps what it has, and one that is created under the name of another gets
 * nothing.  Their text is the role's name, so that a dump means the same roles
 * in another server.  "public" is everybody and "none" is nobody: no role can
 * have either name.  The oid of a dropped role is given to another after four
 * billion others were used, as everywhere in the server.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/role.h"

#define NAME_PUBLIC	"public"
#define NAME_NONE	"none"

/* The role of that name; ROLE_NONE: there is none. */
Oid
role_by_name(const char *name)
{
	Oid			role;

	if (strcmp(name, NAME_PUBLIC) == 0)
		return ACL_ID_PUBLIC;
	if (strcmp(name, NAME_NONE) == 0)
		return ROLE_NONE;
	role = get_role_oid(name, true);
	return OidIsValid(role) ? role : ROLE_NONE;
}

/* "none" for a role that was dropped. */
const char *
role_name(Oid role)
{
	const char *name;

	if (role == ACL_ID_PUBLIC)
		return NAME_PUBLIC;
	name = GetUserNameFromId(role, true);
	return name != NULL ? name : NAME_NONE;
}

bool
role_exists(Oid role)
{
	return GetUserNameFromId(role, true) != NULL;
}

/* Whether the current user has the rights of a role, or of ACL_ID_PUBLIC. */
bool
role_includes_user(Oid role)
{
	return role == ACL_ID_PUBLIC || (role_exists(role) && has_privs_of_role(GetUserId(), role));
}

/* The roles of an array of sage.role as a list of oids; NIL for null. */
List *
datum_roles(Datum value, bool isnull)
{
	List	   *roles = NIL;
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (isnull)
		return NIL;
	array = DatumGetArrayTypeP(value);
	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(Oid), true, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (!nulls[i])
			roles = lappend_oid(roles, DatumGetObjectId(values[i]));
	}
	return roles;
}
