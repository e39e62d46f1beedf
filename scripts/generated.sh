#!/bin/sh
# Generated files must be what their generators make. Those whose input is not on this machine are named and passed over.
set -eu
cd "$(dirname "$0")/.."
before=$(git status --porcelain -- docs catalog internal/web/page/static | sort)
go generate ./...
scripts/bundle.sh
after=$(git status --porcelain -- docs catalog internal/web/page/static | sort)
if [ "$before" != "$after" ]; then
	echo "go generate changed files: commit them" >&2
	git diff --stat -- docs catalog internal/web/page/static >&2
	exit 1
fi
