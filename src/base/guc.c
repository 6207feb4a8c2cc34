/*
 * guc.c
 *		The extension's settings.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "base/guc.h"

int			guc_access = ACCESS_AUTO;
char	   *guc_default_model = NULL;
int			guc_max_memory = 2 * 1024 * 1024;
int			guc_max_model_size = 256 * 1024;
int			guc_threads = 1;
int			guc_max_workers = 2;
int			guc_max_attempts = 5;
int			guc_worker_nice = 0;

static const struct config_enum_entry access_modes[] = {
	{"auto", ACCESS_AUTO, false},
	{"live", ACCESS_LIVE, false},
	{"resident", ACCESS_RESIDENT, false},
	{NULL, 0, false}
};

void
guc_define(void)
{
	DefineCustomEnumVariable("sage.access",
							 "How scoring reads the graph.",
							 "\"live\" asks the tables for each node's neighborhood, \"resident\" reads them once "
							 "for the statement, \"auto\" begins live and goes over when that is cheaper.",
							 &guc_access, ACCESS_AUTO, access_modes,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("sage.default_model",
							   "Model that is used where none is named.",
							   "If it is empty: the only model of the user's own or of a role that the user is in.",
							   &guc_default_model, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("sage.max_memory",
							"Memory that one training, or the scoring in one statement, may use.",
							NULL,
							&guc_max_memory, 2 * 1024 * 1024, 1024, INT_MAX,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("sage.max_model_size",
							"Largest model that may be trained or imported.",
							NULL,
							&guc_max_model_size, 256 * 1024, 64, 1000 * 1024,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("sage.threads",
							"Threads that one training, or the scoring in one statement, computes with.",
							"Results do not depend on it.",
							&guc_threads, 1, 1, GUC_MAX_THREADS,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("sage.max_workers",
							"Runs that may train in the background at once, in one database.",
							"Further ones wait for their turn; 0 lets none begin.",
							&guc_max_workers, 2, 0, 64,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("sage.max_attempts",
							"How many times a run is begun before it is given up.",
							"A run that was interrupted by a crash or a restart is resumed.",
							&guc_max_attempts, 5, 1, 1000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("sage.worker_nice",
							"Niceness of background workers: how much they give way to other processes.",
							NULL,
							&guc_worker_nice, 0, 0, 19,
							PGC_SUSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("sage");
}
