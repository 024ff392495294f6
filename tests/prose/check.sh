#!/usr/bin/env bash
# Checks what people read: spelling, Markdown and its links, the length of sentences, and phrases that have a plainer word.
# Over the documentation, the manual, the help texts and messages in the sources, the comments of what is installed, alerts.
# Prints file:line: problem. usage: tests/prose/check.sh [FILE]...
# BEBIDA_CACHE (default /var/cache/bebida-tests, or ~/.cache/bebida-tests) keeps the linters, which npm fetches once.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

cache=${BEBIDA_CACHE:-/var/cache/bebida-tests}
mkdir -p "$cache" 2> /dev/null && [[ -w $cache ]] || cache=$HOME/.cache/bebida-tests
linters=$cache/prose-$(sha256sum "$here/package.json" | cut -c1-12)
if [[ ! -d $linters ]]; then
    mkdir -p "$cache"
    fresh=$(mktemp -d "$linters.XXXXXX")
    cp "$here/package.json" "$fresh"
    npm --prefix "$fresh" install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel error > /dev/null
    # Two runs at once: the second to end keeps the first one's.
    mv -T "$fresh" "$linters" 2> /dev/null || rm -rf "$fresh"
fi
export NODE_PATH=$linters/node_modules

texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT
failed=0

# listed <pattern>...: the files of the tree, or those of them that were asked for.
listed() { git ls-files --cached --others --exclude-standard -- "$@" ':!docs/performance.md' | while read -r file; do
    [[ -e $file && (${#asked[@]} -eq 0 || " ${asked[*]} " == *" $file "*) ]] && echo "$file"; done; }

asked=("$@")
mapfile -t pages < <(listed '*.md')
mapfile -t sources < <(listed 'managed/*.cs' 'native/*.c' 'native/*.h' 'packaging/*.yaml' 'packaging/prometheus/*.yml' packaging/man/bebida.7.in)

codespell --ignore-words "$here/spelling.txt" "${pages[@]}" "${sources[@]}" | sed 's/: /: spelling: /' || failed=1
node "$here/lint.cjs" "${pages[@]}" -- "${sources[@]}" || failed=1
exit $failed
