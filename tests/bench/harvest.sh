#!/usr/bin/env bash
# Sets up what is missing, builds, measures what lending is worth on real daemons and by replay, and writes docs/harvest.md and
# its pictures. Wants nothing else to be running; an hour of two cores.
#   sudo tests/bench/harvest.sh                          all of it
#   sudo tests/bench/harvest.sh replay|daemons OPTION... one replay, or one run, printed only; --help names the options
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

tests/setup.sh
echo "Building (some minutes the first time) ..." >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    cmake --preset release -DBUILD_TESTING=OFF &&
    cmake --build --preset release &&
    cmake --install build/release --prefix build/lab &&
    dotnet build tests/bench/BeBiDa.Harvest -c Release --nologo -v quiet
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
(($# > 0)) || set -- page --measure
exec dotnet build/dotnet/bin/BeBiDa.Harvest/release/BeBiDa.Harvest.dll "$@"
