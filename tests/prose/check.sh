#!/usr/bin/env bash
# Checks what people read: spelling, Markdown and its links, the length of sentences, and phrases that have a plainer word.
# Over the documentation, the manual, the help texts and messages in the sources, the comments of what is installed, alerts.
# Prints file:line: problem. usage: tests/prose/check.sh [FILE]...
# BEBIDA_CACHE (default /var/cache/bebida-tests, or ~/.cache/bebida-tests) keeps the linter, which npm fetches once.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

cache=${BEBIDA_CACHE:-/var/cache/bebida-tests}
mkdir -p "$cache" 2> /dev/null && [[ -w $cache ]] || cache=$HOME/.cache/bebida-tests
linter=$cache/prose-$(sha256sum "$here/package.json" | cut -c1-12)
if [[ ! -d $linter ]]; then
    mkdir -p "$cache"
    fresh=$(mktemp -d "$linter.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    cp "$here/package.json" "$fresh"
    npm --prefix "$fresh" --cache "$cache/npm" install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel error > /dev/null
    # Of two runs at the same time, the first to end wins.
    mv -T "$fresh" "$linter" 2> /dev/null || [[ -d $linter ]]
fi
export NODE_PATH=$linter/node_modules

asked=("$@")
# listed <find's test>...: files of the tree, or those of them that were asked for.
listed() {
    find . \( -name build -o -name .git -o -name bin -o -name obj \) -prune -o -type f \( "$@" \) -print | cut -c3- | sort | while read -r file; do
        if [[ ${#asked[@]} -eq 0 || " ${asked[*]} " == *" $file "* ]]; then echo "$file"; fi
    done
}
# The benchmark writes docs/performance.md, from tests/bench/tried.md and its own sentences.
mapfile -t pages < <(listed -name '*.md' -not -path ./docs/performance.md)
mapfile -t sources < <(listed -path './managed/*.cs' -o -path './native/*.[ch]' -o -path './tests/bench/BeBiDa.Bench/*.cs' -o -path './packaging/*.yaml' \
    -o -path './packaging/prometheus/*.yml' -o -path './packaging/man/*.[1-8].in')
((${#pages[@]} + ${#sources[@]} > 0)) || { echo "check.sh: no such files: ${asked[*]}" >&2; exit 2; }

failed=0
codespell --ignore-words "$here/spelling.txt" "${pages[@]}" "${sources[@]}" | sed 's/: /: spelling: /' || failed=1
node "$here/lint.cjs" "${pages[@]}" -- "${sources[@]}" || failed=1
exit $failed
