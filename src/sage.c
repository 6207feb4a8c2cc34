/*
 * sage.c
 *		Loading the library.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "base/guc.h"
#include "job/job_launcher.h"
#include "predict/score_calls.h"
#include "sage.h"

#ifdef PG_MODULE_MAGIC_EXT
extern SAGE_EXPORT const Pg_magic_struct *Pg_magic_func(void);

PG_MODULE_MAGIC_EXT(.name = "sage", .version = SAGE_VERSION);
#else
extern SAGE_EXPORT const Pg_magic_struct *Pg_magic_func(void);

PG_MODULE_MAGIC;
#endif

extern SAGE_EXPORT void _PG_init(void);

void
_PG_init(void)
{
	guc_define();
	score_calls_watch();
	if (process_shared_preload_libraries_in_progress)
		launcher_register();
}
