#!/usr/bin/env bash
# Sets up what is missing, builds, and shows the main job: a Slurm job takes nodes on which Kubernetes runs an application.
#   sudo tests/lab/demo.sh
# Exits 0 only if all of it held.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

tests/setup.sh
echo "Building (some minutes the first time) ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    cmake --preset release -DBUILD_TESTING=OFF &&
    cmake --build --preset release &&
    cmake --install build/release --prefix build/lab &&
    dotnet build tests/lab/BeBiDa.Demo --nologo -v quiet
} > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
exec dotnet build/dotnet/bin/BeBiDa.Demo/debug/BeBiDa.Demo.dll "$@"
