EXTENSION = sage
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" sage.control)

MODULE_big = sage
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
ALL_HEADERS = $(wildcard src/*.h src/*/*.h)

DATA = $(wildcard sql/sage--*--*.sql)
DOCS = $(wildcard doc/*.md)
DATA_built = sql/sage--$(EXTVERSION).sql
SQL_PARTS = $(sort $(wildcard sql/[0-9][0-9]_*.sql))

TESTS = $(sort $(wildcard test/sql/*.sql))
REGRESS = $(patsubst test/sql/%.sql,%,$(TESTS))
REGRESS_OPTS = --inputdir=test --load-extension=sage

ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=sage
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

PG_CPPFLAGS = -I$(srcdir)/src -DSAGE_VERSION='"$(EXTVERSION)"'
# sqrtf() is vectorized only if it need not set errno.
PG_CFLAGS = -std=gnu99 -fvisibility=hidden -fno-math-errno
# One version of the kernels instead of the choice at run time: default, avx2
# or avx512 (tensor/kernel.h).  Takes a clean tree.
ifdef SAGE_ISA
PG_CPPFLAGS += -DSAGE_ISA_$(SAGE_ISA)
endif
SHLIB_LINK = -lm -ldl -lpthread
EXTRA_CLEAN = sql/sage--$(EXTVERSION).sql

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# doc/ goes into a folder of its own: its names are plain words.
docmoduledir := $(EXTENSION)

# PGXS does not track headers: without this an edited struct would be linked
# against objects that still have the old one.
$(OBJS) $(OBJS:.o=.bc): $(ALL_HEADERS)

sql/sage--$(EXTVERSION).sql: $(SQL_PARTS) sage.control
	cat $(SQL_PARTS) > $@

.PHONY: check-floors check-typedefs
check-floors check-typedefs:
	test/$@

# For clangd and other tools: one entry for each file that is compiled.
compile_commands.json: $(OBJS:.o=.c)
	(printf '['; separator=; for file in $(OBJS:.o=.c); do \
		printf '%s\n{"directory": "%s", "file": "%s", "arguments": ["cc"' "$$separator" "$(CURDIR)" "$$file"; \
		for flag in $(CPPFLAGS) $(CFLAGS) -c "$$file"; do printf ', "%s"' "$$(printf %s "$$flag" | sed 's/["\\]/\\&/g')"; done; \
		printf ']}'; separator=,; done; printf '\n]\n') >$@
