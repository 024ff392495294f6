#!/usr/bin/env bash
# Sets up what is missing, builds, and lets everything go wrong in turn on a site with jobs, while an observer counts what
# must never be.
#   sudo tests/chaos/chaos.sh [--slurm 22.05|24.11|26.05] [--seed N] [--minutes M] [--api embedded|real|both] [--long-outage] [--linger SECONDS] [--control]
# Ends with a table; exits 0 only when every count that must be 0 is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Where that Slurm is; without a version, the host's own.
slurm=() options=()
while (($# > 0)); do
    if [[ $1 == --slurm ]]; then
        slurm=(tests/lab/slurm/run.sh "${2:?}")
        shift
    else
        options+=("$1")
    fi
    shift
done

tests/setup.sh
echo "Building (some minutes the first time) ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    cmake --preset release -DBUILD_TESTING=OFF &&
    cmake --build --preset release &&
    cmake --install build/release --prefix build/lab &&
    dotnet build tests/chaos/BeBiDa.Chaos --nologo -v quiet
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
exec "${slurm[@]}" dotnet build/dotnet/bin/BeBiDa.Chaos/debug/BeBiDa.Chaos.dll "${options[@]}"
