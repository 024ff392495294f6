#!/usr/bin/env bash
# Lets a site of four nodes live for an hour, or for as many minutes as are given: jobs, pods, a cordon, a drain, and two
# crashes of slurmctld. Meanwhile it is midnight, summer time begins, and the recorder's clock is set back and right again.
# Prints what bebidactl report says of each day beside what an observer of its own saw, and exits with 1 when a use differs by
# more than 1 % of the day's node-seconds, and 5 s of each node for each crash.
#   sudo tests/bench/report.sh [MINUTES]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

[[ -e /usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 ]] || apt-get install -y faketime > /dev/null

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    cmake --preset release &&
    cmake --build --preset release &&
    cmake --install build/release --prefix build/lab &&
    dotnet build tests/bench/BeBiDa.RecordCheck -c Release --nologo -v quiet
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
dotnet build/dotnet/bin/BeBiDa.RecordCheck/release/BeBiDa.RecordCheck.dll "$@"
