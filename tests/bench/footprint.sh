#!/usr/bin/env bash
# What the plugin costs slurmctld: the time of its hooks under slurmctld's locks, threads, memory and files, over 10,000 short
# jobs on a real Slurm on this host. Wants build/release and build/lab (see CONTRIBUTING.md) and nothing else to be running;
# 15 minutes of two cores.
#   sudo tests/bench/footprint.sh [--jobs N] [--baseline N] [--wide-jobs N] [--far-nodes N]
#   sudo tests/bench/footprint.sh --looks N          what looks at the states of so many nodes cost, in seven minutes
#   sudo tests/bench/footprint.sh --plans N          what reading the plans of so many pending jobs costs, in some twenty minutes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dotnet build --nologo -v quiet -c Release tests/footprint/BeBiDa.Footprint >&2
echo "$(lscpu | sed -n 's/^Model name: *//p'), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); $(slurmctld -V)"
exec dotnet run --no-build -c Release --project tests/footprint/BeBiDa.Footprint -- "$@"
