/*
 * graph_schema.c
 *		The tables of a schema as a graph.
 *
 * Each table becomes a node type and each foreign key an edge type, whose
 * edges are the child's rows: from the row itself to the parent that it
 * refers to.  What the graph has already is kept, so that the same call can
 * be made again when the schema has grown.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/query.h"
#include "base/query_args.h"
#include "graph/graph_check.h"
#include "graph/graph_column.h"
#include "graph/graph_define.h"
#include "graph/graph_schema_internal.h"

/* ------------------------------------------------------------------------
 * Which tables
 * ------------------------------------------------------------------------
 */

SchemaTable *
schema_find(const Schema *schema, Oid relid)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		if (schema->tables[i].relid == relid)
			return &schema->tables[i];
	}
	return NULL;
}

static void
found_table(void *arg, Datum *values, bool *nulls)
{
	List	  **tables = arg;

	*tables = lappend_oid(*tables, DatumGetObjectId(values[0]));
}

/* The schemas of the graph's tables; the current one, if it has none. */
static List *
schema_names(const Graph *graph)
{
	List	   *names = NIL;

	for (int i = 0; i < graph->nnode_types; i++)
	{
		char	   *name = get_namespace_name(get_rel_namespace(graph->node_types[i].relid));
		ListCell   *lc;
		bool		known = name == NULL;

		foreach(lc, names)
			known |= strcmp(lfirst(lc), name) == 0;
		if (!known)
			names = lappend(names, name);
	}
	if (names == NIL)
	{
		List	   *path = fetch_search_path(false);

		if (path == NIL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_SCHEMA),
					 errmsg("no schema has been selected to take tables from"),
					 errhint("Give tables => '{...}', or set search_path.")));
		names = list_make1(get_namespace_name(linitial_oid(path)));
	}
	return names;
}

/*
 * Ordinary and partitioned tables of the schemas, by name.  Partitions and
 * inheritance children are read through their parents; tables of extensions
 * are none of the user's.
 */
static List *
tables_of_schemas(List *names)
{
	QueryArgs	args = {0};
	List	   *tables = NIL;

	args_add_names(&args, names, names == NIL);
	query_once("SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
			   " ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
			   " WHERE n.nspname OPERATOR(pg_catalog.=) ANY ($1)"
			   " AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[])"
			   " AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i"
			   " WHERE i.inhrelid OPERATOR(pg_catalog.=) c.oid)"
			   " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
			   " WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid"
			   " AND d.objid OPERATOR(pg_catalog.=) c.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\")"
			   " ORDER BY n.nspname USING OPERATOR(pg_catalog.<), c.relname USING OPERATOR(pg_catalog.<)",
			   args.count, args.types, args.values, args.nulls, found_table, &tables);
	return tables;
}

/* One that was found, but has been dropped since, is passed over. */
static void
schema_add_table(Schema *schema, Oid relid)
{
	char	   *name = get_rel_name(relid);
	SchemaTable *table;

	if (name == NULL || schema_find(schema, relid) != NULL)
		return;
	table = &schema->tables[schema->ntables++];
	memset(table, 0, sizeof(SchemaTable));
	table->relid = relid;
	table->name = name;
}

/*
 * The tables at hand: those of the request, and those of the graph's node
 * types, to which foreign keys may lead.
 */
static void
schema_collect(Schema *schema)
{
	const Graph *graph = schema->graph;
	List	   *tables = schema->request->tables;
	ListCell   *lc;

	foreach(lc, tables)
		graph_check_table(lfirst_oid(lc));
	if (tables == NIL)
		tables = tables_of_schemas(schema_names(graph));
	schema->tables = palloc((list_length(tables) + graph->nnode_types + 1) * sizeof(SchemaTable));
	foreach(lc, tables)
		schema_add_table(schema, lfirst_oid(lc));
	for (int i = 0; i < graph->nnode_types; i++)
	{
		SchemaTable *table;

		schema_add_table(schema, graph->node_types[i].relid);
		table = schema_find(schema, graph->node_types[i].relid);
		if (table == NULL || table->existing)
			continue;			/* the first of several types over one table */
		table->existing = true;
		table->name = graph->node_types[i].name;
		table->key = graph->node_types[i].key_column;
		table->time_column = graph->node_types[i].time_column;
	}
}

/*
 * Node types are named after their tables, those of the same name in another
 * schema with that schema's name.
 */
static void
schema_name_tables(Schema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		SchemaTable *table = &schema->tables[i];
		bool		taken;

		if (table->existing)
			continue;
		taken = graph_find_node_type(schema->graph, table->name) >= 0;
		for (int k = 0; k < i; k++)
			taken |= strcmp(schema->tables[k].name, table->name) == 0;
		if (taken)
			table->name = psprintf("%s.%s", graph_table_schema(table->relid), table->name);
	}
}

/* ------------------------------------------------------------------------
 * What becomes of them
 * ------------------------------------------------------------------------
 */

static void
leave_out(SchemaTable *table)
{
	table->left_out = true;
	table->linked = false;
	table->foreign_keys = NIL;
}

static bool
may_read(Oid relid)
{
	return pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT, ACLMASK_ALL) == ACLCHECK_OK;
}

/*
 * Finds keys.  A table that was found and not named is left out if the user
 * may not read it; naming it is an error, raised where it is defined.
 */
static void
schema_read_keys(Schema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		SchemaTable *table = &schema->tables[i];

		if (table->existing)
			continue;
		if (schema->request->tables == NIL && !may_read(table->relid))
		{
			ereport(NOTICE,
					(errmsg("table \"%s\" is left out: permission denied", table->name)));
			leave_out(table);
			continue;
		}
		table->key = key_columns_join(constraint_key(table->relid));
	}
}

/* The same columns refer to the same columns: said twice. */
static bool
has_foreign_key(const SchemaTable *table, const ForeignKey *key)
{
	ListCell   *lc;

	foreach(lc, table->foreign_keys)
	{
		const ForeignKey *other = lfirst(lc);

		if (other->parent == key->parent && key_columns_equal(other->columns, key->columns) &&
			key_columns_equal(other->references, key->references))
			return true;
	}
	return false;
}

/*
 * The child's columns in the order of the parent's key; NULL: the foreign key
 * refers to other columns.
 */
char *
schema_columns_to_key(const ForeignKey *key, const char *parent_key)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, key_columns_split(key->parent, parent_key))
	{
		ListCell   *column;
		ListCell   *reference;

		forboth(column, key->columns, reference, key->references)
		{
			if (strcmp(lfirst(reference), lfirst(lc)) == 0)
				columns = lappend(columns, lfirst(column));
		}
	}
	if (list_length(columns) != list_length(key->columns) ||
		list_length(columns) != list_length(key_columns_split(key->parent, parent_key)))
		return NULL;
	return key_columns_join(columns);
}

/* Can values of the child's columns be compared with those of the parent's? */
static bool
types_agree(const ForeignKey *key)
{
	KeyColumns	columns;
	KeyColumns	references;
	const char *missing;

	return key_columns_find(key->child, key_columns_join(key->columns), &columns, &missing) &&
		key_columns_find(key->parent, key_columns_join(key->references), &references, &missing) &&
		key_columns_can_name(&columns, &references);
}

/* Can rows of the table be nodes? */
static bool
can_be_nodes(const SchemaTable *table)
{
	return table != NULL && !table->left_out && table->key != NULL;
}

/*
 * Keeps those foreign keys of a table whose other end can be a node, and
 * tells which lead elsewhere.
 */
static void
schema_read_foreign_keys(Schema *schema, SchemaTable *table)
{
	ListCell   *lc;

	if (table->left_out)
		return;
	foreach(lc, constraint_foreign_keys(table->relid))
	{
		ForeignKey *key = lfirst(lc);
		SchemaTable *parent = schema_find(schema, key->parent);

		if (has_foreign_key(table, key))
			continue;
		if (can_be_nodes(parent) && types_agree(key))
			table->foreign_keys = lappend(table->foreign_keys, key);
		else if (can_be_nodes(parent))
			ereport(NOTICE,
					(errmsg("foreign key \"%s\" of table \"%s\" is left out: its columns and those it refers to are of different types",
							key->name, table->name)));
		else if (!table->existing && (parent == NULL || !parent->left_out))
			ereport(NOTICE,
					(errmsg("foreign key \"%s\" of table \"%s\" is left out: table \"%s\" is not part of the graph",
							key->name, table->name, get_rel_name(key->parent))));
	}
}

/* Is the column part of a foreign key of the table? */
bool
schema_column_is_link(const SchemaTable *table, const char *column)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->foreign_keys)
	{
		foreach(lc2, ((ForeignKey *) lfirst(lc))->columns)
		{
			if (strcmp(lfirst(lc2), column) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Does the table do nothing but link two rows?  All its columns belong to its
 * two foreign keys, or are its time, and nothing refers to it.
 */
static bool
is_link_table(const Schema *schema, const SchemaTable *table)
{
	ListCell   *lc;

	if (table->existing || table->left_out || list_length(table->foreign_keys) != 2)
		return false;
	foreach(lc, table->foreign_keys)
	{
		const ForeignKey *key = lfirst(lc);

		if (schema_columns_to_key(key, schema_find(schema, key->parent)->key) == NULL)
			return false;
	}
	foreach(lc, graph_column_names(table->relid))
	{
		const char *name = lfirst(lc);

		if (!schema_column_is_link(table, name) &&
			(table->time_column == NULL || strcmp(table->time_column, name) != 0))
			return false;
	}
	for (int i = 0; i < schema->ntables; i++)
	{
		foreach(lc, schema->tables[i].foreign_keys)
		{
			if (((ForeignKey *) lfirst(lc))->parent == table->relid)
				return false;
		}
	}
	return true;
}

/* Marks both ends of each foreign key. */
static void
schema_mark_linked(Schema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		ListCell   *lc;

		foreach(lc, schema->tables[i].foreign_keys)
		{
			schema->tables[i].linked = true;
			schema_find(schema, ((ForeignKey *) lfirst(lc))->parent)->linked = true;
		}
	}
}

/* Leaves out tables whose rows cannot be told apart, unless they are only links. */
static void
schema_leave_out_keyless(Schema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		SchemaTable *table = &schema->tables[i];

		if (table->existing || table->left_out || table->is_link || table->key != NULL)
			continue;
		ereport(NOTICE,
				(errmsg("table \"%s\" is left out: it has no key by which its rows are known", table->name),
				 errhint("Give it a primary key, or a unique NOT NULL column, of integers, texts or uuids.")));
		leave_out(table);
	}
}

/*
 * Tables that no foreign key links to another one: they are left out, unless
 * the user named them.
 */
static void
schema_leave_out_unlinked(Schema *schema)
{
	bool		named = schema->request->tables != NIL;
	bool		any = named;

	for (int i = 0; i < schema->ntables; i++)
	{
		SchemaTable *table = &schema->tables[i];

		any |= table->linked;
		if (table->existing || table->left_out || table->linked)
			continue;
		if (named)
			ereport(NOTICE,
					(errmsg("no foreign key links table \"%s\" to another table of the graph", table->name)));
		else
		{
			ereport(NOTICE,
					(errmsg("table \"%s\" is left out: no foreign key links it to another table", table->name),
					 errhint("Add it with sage_add_nodes(), or name it in tables.")));
			leave_out(table);
		}
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no foreign key links two tables of schema \"%s\"", (char *) linitial(schema_names(schema->graph))),
				 errhint("Give tables => '{...}', or set search_path to the schema that is meant.")));
}

/* ------------------------------------------------------------------------
 * All of it
 * ------------------------------------------------------------------------
 */

/*
 * Adds what the foreign keys of the tables say to a graph that the user may
 * change.  What it has already is kept and not reported.
 */
void
graph_schema_add(const SchemaRequest *request, SchemaEdge edge, void *arg)
{
	Schema		schema = {.request = request, .graph = graph_load_for_change(request->graph)};

	schema_collect(&schema);
	schema_name_tables(&schema);
	schema_read_keys(&schema);
	for (int i = 0; i < schema.ntables; i++)
		schema_read_foreign_keys(&schema, &schema.tables[i]);
	schema_find_times(&schema);
	if (request->link_tables)
	{
		for (int i = 0; i < schema.ntables; i++)
			schema.tables[i].is_link = is_link_table(&schema, &schema.tables[i]);
	}
	schema_leave_out_keyless(&schema);
	schema_mark_linked(&schema);
	schema_leave_out_unlinked(&schema);
	schema_add_nodes(&schema);
	schema_add_edges(&schema, edge, arg);
}
