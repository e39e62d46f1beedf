#!/bin/sh
# Starts and stops a PostgreSQL server for the tests: a fresh one in a temporary directory, on a Unix socket that only
# this user can reach, with no TCP port. It never touches a server that is already on the machine.
#
#   eval "$(scripts/test-postgres.sh start)"    start it and set MIMAWARI_TEST_POSTGRES
#   scripts/test-postgres.sh stop               stop it and remove its files
set -eu

# The directory is found again by "stop" through the environment, or through this note.
note=${TMPDIR:-/tmp}/mimawari-test-postgres.$(id -u)

say() { echo "test-postgres: $*" >&2; }

# programs prints the directory of the newest PostgreSQL server programs, as Debian and others lay them out.
programs() {
	for d in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5nr) /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
		if [ -x "$d/initdb" ] && [ -x "$d/pg_ctl" ]; then
			echo "$d"
			return
		fi
	done
	if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
		dirname "$(command -v initdb)"
	fi
}

install_postgres() {
	if ! command -v apt-get >/dev/null; then
		say "PostgreSQL is not installed, and this script can install it on Debian and Ubuntu only."
		say "Install the PostgreSQL server (15 or newer) so that initdb and pg_ctl are in PATH, then run this again."
		exit 1
	fi
	root=""
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			say "PostgreSQL is not installed. As root run: apt-get install -y postgresql"
			exit 1
		fi
		root=sudo
	fi
	say "installing PostgreSQL ..."
	# Debian would start a server of its own; the tests need only the programs.
	$root mkdir -p /etc/postgresql-common
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		echo "create_main_cluster = false" | $root tee /etc/postgresql-common/createcluster.conf >/dev/null
	fi
	$root apt-get update -q >&2
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql >&2
}

# as_user runs a command as the user that owns the server: PostgreSQL refuses to run as root.
as_user() {
	if [ "$(id -u)" != 0 ]; then
		"$@"
	elif command -v setpriv >/dev/null; then
		setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME="$dir" "$@"
	else
		runuser -u "$user" -- env HOME="$dir" "$@"
	fi
}

# owner chooses that user when we are root.
owner() {
	if [ "$(id -u)" != 0 ]; then
		id -un
	elif id postgres >/dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

# address prints what the caller evaluates; %s is the name of the database.
address() {
	echo "export MIMAWARI_TEST_POSTGRES='postgres:///%s?host=$1&user=test'"
}

running() {
	[ -f "$note" ] && dir=$(cat "$note") && [ -S "$dir/.s.PGSQL.5432" ] && [ -f "$dir/data/postmaster.pid" ] &&
		kill -0 "$(head -n 1 "$dir/data/postmaster.pid")" 2>/dev/null
}

start() {
	if running; then
		address "$dir"
		return
	fi
	bin=$(programs)
	if [ -z "$bin" ]; then
		install_postgres
		bin=$(programs)
	fi
	user=$(owner)
	# Unix sockets have short names (about 100 bytes), so not under a long TMPDIR.
	dir=$(mktemp -d /tmp/mimawari-pg.XXXXXX)
	[ "$(id -u)" != 0 ] || chown "$user" "$dir"
	cd "$dir"
	if ! as_user "$bin/initdb" -D "$dir/data" -U test -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1; then
		cat "$dir/initdb.log" >&2
		exit 1
	fi
	# Durability is switched off: what is tested is the SQL. The kill tests use SQLite.
	if ! as_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 60 \
		-o "-c listen_addresses='' -c unix_socket_directories='$dir' -c unix_socket_permissions=0700 -c fsync=off -c max_connections=200" \
		start >"$dir/start.log" 2>&1; then
		cat "$dir/start.log" "$dir/server.log" >&2
		exit 1
	fi
	echo "$dir" >"$note"
	address "$dir"
}

stop() {
	if [ ! -f "$note" ]; then
		return
	fi
	dir=$(cat "$note")
	rm -f "$note"
	case $dir in
	/tmp/mimawari-pg.*) ;;
	*)
		say "$note names the unexpected directory $dir; nothing was removed"
		exit 1
		;;
	esac
	if [ -f "$dir/data/postmaster.pid" ]; then
		user=$(owner)
		bin=$(programs)
		(cd "$dir" && as_user "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null) || say "the server in $dir did not stop"
	fi
	rm -rf "$dir"
}

case ${1:-} in
start) start ;;
stop) stop ;;
*)
	echo "usage: eval \"\$(scripts/test-postgres.sh start)\" | scripts/test-postgres.sh stop" >&2
	exit 2
	;;
esac
