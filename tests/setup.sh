#!/usr/bin/env bash
# Makes a Debian 12 host ready to build BeBiDa and to run its tests and its demo: installs what is missing
# from Debian, checks for the .NET SDK, and fetches kubectl. Quick when all is there.
#
# usage: sudo tests/setup.sh
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

packages=(
    # building: CMake drives the C compiler and dotnet; NativeAOT links with clang
    cmake ninja-build pkgconf gcc clang clang-format clang-tidy libclang-rt-14-dev valgrind zlib1g-dev libc6-dev libslurm-dev libyaml-dev
    # what the .NET SDK itself needs of the system
    libicu-dev
    # the lab: Slurm's and munge's daemons, started by the tests themselves
    slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge
    # the container lab: its image is made of Debian's packages
    debootstrap iproute2 iptables
    # the virtual machine
    qemu-system-x86 qemu-utils e2fsprogs
    # monitoring: what reads slurmctld's textfile, and what stores it; started by the tests themselves
    prometheus prometheus-node-exporter
    # the load generator that tests/bench measures against
    nghttp2-client
    # the check of prose
    codespell
    # scripts
    ca-certificates curl git jq openssl procps shellcheck util-linux
    # the shells that bebidactl completes in
    fish zsh
)
# Docker, which a host may have from elsewhere already.
command -v dockerd >/dev/null || [[ -x /usr/sbin/dockerd ]] || packages+=(docker.io)
command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 || packages+=(docker-compose)
# Node.js, for the linters of tests/prose, likewise.
command -v npm >/dev/null || packages+=(nodejs npm)
# What some of these packages would have running from now on; the tests start their own.
declare -A services=(
    [munge]=munge.service [slurmctld]=slurmctld.service [slurmd]=slurmd.service
    [prometheus]=prometheus.service [prometheus-node-exporter]=prometheus-node-exporter.service
    [docker.io]='docker.service docker.socket' [containerd]=containerd.service
)

die() {
    printf 'setup.sh: %s\n' "$*" >&2
    exit 1
}

is_installed() {
    [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == 'install ok installed' ]]
}

# Prints those of the packages named that are not installed.
missing_of() {
    local installed package
    installed=$(dpkg-query -W -f '${Package} ${Status}\n' "$@" 2>/dev/null | sed -n 's/ install ok installed$//p') || true
    for package in "$@"; do
        grep -qx -- "$package" <<<"$installed" || printf '%s\n' "$package"
    done
}

# Debian starts and enables a service when its package is installed. Without touching the services that
# an admin had installed before, this keeps the new ones from either.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d package service units new=()
    for package in "${!services[@]}"; do
        read -ra units <<<"${services[$package]}"
        is_installed "$package" || new+=("${units[@]}")
    done
    if [[ ! -e $policy ]]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends "$@"
    if command -v systemctl >/dev/null; then
        for service in "${new[@]}"; do
            # What was not installed after all has no unit.
            [[ ! -e /lib/systemd/system/$service ]] || systemctl disable "$service"
        done
    fi
}

command -v apt-get >/dev/null || die 'this host is not Debian; install by hand what the list in this script names.'

mapfile -t missing < <(missing_of "${packages[@]}")
if ((${#missing[@]} > 0)); then
    [[ $(id -u) == 0 ]] || die "not installed: ${missing[*]}. Run this as root to install them."
    install_quietly "${missing[@]}"
fi

# The version that global.json picks.
dotnet=$(cd "$tests" && dotnet --version 2>/dev/null) || dotnet=none
[[ $dotnet == 10.* ]] || die "the .NET 10 SDK is needed, found: $dotnet. Debian has none; get it for all users with

    curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0 --install-dir /usr/local/share/dotnet
    ln -s /usr/local/share/dotnet/dotnet /usr/local/bin/dotnet

or as a package: https://learn.microsoft.com/dotnet/core/install/linux-debian. Then run this again."

if [[ -x $tests/support/kubectl.sh ]]; then
    "$tests/support/kubectl.sh" >/dev/null
fi
