#!/bin/sh
# Installs what the tests need and is not there yet: on Debian and Ubuntu by itself, elsewhere it says what to install.
# When everything is there it takes a moment and needs neither rights nor network.
#
#   scripts/test-setup.sh           what `make test` needs
#   scripts/test-setup.sh bench     also the programs that `make bench` compares with
set -eu
cd "$(dirname "$0")/.."

say() { echo "test-setup: $*" >&2; }

scripts/need-go.sh

# need PACKAGE PROGRAM... notes the package if none of the programs is there.
missing=""
need() {
	package=$1
	shift
	for program in "$@"; do
		if command -v "$program" >/dev/null 2>&1 || [ -x "/usr/sbin/$program" ] || [ -x "/sbin/$program" ]; then
			return
		fi
		for d in /usr/lib/postgresql/*/bin; do
			[ ! -x "$d/$program" ] || return 0
		done
	done
	missing="$missing $package"
}

need postgresql initdb
need iproute2 ip
# Ubuntu's package "chromium" is only a pointer to a snap, which can't run in containers; any of these will do.
need chromium chromium chromium-browser google-chrome google-chrome-stable
need npm npm
need poppler-utils pdftotext
need dcmtk storescu
need slapd slapd
# The letters of the golden screenshots.
[ -d /usr/share/fonts/truetype/bizud-gothic ] || missing="$missing fonts-morisawa-bizud-gothic"
need fontconfig fc-list
if [ "${1:-}" = bench ]; then
	need nfdump nfdump
	need tshark tshark
fi

# The accessibility rules that the page tests run in the browser. Only the tests use them.
axe() {
	[ -f .cache/npm/node_modules/axe-core/axe.min.js ] || {
		say "installing axe-core ..."
		npm install --no-audit --no-fund --silent --prefix .cache/npm axe-core@4.14.1 >&2
	}
}

# A reader of Parquet files that has nothing in common with ours. Only the tests use it.
reader() {
	[ -f .cache/parquet/node_modules/hyparquet-compressors/package.json ] || {
		say "installing hyparquet ..."
		npm install --no-audit --no-fund --silent --prefix .cache/parquet hyparquet@1.33.0 hyparquet-compressors@1.1.2 >&2
	}
}

if [ -z "$missing" ]; then
	axe
	reader
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	say "these are missing:$missing"
	say "They can be installed by this script on Debian and Ubuntu only. Install them and run this again."
	exit 1
fi
root=""
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		say "these are missing:$missing"
		say "As root run: apt-get install -y --no-install-recommends$missing"
		exit 1
	fi
	root=sudo
fi
say "installing$missing ..."
case $missing in
*postgresql*)
	# Debian would start a server of its own; the tests need only the programs.
	$root mkdir -p /etc/postgresql-common
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		echo "create_main_cluster = false" | $root tee /etc/postgresql-common/createcluster.conf >/dev/null
	fi
	;;
esac
case $missing in
*slapd*)
	# Likewise: only the program, no server.
	echo "slapd slapd/no_configuration boolean true" | $root debconf-set-selections
	;;
esac
$root apt-get update -q >&2
# shellcheck disable=SC2086 # a list of packages
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2
axe
reader
