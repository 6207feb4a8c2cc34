/*
 * schema_api.c
 *		The SQL function that makes a graph of a schema's foreign keys.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/arguments.h"
#include "graph/graph_schema.h"
#include "sage.h"

SAGE_FUNCTION(sage_add_foreign_keys);

/* regclass[] -> list of Oid; NULL: NIL.  An empty array is a mistake. */
static List *
arg_tables(FunctionCallInfo fcinfo, int index, const char *name)
{
	List	   *tables = NIL;
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(index))
		return NIL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(index), REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT,
					  &elements, &nulls, &count);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must not be empty", name)));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" must not contain nulls", name)));
		tables = lappend_oid(tables, DatumGetObjectId(elements[i]));
	}
	return tables;
}

/* One row: edge_type, child, parent, column_names. */
static void
edge_added(void *arg, const char *edge_type, Oid child, Oid parent, List *columns)
{
	ReturnSetInfo *rsinfo = arg;
	Datum	   *names = palloc(list_length(columns) * sizeof(Datum));
	Datum		values[4];
	bool		nulls[4] = {0};

	for (int i = 0; i < list_length(columns); i++)
		names[i] = CStringGetTextDatum(list_nth(columns, i));
	values[0] = CStringGetTextDatum(edge_type);
	values[1] = ObjectIdGetDatum(child);
	values[2] = ObjectIdGetDatum(parent);
	values[3] = PointerGetDatum(construct_array(names, list_length(columns), TEXTOID, -1, false, TYPALIGN_INT));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* sage_add_foreign_keys(graph, tables, time_columns, link_tables) */
Datum
sage_add_foreign_keys(PG_FUNCTION_ARGS)
{
	SchemaRequest request = {0};

	require_arg(fcinfo, 0, "graph");
	require_arg(fcinfo, 3, "link_tables");
	InitMaterializedSRF(fcinfo, 0);
	request.graph = arg_text(fcinfo, 0);
	request.tables = arg_tables(fcinfo, 1, "tables");
	request.time_columns = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	request.link_tables = PG_GETARG_BOOL(3);
	graph_schema_add(&request, edge_added, fcinfo->resultinfo);
	return (Datum) 0;
}
