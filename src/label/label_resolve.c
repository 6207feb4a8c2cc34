/*
 * label_resolve.c
 *		From keys to nodes: labels of keys without a row are left out, and the
 *		others are put into an order of their own.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/random.h"
#include "label/label.h"

static void
label_copy(Labels *to, int64 to_row, const Labels *from, int64 from_row)
{
	to->keys[to_row] = from->keys[from_row];
	to->nodes[to_row] = from->nodes[from_row];
	to->split[to_row] = from->split[from_row];
	if (to->times != NULL)
		to->times[to_row] = from->times[from_row];
	if (to->task == TASK_REGRESSION)
		to->numbers[to_row] = from->numbers[from_row];
	else if (to->task == TASK_MULTILABEL)
		memmove(to->values + to_row * to->nclasses, from->values + from_row * to->nclasses,
				to->nclasses * sizeof(float));
	else
		to->classes[to_row] = from->classes[from_row];
}

/* The arrays of labels that were copied elsewhere. */
static void
labels_free_arrays(Labels *labels)
{
	pfree(labels->keys);
	pfree(labels->nodes);
	pfree(labels->split);
	if (labels->times != NULL)
		pfree(labels->times);
	if (labels->classes != NULL)
		pfree(labels->classes);
	if (labels->numbers != NULL)
		pfree(labels->numbers);
	if (labels->values != NULL)
		pfree(labels->values);
}

static int
place_compare(const void *a, const void *b, void *arg)
{
	const Labels *labels = arg;
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	if (labels->nodes[x] != labels->nodes[y])
		return labels->nodes[x] < labels->nodes[y] ? -1 : 1;
	if (labels->times != NULL && labels->times[x] != labels->times[y])
		return labels->times[x] < labels->times[y] ? -1 : 1;
	return 0;
}

/* Two labels for one node and time contradict each other, or count double. */
static void
check_duplicates(Labels *labels)
{
	int64	   *order = memory_alloc(labels->n, sizeof(int64));

	for (int64 i = 0; i < labels->n; i++)
		order[i] = i;
	qsort_arg(order, labels->n, sizeof(int64), place_compare, labels);
	for (int64 i = 1; i < labels->n; i++)
	{
		if (place_compare(&order[i - 1], &order[i], labels) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("labels query returns the same node%s twice", labels->times != NULL ? " and time" : ""),
					 errdetail("The node's key is %s.", key_text(labels->key_kind, labels->keys[order[i]])),
					 errhint("Return each node once%s; see DISTINCT or GROUP BY.",
							 labels->times != NULL ? " for each time" : "")));
	}
	pfree(order);
}

typedef struct PlacedLabel
{
	uint64		hash;
	int64		row;
} PlacedLabel;

static int
placed_label_compare(const void *a, const void *b)
{
	const PlacedLabel *x = a;
	const PlacedLabel *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/*
 * Puts the labels into an order made of their keys and times.  Sums of floats
 * over them then come out the same in whatever order the rows were read.
 */
static void
labels_order(Labels *labels)
{
	PlacedLabel *order = memory_alloc(labels->n, sizeof(PlacedLabel));
	Labels		sorted = *labels;

	for (int64 i = 0; i < labels->n; i++)
	{
		order[i].hash = key_hash(labels->key_kind, labels->keys[i]);
		if (labels->times != NULL)
			order[i].hash = random_hash(order[i].hash, labels->times[i]);
		order[i].row = i;
	}
	qsort(order, labels->n, sizeof(PlacedLabel), placed_label_compare);

	sorted.keys = memory_alloc(labels->n, sizeof(Datum));
	sorted.nodes = memory_alloc(labels->n, sizeof(int32));
	sorted.split = memory_alloc(labels->n, sizeof(uint8));
	if (labels->times != NULL)
		sorted.times = memory_alloc(labels->n, sizeof(TimestampTz));
	if (labels->classes != NULL)
		sorted.classes = memory_alloc(labels->n, sizeof(int32));
	if (labels->numbers != NULL)
		sorted.numbers = memory_alloc(labels->n, sizeof(double));
	if (labels->values != NULL)
		sorted.values = memory_alloc(labels->n * labels->nclasses, sizeof(float));
	for (int64 i = 0; i < labels->n; i++)
		label_copy(&sorted, i, labels, order[i].row);
	labels_free_arrays(labels);
	*labels = sorted;
	pfree(order);
}

/*
 * Finds the labels' nodes; labels of keys that have no (visible) row are
 * counted and left out.
 */
void
labels_resolve(Labels *labels, GraphStore *store, int node_type)
{
	int64		kept = 0;

	labels->nodes = memory_alloc(labels->n, sizeof(int32));
	store_find(store, node_type, labels->keys, labels->n, labels->nodes);
	for (int64 i = 0; i < labels->n; i++)
	{
		if (labels->nodes[i] < 0 || labels->split[i] == SPLIT_NONE)
		{
			labels->unknown += labels->nodes[i] < 0;
			continue;
		}
		if (kept != i)
			label_copy(labels, kept, labels, i);
		kept++;
	}
	labels->n = kept;
	check_duplicates(labels);
	labels_order(labels);
}
