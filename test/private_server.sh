# A PostgreSQL server of one's own, for scripts (bash) that source this file.
#
# Nothing that is already installed or running is touched.  sage is put into a
# private copy of the installation: PostgreSQL finds its libraries and its
# share directory relative to its own program, so it is enough to copy the
# programs to the same path below another root, and to link everything else.
# All of it, sources, build, installation and data, is below $work.  PostgreSQL
# does not run as root, so root gives all of it to another user.
#
#   packages_install [MAJOR]      installs what is missing (Debian and Ubuntu, as
#                                 root), for a server that comes otherwise: "none"
#   pg_config_find [MAJOR]        prints the pg_config of an installed version
#   work_open NAME                makes $work, removed at exit
#   work_give                     chooses that user, if one is needed
#   sources_copy DIR              copies the repository there
#   install_copy PG_CONFIG DIR    makes the private copy, prints its pg_config
#   server_start PG_CONFIG DIR    starts a server, sets PGHOST, PGPORT, PGUSER
#   server_stop PG_CONFIG DIR
#   sage_server DIR               does all of this for the installed version
#   "${as_user[@]}" COMMAND...    runs it as the user of $work

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=""
run_user=""
as_user=()

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# A pg_config that has the server and the means to build beside it.
pg_config_usable()
{
	local config=$1 major=$2

	[ -x "$config" ] || return 1
	[ -f "$("$config" --pgxs)" ] && [ -f "$("$config" --includedir-server)/postgres.h" ] &&
		[ -x "$("$config" --bindir)/initdb" ] || return 1
	set -- $("$config" --version | tr -c '0-9\n' ' ')
	if [ -n "$major" ]; then [ "$1" = "$major" ]; else [ "$1" -ge 15 ]; fi
}

# Of a major version, or of the newest that is installed and not too old.
pg_config_find()
{
	local config

	for config in "${PG_CONFIG:-}" "$(type -P pg_config)" \
		$(ls -d /usr/lib/postgresql/*/bin/pg_config /usr/pgsql-*/bin/pg_config 2>/dev/null | sort -rV); do
		if pg_config_usable "$config" "${1:-}"; then
			echo "$config"
			return 0
		fi
	done
	return 1
}

# Names of the packages that are missing here; "SERVER" stands for those of
# PostgreSQL MAJOR, of which none are needed if it is "none".
packages_missing()
{
	type -P make >/dev/null && type -P cc >/dev/null && echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 ||
		echo build-essential
	PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -q 'libopenblas\.so\.0' || echo libopenblas0-pthread
	type -P prove >/dev/null || echo perl
	perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
	if [ "${1:-}" = none ]; then
		python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
	else
		pg_config_find "${1:-}" >/dev/null || echo SERVER
	fi
}

# The same with the server's packages by name: MAJOR, or the distribution's own.
packages_named()
{
	local major=${2:-}

	[ -n "$major" ] || major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
	if grep -q SERVER <<<"$1" && [ "${major:-0}" -lt 15 ]; then
		die "this distribution has no PostgreSQL 15 or later; the repository of https://apt.postgresql.org has"
	fi
	sed "s/SERVER/postgresql-$major postgresql-server-dev-$major/" <<<"$1"
}

packages_install()
{
	local missing line

	missing=$(packages_missing "${1:-}")
	[ -n "$missing" ] || return 0
	type -P apt-get >/dev/null ||
		die "please install PostgreSQL 15 or later with its development files, make, a C compiler, OpenBLAS," \
			"perl with IPC::Run, and for versions that are not installed python3 with venv;" \
			"pg_config must be on the PATH"
	if [ "$(id -u)" = 0 ]; then
		echo "Reading the lists of packages"
		apt-get -q update >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "apt-get update failed"; }
	fi
	missing=$(packages_named "$missing" "${1:-}") || exit 1
	[ "$(id -u)" = 0 ] || die "please install what is missing: sudo apt-get install" $missing
	echo "Installing" $missing
	DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing 2>&1 | tee "$work/apt.log" |
		while read -r line; do
			case $line in
				Get:*|Unpacking*|"Setting up"*) printf . ;;
			esac
		done
	echo
	[ -z "$(packages_missing "${1:-}")" ] || { tail -n 20 "$work/apt.log" >&2; die "apt-get install failed"; }
}

# The directory for everything, and the user it is for.  Packages may bring
# that user with them, so install them first.
work_open()
{
	work=$(mktemp -d --suffix="-sage-$1") || exit 1
	chmod 755 "$work"
	cd "$work" || exit 1		# the other user may not see where we are
	trap 'work_close' EXIT
	trap 'exit 130' INT TERM HUP
}

work_close()
{
	local config

	[ -n "$work" ] || return 0
	for config in "$work"/*/server/config; do
		[ -f "$config" ] && server_stop "$(cat "$config")" "$(dirname "$(dirname "$config")")" >/dev/null 2>&1
	done
	cd / && rm -rf "$work"
}

# As root another user must do the work: that of Debian's package, or nobody.
work_give()
{
	[ "$(id -u)" = 0 ] || return 0
	type -P runuser >/dev/null || die "cannot change the user without runuser; run this as an ordinary user"
	run_user=postgres
	id "$run_user" >/dev/null 2>&1 || run_user=nobody
	as_user=(runuser -u "$run_user" --)
	chown -R "$run_user" "$work"
}

sources_copy()
{
	mkdir -p "$1"
	tar -C "$root" --exclude=./.git --exclude='*.o' --exclude='*.bc' --exclude='*.so' --exclude=results \
		--exclude='tmp_check*' -cf - . | tar -C "$1" -xf -
}

install_copy()
{
	local config=$1 dir=$2 path

	mkdir -p "$dir$("$config" --bindir)"
	cp -L "$("$config" --bindir)"/* "$dir$("$config" --bindir)"
	for path in $("$config" --pkglibdir) $("$config" --sharedir) $("$config" --includedir-server); do
		mkdir -p "$dir$path"
		cp -as "$path/." "$dir$path"
	done
	rm -rf "$dir$("$config" --pkglibdir)"/{sage.so,bitcode/sage*} "$dir$("$config" --sharedir)"/extension/sage{.control,--*}
	echo "$dir$("$config" --bindir)/pg_config"
}

server_start()
{
	local bin dir=$2/server

	bin=$("$1" --bindir)
	"${as_user[@]}" mkdir -p "$dir"
	"${as_user[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir.log" 2>&1 ||
		{ cat "$dir.log" >&2; die "initdb failed"; }
	echo "$1" >"$dir/config"
	export PGHOST=$dir PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	"${as_user[@]}" "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w \
		-o "-k '$dir' -c listen_addresses='' -c fsync=off -c unix_socket_permissions=0777" start >>"$dir.log" 2>&1 ||
		{ cat "$dir.log" "$dir/log" >&2; die "the server did not start"; }
}

server_stop()
{
	"${as_user[@]}" "$("$1" --bindir)/pg_ctl" -D "$2/server/data" -m immediate -w stop
	rm -f "$2/server/config"
}

sage_server()
{
	local config

	config=$(pg_config_find) || die "no PostgreSQL 15 or later with its development files was found"
	sources_copy "$1/src"
	config=$(install_copy "$config" "$1/install")
	work_give
	"${as_user[@]}" make -s -C "$1/src" -j "$(nproc)" "PG_CONFIG=$config" with_llvm=no all install >"$1/build.log" 2>&1 ||
		{ tail -n 30 "$1/build.log" >&2; die "the build failed"; }
	server_start "$config" "$1"
	PATH=$("$config" --bindir):$PATH
}
