#!/usr/bin/env bash
# Sets up what is missing, builds, measures what is claimed of speed beside its peers, and writes docs/performance.md and
# docs/images/performance.svg. Wants nothing else to be running; an hour of two cores, some minutes with fewer pods.
#   sudo tests/bench/bench.sh [--quick] [--only NAME...] [--api embedded|real] [--pods-at-most N] [--patience SECONDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

tests/setup.sh
echo "Building (some minutes the first time) ..." >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    cmake --preset release &&
    cmake --build --preset release &&
    cmake --install build/release --prefix build/lab &&
    dotnet build tests/bench/BeBiDa.Bench -c Release --nologo -v quiet
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
exec dotnet build/dotnet/bin/BeBiDa.Bench/release/BeBiDa.Bench.dll "$@"
