/*
 * graph_constraint.c
 *		Keys and foreign keys of a table, as the system catalogs have them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "graph/graph_constraint.h"
#include "graph/graph_key.h"

/* ------------------------------------------------------------------------
 * Keys
 * ------------------------------------------------------------------------
 */

/* Can values of the columns be keys of a node type? */
static bool
columns_are_key(Oid relid, List *names)
{
	KeyColumns	columns;
	KeyKind		kind;
	const char *missing;

	return key_columns_find(relid, key_columns_join(names), &columns, &missing) && key_columns_kind(&columns, &kind);
}

/*
 * The columns of an index that tells all rows apart at all times; NIL: it does
 * not, or their types cannot be keys.
 */
static List *
index_key(Relation rel, Relation index)
{
	Form_pg_index form = index->rd_index;
	List	   *names = NIL;

	if (!form->indisunique || !form->indisvalid || !form->indimmediate || RelationGetIndexPredicate(index) != NIL)
		return NIL;
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];

		if (attnum <= 0 || !TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attnotnull)
			return NIL;			/* an expression, or a column in which NULLs are not told apart */
		names = lappend(names, get_attname(RelationGetRelid(rel), attnum, false));
	}
	return columns_are_key(RelationGetRelid(rel), names) ? names : NIL;
}

/*
 * The columns by which the table's rows are known: those of the primary key,
 * else of the unique index over the fewest columns that are NOT NULL; of types
 * that can be keys.
 */
List *
constraint_key(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	List	   *best = NIL;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		List	   *key = index_key(rel, index);
		bool		primary = index->rd_index->indisprimary;

		index_close(index, AccessShareLock);
		if (key != NIL && (primary || best == NIL || list_length(key) < list_length(best)))
			best = key;
		if (key != NIL && primary)
			break;
	}
	relation_close(rel, AccessShareLock);
	return best;
}

/* ------------------------------------------------------------------------
 * Foreign keys
 * ------------------------------------------------------------------------
 */

/*
 * True for the further rows that the catalog has for a foreign key to a
 * partitioned table: one for each of its partitions.  A foreign key that a
 * partition has from its parent is one of its own, though.
 */
static bool
constraint_is_detail(Form_pg_constraint form)
{
	HeapTuple	tuple;
	bool		result;

	if (!OidIsValid(form->conparentid))
		return false;
	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(form->conparentid));
	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid == form->conrelid;
	ReleaseSysCache(tuple);
	return result;
}

static ForeignKey *
foreign_key_read(HeapTuple tuple)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	ForeignKey *key = palloc0(sizeof(ForeignKey));
	int			ncolumns;
	AttrNumber	columns[INDEX_MAX_KEYS];
	AttrNumber	references[INDEX_MAX_KEYS];
	Oid			operators[INDEX_MAX_KEYS];

	DeconstructFkConstraintRow(tuple, &ncolumns, columns, references, operators, NULL, NULL, NULL, NULL);
	key->name = pstrdup(NameStr(form->conname));
	key->child = form->conrelid;
	key->parent = form->confrelid;
	key->first = columns[0];
	for (int i = 0; i < ncolumns; i++)
	{
		key->columns = lappend(key->columns, get_attname(key->child, columns[i], false));
		key->references = lappend(key->references, get_attname(key->parent, references[i], false));
		key->first = Min(key->first, columns[i]);
	}
	return key;
}

/* By the first column, then by the constraint's name. */
static int
foreign_key_compare(const ListCell *a, const ListCell *b)
{
	const ForeignKey *x = lfirst(a);
	const ForeignKey *y = lfirst(b);

	return x->first != y->first ? x->first - y->first : strcmp(x->name, y->name);
}

/*
 * The foreign keys in which the table is the child, whether or not they are
 * enforced or validated: a row that refers to nothing is linked to nothing.
 */
List *
constraint_foreign_keys(Oid relid)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	List	   *keys = NIL;
	ScanKeyData skey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&skey, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true, NULL, 1, &skey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		if (form->contype == CONSTRAINT_FOREIGN && !constraint_is_detail(form))
			keys = lappend(keys, foreign_key_read(tuple));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(keys, foreign_key_compare);
	return keys;
}
