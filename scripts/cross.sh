#!/bin/sh
# Builds for every system the product promises, into dist/.
set -eu
cd "$(dirname "$0")/.."
for target in linux/amd64 linux/arm64 windows/amd64 darwin/arm64; do
	os=${target%/*} arch=${target#*/} ext=
	[ "$os" = windows ] && ext=.exe
	echo "== $target"
	GOOS=$os GOARCH=$arch CGO_ENABLED=0 go build -trimpath -ldflags "$1" -o "dist/mimawari-$os-$arch$ext" ./cmd/mimawari
done
ls -l dist
