/*
 * role.h
 *		Roles as the extension's catalog keeps them.
 */
#ifndef SAGE_ROLE_H
#define SAGE_ROLE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * Nobody.  The oids of roles that come with the server begin at 10, those of
 * others at 16384; ACL_ID_PUBLIC, which is 0, stands for everybody.
 */
#define ROLE_NONE	((Oid) 1)

extern Oid	role_by_name(const char *name);
extern const char *role_name(Oid role);
extern bool role_exists(Oid role);
extern bool role_includes_user(Oid role);
extern List *datum_roles(Datum value, bool isnull);

#endif							/* SAGE_ROLE_H */
