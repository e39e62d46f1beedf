#!/bin/sh
# Sets up what the tests need (Debian and Ubuntu: by itself), starts PostgreSQL on a private socket, runs everything.
set -eu
cd "$(dirname "$0")/.."
scripts/need-go.sh
scripts/test-setup.sh
eval "$(scripts/test-postgres.sh start)"
trap 'scripts/test-postgres.sh stop' EXIT
trap 'exit 130' INT TERM
go test -timeout 15m "$@" ./...
