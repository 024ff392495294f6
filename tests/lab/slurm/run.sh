#!/usr/bin/env bash
# Runs a command where Slurm has a given version: on this host if that is its own, or else in a chroot of the Debian that
# has it. There the command finds that Slurm's daemons, commands and libraries, and in BEBIDA_PREFIX our plugins, built
# against it; and the repository, .NET, the API server's programs, /tmp and the network of this host, as they are here.
#   sudo tests/lab/slurm/run.sh 22.05|24.11|26.05 COMMAND...
# such as dotnet test --no-build tests/system/BeBiDa.Integration.Tests. Needs build/lab, whose managed libraries it takes.
# Exits with 77 where a chroot could not be made.
set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck disable=SC1091 # It is checked by itself.
source "$tree/packaging/chroot.sh"

declare -A debian=([22.05]=bookworm [24.11]=trixie [26.05]=sid)
# What builds the plugins, the daemons, what .NET needs of a system, and what the tests call.
packages=(gcc libc6-dev cmake ninja-build pkgconf libslurm-dev libyaml-dev
    slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge
    libicu-dev libssl-dev zlib1g
    procps iproute2 util-linux openssl curl jq prometheus prometheus-node-exporter)

# inside <chroot> <work folder> <command...>: in a mount namespace of its own.
inside() {
    local root=$2/root folder assets=${KUBEBUILDER_ASSETS:-/usr/local/kubebuilder/bin} dotnet
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/overlay" "$root"
    shift 2
    for folder in /sys /tmp "$tree" "$dotnet" "$assets" "${BEBIDA_CACHE:-/var/cache/bebida-tests}" "$HOME/.nuget"; do
        [[ -d $folder ]] || continue
        mkdir -p "$root$folder"
        mount --rbind "$folder" "$root$folder"
    done
    cp /etc/hosts /etc/resolv.conf "$root/etc"
    local variables
    mapfile -t variables < <(env | grep -E '^(BEBIDA|DOTNET|NUGET|KUBEBUILDER)_[A-Z_]*=')
    # The shell stays: the first process of a namespace has to reap the daemons that end.
    # shellcheck disable=SC2016 # expanded there
    in_root "$root" env HOME="$HOME" "${variables[@]}" sh -euc 'cd "$1"; PATH=$PATH:$2; shift 2; "$@" && exit' sh "$PWD" "$dotnet" "$@"
}

# The C plugins of this tree beside the managed libraries of build/lab, which suit every Slurm.
# shellcheck disable=SC2016 # expanded in the chroot
build_plugins='
    rm -rf "$2"
    cp -a build/lab "$2"
    cmake -S . -B "$1" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBEBIDA_MANAGED=OFF -DBUILD_TESTING=OFF
    cmake --build "$1"
    cmake --install "$1" --prefix "$2"
'

if [[ ${1-} == --inside ]]; then
    inside "${@:2}"
    exit
fi
version=${1-}
release=${debian[${version:-none}]-}
if [[ -z $release || $# -lt 2 ]]; then
    sed -n '2,/^set/{/^set/d; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
shift
if [[ $(slurmctld -V 2> /dev/null) == *" $version."* ]]; then exec "$@"; fi
[[ $(id -u) == 0 ]] || die 'chroots need root'
[[ -e $tree/build/lab/lib/bebida ]] || die "build/lab is missing; CONTRIBUTING.md says how it is made"

complete "$release" slurm "${packages[@]}"
chroot=$CHROOTS/$release/slurm
work=$(mktemp -d "$CHROOTS/$release/work.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work"/{upper,overlay,root}
there() { unshare --mount "${BASH_SOURCE[0]}" --inside "$chroot" "$work" "$@"; }

export BEBIDA_PREFIX=$tree/build/slurm-$version/prefix
mkdir -p "$tree/build/slurm-$version"
# Runs of one release that are started together build one after the other; the build's folder is kept.
exec {lock}> "$tree/build/slurm-$version/lock"
flock "$lock"
(cd "$tree" && there sh -euc "$build_plugins" sh "$tree/build/slurm-$version/build" "$BEBIDA_PREFIX") > "$tree/build/slurm-$version/log" 2>&1 ||
    { tail -n 40 "$tree/build/slurm-$version/log" >&2; die "the plugins were not built for Slurm $version"; }
exec {lock}>&-
there "$@"
