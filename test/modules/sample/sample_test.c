/*
 * sample_test.c
 *		Opening a store for a graph that was defined in SQL.
 *
 * Nodes are printed by the name that their reader was handed, not by the
 * store's own key: so whatever is compared shows as well that row number i of
 * what a reader fills belongs to node i.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/query.h"
#include "sample_test.h"

PG_MODULE_MAGIC;

/* ------------------------------------------------------------------------
 * Arguments
 * ------------------------------------------------------------------------
 */

TestTexts
test_texts(FunctionCallInfo fcinfo, int arg)
{
	TestTexts	texts = {-1, NULL};
	Datum	   *values;

	if (PG_ARGISNULL(arg))
		return texts;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &values, NULL, &texts.n);
	texts.values = palloc(Max(texts.n, 1) * sizeof(char *));
	for (int i = 0; i < texts.n; i++)
		texts.values[i] = TextDatumGetCString(values[i]);
	return texts;
}

TestTimes
test_times(FunctionCallInfo fcinfo, int arg)
{
	TestTimes	times = {-1, NULL};
	Datum	   *values;

	if (PG_ARGISNULL(arg))
		return times;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &values, NULL, &times.n);
	times.values = palloc(Max(times.n, 1) * sizeof(TimestampTz));
	for (int i = 0; i < times.n; i++)
		times.values[i] = DatumGetTimestampTz(values[i]);
	return times;
}

char *
test_text(FunctionCallInfo fcinfo, int arg)
{
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

NeighborOrder
test_order(FunctionCallInfo fcinfo, int arg)
{
	char	   *name = test_text(fcinfo, arg);
	int			order = 0;

	while (neighbor_order_names[order] != NULL && strcmp(neighbor_order_names[order], name) != 0)
		order++;
	if (neighbor_order_names[order] == NULL)
		elog(ERROR, "there is no order \"%s\"", name);
	return order;
}

int
test_relation(const Graph *graph, const char *name)
{
	int			relation = graph_find_relation(graph, name);

	if (relation < 0)
		elog(ERROR, "there is no relation \"%s\"", name);
	return relation;
}

int
test_node_type(const Graph *graph, const char *name)
{
	int			type = graph_find_node_type(graph, name);

	if (type < 0)
		elog(ERROR, "there is no node type \"%s\"", name);
	return type;
}

Datum
test_key(const Graph *graph, int type, const char *name)
{
	switch (graph->node_types[type].key_kind)
	{
		case KEY_INT:
			return DirectFunctionCall1(int8in, CStringGetDatum(name));
		case KEY_TEXT:
			return CStringGetTextDatum(name);
		case KEY_UUID:
			return DirectFunctionCall1(uuid_in, CStringGetDatum(name));
	}
	pg_unreachable();
}

Fanout *
test_fanout(const Graph *graph, Jsonb *fanout, int nhops)
{
	JsonbValue	value;

	if (!JsonbExtractScalar(&fanout->root, &value))
	{
		value.type = jbvBinary;
		value.val.binary.data = &fanout->root;
		value.val.binary.len = VARSIZE(fanout) - VARHDRSZ;
	}
	return fanout_read(graph, &value, nhops);
}

static void
name_row(void *arg, Datum *values, bool *nulls)
{
	TestTexts  *texts = arg;

	if ((texts->n & (texts->n - 1)) == 0)
		texts->values = repalloc(texts->values, Max(2 * texts->n, 1) * sizeof(char *));
	texts->values[texts->n++] = TextDatumGetCString(values[0]);
}

/* The names of all nodes of a type, short ones first, whatever the locale. */
TestTexts
test_all_names(const Graph *graph, int type)
{
	const NodeType *node = &graph->node_types[type];
	const char *key = quote_identifier(node->key_column);
	TestTexts	texts = {0, palloc(sizeof(char *))};

	query_once(psprintf("SELECT %s::text FROM %s WHERE %s IS NOT NULL "
						"ORDER BY length(%s::text), %s::text COLLATE \"C\"", key, node->table, key, key, key),
			   0, NULL, NULL, NULL, name_row, &texts);
	return texts;
}

/* ------------------------------------------------------------------------
 * Stores
 * ------------------------------------------------------------------------
 */

/* A reader: notes the name of the node, which is the only column it has asked for. */
static void
test_row(void *arg, int32 node, Datum *values, bool *nulls)
{
	TestNames  *names = arg;
	MemoryContext old = MemoryContextSwitchTo(names->cxt);

	if (node < names->count)
		elog(ERROR, "node %d was read after node %d", node, names->count - 1);
	while (names->capacity <= node)
	{
		names->capacity = Max(2 * names->capacity, 64);
		names->names = names->names == NULL ? palloc(names->capacity * sizeof(char *)) :
			repalloc(names->names, names->capacity * sizeof(char *));
	}
	while (names->count < node)
		names->names[names->count++] = NULL;
	names->names[names->count++] = TextDatumGetCString(values[0]);
	MemoryContextSwitchTo(old);
}

/* In CurrentMemoryContext; all relations are loaded. */
TestStore *
test_open(const Graph *graph, bool live, uint64 seed, NeighborOrder order)
{
	TestStore  *test = palloc(sizeof(TestStore));
	const char **columns = palloc(Max(graph_table_count(graph), 1) * sizeof(char *));
	NodeReader *readers = palloc0(Max(graph_table_count(graph), 1) * sizeof(NodeReader));

	test->graph = graph;
	test->names = palloc0(Max(graph->nnode_types, 1) * sizeof(TestNames));
	for (int i = 0; i < graph->nnode_types; i++)
	{
		columns[i] = psprintf(", %s::pg_catalog.text", quote_identifier(graph->node_types[i].key_column));
		test->names[i].cxt = CurrentMemoryContext;
		readers[i].row = test_row;
		readers[i].arg = &test->names[i];
	}
	for (int e = 0; e < graph->nedge_types; e++)
		columns[graph_edge_table(graph, e)] = "";
	test->plans = store_plans_create(graph, columns, CurrentMemoryContext);
	test->store = live ? store_open_live(graph, test->plans, readers, seed, order, CurrentMemoryContext) :
		store_open_resident(graph, test->plans, readers, seed, order, NULL, false, CurrentMemoryContext);
	return test;
}

/* The name of a node, after a look at the store's own idea of it. */
const char *
test_name(const TestStore *test, int type, int32 node)
{
	const TestNames *names = &test->names[type];
	char	   *key;

	if (node < 0 || node >= store_node_count(test->store, type))
		elog(ERROR, "there is no node %d of type %d", node, type);
	key = key_text(test->graph->node_types[type].key_kind, store_node_key(test->store, type, node));
	if (node < names->count && names->names[node] != NULL && strcmp(names->names[node], key) != 0)
		elog(ERROR, "node %d is \"%s\", but its row is that of \"%s\"", node, key, names->names[node]);
	if (store_node_hash(test->store, type, node) !=
		key_hash(test->graph->node_types[type].key_kind, test_key(test->graph, type, key)))
		elog(ERROR, "node \"%s\" has a wrong hash", key);
	return key;
}

void
test_close(TestStore *test)
{
	store_close(test->store);
	store_plans_free(test->plans);
}

/* The numbers of some nodes, -1 for those that are not there. */
int32 *
test_find(TestStore *test, int type, const TestTexts *names)
{
	Datum	   *keys = palloc(Max(names->n, 1) * sizeof(Datum));
	int32	   *nodes = palloc(Max(names->n, 1) * sizeof(int32));

	for (int i = 0; i < names->n; i++)
		keys[i] = test_key(test->graph, type, names->values[i]);
	store_find(test->store, type, keys, names->n, nodes);
	return nodes;
}
