#!/bin/sh
# Everything that can be said about the code without running it. Each line names the check; the first failure ends it.
set -eu
cd "$(dirname "$0")/.."
scripts/need-go.sh
say() { printf '== %s\n' "$*"; }
tool() { go tool -modfile=tools/go.mod "$@"; }

say gofumpt
unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs go tool -modfile=tools/go.mod gofumpt -l)
if [ -n "$unformatted" ]; then
	echo "Not formatted with gofumpt:" >&2
	echo "$unformatted" >&2
	exit 1
fi
say go vet
go vet ./...
say staticcheck
tool staticcheck ./...
say ineffassign
tool ineffassign ./...
say errcheck
tool errcheck -ignoretests -exclude scripts/errcheck.txt ./internal/... ./cmd/...
say go mod tidy
go mod tidy -diff
say generated files
scripts/generated.sh
say govulncheck
out=$(mktemp)
trap 'rm -f "$out"' EXIT
if tool govulncheck ./... >"$out" 2>&1; then
	tail -n 1 "$out"
elif grep -q -e 'fetching vulnerabilities' -e 'dial tcp' -e 'no such host' -e 'vuln.go.dev' "$out"; then
	echo "the vulnerability database can't be reached from here: not checked"
else
	cat "$out" >&2
	exit 1
fi
