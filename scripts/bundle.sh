#!/bin/sh
# Makes the styles and scripts of the pages: internal/web/page/{css,islands} and the packages of package.json become
# internal/web/page/static/*.css and *.js, which are committed, so that building needs no npm. Also checks the types.
set -eu
cd "$(dirname "$0")/.."
src=internal/web/page
dep=.cache/pages
lock=$src/package-lock.json
mkdir -p $dep
if ! cmp -s $lock $dep/package-lock.json || [ ! -d $dep/node_modules ]; then
	echo "bundle: fetching what the pages are made of ..." >&2
	cp $src/package.json $lock $dep/
	(cd $dep && npm ci --no-audit --no-fund --silent) || { rm -f $dep/package-lock.json; exit 1; }
fi
export NODE_PATH="$PWD/$dep/node_modules"
"$dep/node_modules/.bin/tsc" -p $src/tsconfig.json
# Every island that is a bundle of its own is named *.page.ts.
entries=$(ls $src/islands/*.page.ts 2>/dev/null || true)
# shellcheck disable=SC2086 # a list of files
go tool -modfile=tools/go.mod esbuild $src/islands/app.ts $entries --bundle --minify --format=esm --target=es2022 \
	--legal-comments=inline --log-level=warning --outdir=$src/static --entry-names='[name]'
go tool -modfile=tools/go.mod esbuild $src/css/app.css --bundle --minify --target=chrome109,firefox115,safari16 \
	--log-level=warning --outdir=$src/static
