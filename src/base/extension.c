/*
 * extension.c
 *		The version of the extension in this database.
 *
 * A new library meets the old catalog until ALTER EXTENSION UPDATE has run,
 * in each database; and a session that loaded the old library keeps it when
 * the catalog is updated.  Neither may read rows of a form that it does not
 * know.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "base/extension.h"

static bool version_checked = false;	/* since anything was altered */
static bool watching = false;

static void
forget_version(Datum arg, Oid relid)
{
	version_checked = false;
}

/* extversion as last committed, in CurrentMemoryContext; NULL: there is no extension sage. */
static char *
installed_version(void)
{
	Relation	extensions = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version = NULL;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("sage"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		null;
		Datum		datum = heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(extensions), &null);

		if (!null)
			version = TextDatumGetCString(datum);
	}
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	return version;
}

/* Whether version a comes after b; both are like "0.2.0". */
static bool
version_is_later(const char *a, const char *b)
{
	for (;;)
	{
		char	   *rest_a,
				   *rest_b;
		long		x = strtol(a, &rest_a, 10),
					y = strtol(b, &rest_b, 10);

		if (x != y)
			return x > y;
		if (*rest_a != '.' || *rest_b != '.')
			return *rest_a == '.';
		a = rest_a + 1;
		b = rest_b + 1;
	}
}

/*
 * Errors out unless the catalog is of the library's own version.  It is looked
 * up once, and again after anything in the database was altered: an update of
 * the extension alters its tables.
 */
void
extension_check_version(void)
{
	char	   *version;

	if (version_checked)
		return;
	if (!watching)
		CacheRegisterRelcacheCallback(forget_version, (Datum) 0);
	watching = true;

	/* first, so that an invalidation that arrives meanwhile takes it back */
	version_checked = true;
	version = installed_version();
	if (version == NULL || strcmp(version, SAGE_VERSION) == 0)
		return;
	version_checked = false;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("extension \"sage\" is of version %s, its library of %s", version, SAGE_VERSION),
			 version_is_later(version, SAGE_VERSION) ?
			 errhint("Reconnect to load the library of version %s; install it if this message remains.", version) :
			 errhint("Run ALTER EXTENSION sage UPDATE in this database.")));
}
