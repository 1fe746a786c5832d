#!/bin/sh
# web/src -> src/enbloc/report/static/page.js, with pinned esbuild and three.js. Same sources, same bytes.
#
# With --check nothing is written: a fresh build is compared with the one that is kept.
# Packages come from wherever npm is configured to get them; the lock holds their hashes and no address.
# Exit codes: 0 built, or equal; 1 not equal, or a build that failed; 3 node, npm or the packages cannot be had.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")"
kept=../src/enbloc/report/static

command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || {
    echo 'web: node and npm are not both there, so the bundle was not built' >&2
    exit 3
}
new=$(mktemp -d)
trap 'rm -rf -- "$new"' EXIT

cmp -s package-lock.json node_modules/.enbloc-lock 2>/dev/null || {
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || {
        echo 'web: the packages of the lock cannot be installed, so the bundle was not built' >&2
        exit 3
    }
    cp package-lock.json node_modules/.enbloc-lock
}
{
    echo '/*'
    cat node_modules/three/LICENSE
    echo '*/'
} >"$new/banner"
node_modules/.bin/esbuild src/page.js --bundle --minify --format=iife --target=es2022 --charset=utf8 \
    --legal-comments=external --banner:js="$(cat "$new/banner")" --outfile="$new/page.js" --log-level=warning
cp node_modules/three/LICENSE "$new/page.js.three-LICENSE.txt"
rm "$new/banner"
{
    sha256sum build.sh package.json package-lock.json src/*.js
    (cd "$new" && sha256sum page.js)
} >"$new/page.js.sources.sha256"

if [ "${1:-}" = --check ]; then
    diff -r "$new" "$kept" >/dev/null || {
        echo "web: a fresh build differs from $kept; run make web" >&2
        exit 1
    }
    echo 'web: a fresh build gives the same bytes'
else
    mkdir -p "$kept"
    cp "$new"/* "$kept"/
    echo "web: built $(wc -c <"$kept/page.js") bytes"
fi
