#!/bin/sh
# Makes sure that a Go toolchain of the version in go.mod is there; on Debian and Ubuntu says how to get one.
set -eu
cd "$(dirname "$0")/.."
want=$(sed -n 's/^go //p' go.mod | cut -d. -f1,2)
if ! command -v go >/dev/null 2>&1; then
	echo "Go $want or newer is needed: https://go.dev/dl/ (on Debian or Ubuntu also: apt-get install golang; an older Go fetches the right one itself)." >&2
	exit 1
fi
have=$(go env GOVERSION | sed 's/^go//' | cut -d. -f1,2)
case "$have" in *[!0-9.]* | '') exit 0 ;; esac
if [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n1)" != "$want" ]; then
	echo "Go $want or newer is needed, this is Go $have: https://go.dev/dl/" >&2
	exit 1
fi
