/*
 * train_options.c
 *		The table of sage_train's options: one row an option, read from jsonb,
 *		written back with the model, and shown by the view sage.options.
 */
#include "postgres.h"

#include "label/metric.h"
#include "train/train_options.h"

static const char *const loss_names[] = {"auto", "bce", "ce", "mse", "mae", "huber", NULL};
static const char *const deploy_names[] = {"always", "if_better", "never", NULL};
static const char *const ids_names[] = {"auto", "none", NULL};
static const char *const refit_names[] = {"never", "always", NULL};

#define FIELD(name) offsetof(ModelOptions, name)

static const OptionDef definitions[] = {
	{.name = "layers", .type = OPTION_INT, .min = 1, .max = 4, .offset = FIELD(layers),
	.description = "number of convolutions, that is hops; by default as many as fanout has numbers, else 2"},
	{.name = "fanout", .type = OPTION_JSON, .offset = FIELD(fanout),
	.description = "neighbors a node collects from, by hop from the seed outwards: 10, [10, 10] or {\"relation\": [15, 10], \"default\": [5, 5]}; -1: all, 0: none; by default 20 where labels have times, else by the mean number of neighbors, at least 10, and more for scoring than for training"},
	{.name = "hidden", .type = OPTION_INT, .value = "64", .min = 1, .max = 4096, .offset = FIELD(hidden),
	.description = "width of the hidden states and of embeddings"},
	{.name = "layer_norm", .type = OPTION_BOOL, .value = "false", .offset = FIELD(layer_norm),
	.description = "layer normalization before the activation"},
	{.name = "normalize", .type = OPTION_BOOL, .value = "false", .offset = FIELD(normalize),
	.description = "scale hidden states to length 1"},
	{.name = "dropout", .type = OPTION_FLOAT, .min = 0, .max = 0.95, .offset = FIELD(dropout),
	.description = "share of hidden values dropped while training; by default less when there are many labels, and for numbers with times"},
	{.name = "input_dropout", .type = OPTION_FLOAT, .min = 0, .max = 0.95, .offset = FIELD(input_dropout),
	.description = "share of encoded input values dropped while training; by default as dropout"},
	{.name = "learning_rate", .type = OPTION_FLOAT, .min = 1e-8, .max = 1e6, .offset = FIELD(learning_rate),
	.description = "step size of Adam; by default 0.01, or 0.003 where labels have times and the loss is mae"},
	{.name = "weight_decay", .type = OPTION_FLOAT, .min = 0, .max = 100, .offset = FIELD(weight_decay),
	.description = "L2 penalty, added to the gradient of weights (not of biases); by default less when there are many labels"},
	{.name = "clip", .type = OPTION_FLOAT, .value = "5", .min = 0, .max = 1e9, .offset = FIELD(clip),
	.description = "largest norm of a gradient; 0: no limit"},
	{.name = "batch_size", .type = OPTION_INT, .value = "512", .min = 1, .max = 1000000, .offset = FIELD(batch_size),
	.description = "seeds in a step"},
	{.name = "epochs", .type = OPTION_INT, .min = 1, .max = 1000000, .offset = FIELD(epochs),
	.description = "largest number of passes over the training labels; by default as many as make 2000 steps"},
	{.name = "patience", .type = OPTION_INT, .value = "150", .min = 1, .max = 1000000000, .offset = FIELD(patience),
	.description = "steps without a better metric or loss on the validation labels before training stops"},
	{.name = "loss", .type = OPTION_ENUM, .value = "auto", .choices = loss_names, .offset = FIELD(loss),
	.description = "bce for binary and multilabel, ce for multiclass, mse, mae or huber for regression: by default mse, or mae where labels have times"},
	{.name = "huber_delta", .type = OPTION_FLOAT, .value = "1", .min = 1e-6, .max = 1e6, .offset = FIELD(huber_delta),
	.description = "where huber turns from square to linear, in standard deviations of the target"},
	{.name = "class_weights", .type = OPTION_JSON, .offset = FIELD(class_weights),
	.description = "\"balanced\", or an object of class and weight"},
	{.name = "exclude", .type = OPTION_LIST, .offset = FIELD(exclude),
	.description = "columns that are not features in this training, as \"column\" or \"node_type.column\""},
	{.name = "ids", .type = OPTION_ENUM, .value = "auto", .choices = ids_names, .offset = FIELD(ids),
	.description = "auto: where no column of the graph can be learned from, nodes without times are known by their keys, up to 65536 of a type; none: they are not"},
	{.name = "split", .type = OPTION_LIST, .offset = FIELD(split),
	.description = "shares of labels for training, validation and test, drawn by hash of the key"},
	{.name = "validation_from", .type = OPTION_TEXT, .offset = FIELD(validation_from),
	.description = "labels of this time and later are for validation"},
	{.name = "test_from", .type = OPTION_TEXT, .offset = FIELD(test_from),
	.description = "labels of this time and later are for the test"},
	{.name = "metric", .type = OPTION_ENUM, .choices = metric_names, .offset = FIELD(metric),
	.description = "what early stopping looks at and what is reported; by default auroc, accuracy, auroc or mae by task"},
	{.name = "seed", .type = OPTION_INT64, .value = "42", .min = 0, .max = 9007199254740991.0, .offset = FIELD(seed),
	.description = "the same data and seed give the same model"},
	{.name = "time_inclusive", .type = OPTION_BOOL, .value = "false", .offset = FIELD(time_inclusive),
	.description = "rows at the seed time itself are seen, too"},
	{.name = "time_window", .type = OPTION_TEXT, .offset = FIELD(time_window),
	.description = "an interval such as \"90 days\": only rows that are no older than that at the seed time are seen; a month counts as 30 days"},
	{.name = "sampling", .type = OPTION_ENUM, .value = "uniform", .choices = model_sampling_names, .offset = FIELD(sampling),
	.description = "uniform: every node has as many neighbors as fanout says; adaptive: what some nodes cannot give others of the same path do, or their neighbors at the next hop, up to the number planned for a seed"},
	{.name = "pick", .type = OPTION_ENUM, .choices = neighbor_order_names, .offset = FIELD(pick),
	.description = "which neighbors are taken where there are more than fanout says: uniform (others in each epoch), recent (the latest by time), weight (drawn by weight) or top (the heaviest); relations without times or weights uniform; by default recent where labels have times"},
	{.name = "refit", .type = OPTION_ENUM, .choices = refit_names, .offset = FIELD(refit),
	.description = "train again on all labels, validation and test included, for as long as was best: never or always; by default if the split was drawn and there are fewer than 10000 labels"},
	{.name = "continue_from", .type = OPTION_JSON, .offset = FIELD(continue_from),
	.description = "start from the weights of the deployed version (true) or of the one with that number; its encoders and classes are kept"},
	{.name = "deploy", .type = OPTION_ENUM, .value = "always", .choices = deploy_names, .offset = FIELD(deploy),
	.description = "whether the new version is the one that scores: always, if_better (on validation) or never"},
	{.name = "quiet", .type = OPTION_BOOL, .value = "false", .offset = FIELD(quiet),
	.description = "no progress messages"},
};

void
train_options_read(Jsonb *given, ModelOptions *options)
{
	options_read(definitions, lengthof(definitions), given, options);
}

char *
train_options_write(const ModelOptions *options)
{
	return options_write(definitions, lengthof(definitions), options);
}

void
train_options_rows(OptionRow row, void *arg)
{
	options_rows(definitions, lengthof(definitions), row, arg);
}
