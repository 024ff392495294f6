#!/usr/bin/env bash
# Builds the Debian packages for the Slurm of one or more Debian releases:
#   sudo packaging/build.sh --release bookworm|trixie|sid [--release ...] [--rpm] [--version VERSION] [--output FOLDER]
# They are in FOLDER/<release> then (default build/packages). With --rpm, RPMs of the same files against the same Slurm are
# in FOLDER/<release>/rpm; to have them for another Slurm, see rpm/build.sh.
#
# dotnet publishes the managed libraries and bebidactl once, on this host. They run wherever glibc is no older than the
# host's: build on Debian 12. The C plugins are compiled, and tested, in a chroot of each release against that release's
# Slurm; lintian has to accept what comes of it (DEB_BUILD_OPTIONS=nocheck leaves out both). See chroot.sh for where the chroots are kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source packaging/chroot.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

usage() {
    sed -n '2,/^set/{/^set/d; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}"
    exit "$1"
}

releases=() rpm='' output=build/packages
version=$(sed -nE 's/^project\(bebida VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
while (($# > 0)); do
    case $1 in
        --release) [[ " ${RELEASES[*]} " == *" ${2-} "* ]] || die "--release is one of: ${RELEASES[*]}"; releases+=("$2"); shift 2 ;;
        --rpm) rpm=yes; shift ;;
        --version) version=${2:?}; shift 2 ;;
        --output) output=${2:?}; shift 2 ;;
        -h | --help) usage 0 ;;
        *) usage 2 >&2 ;;
    esac
done
((${#releases[@]} > 0)) || usage 2 >&2
[[ $(id -u) == 0 ]] || die 'chroots need root'

# The end of a version, so that an upgrade of Debian upgrades the packages too.
declare -A suffixes=([bookworm]=deb12 [trixie]=deb13 [sid]=sid)

# What git knows and what it would add: no build tree, no editor's leavings.
copy_source() {
    git ls-files -z --cached --others --exclude-standard | while IFS= read -rd '' file; do
        [[ ! -e $file ]] || printf '%s\0' "$file"
    done | tar --create --null --files-from=- --owner=0 --group=0 | tar --extract -C "$1"
    cp -a packaging/debian "$1/debian"
    sed -i "1s/(.*) [a-z]*;/($2) $3;/" "$1/debian/changelog"
}

publish() {
    cmake --preset release
    cmake --build --preset release --target BeBiDa.Controller BeBiDa.Node BeBiDa.Cli
    mkdir -p build/published
    install -m 644 build/release/managed/BeBiDa.Controller/libbebida_controller.so build/release/managed/BeBiDa.Node/libbebida_node.so build/published
    install build/release/managed/BeBiDa.Cli/bebidactl build/published
}

# Runs in the chroot, in /build.
# shellcheck disable=SC2016 # expanded there
recipe='
    cd /build/bebida
    export BEBIDA_PUBLISHED=/build/published DEB_BUILD_OPTIONS="parallel=$(nproc) $1"
    dpkg-buildpackage --build=binary --no-sign
    cd ..
    case $1 in
        *nocheck*) ;;
        *) lintian --allow-root --fail-on error,warning --tag-display-limit 0 ./*.changes ;;
    esac
    [ -z "$2" ] || bebida/packaging/rpm/build.sh --published "$BEBIDA_PUBLISHED" --output rpm
'

build() {
    local release=$1 folder=$output/$1 work log
    complete "$release" build
    work=$(mktemp -d "$CHROOTS/$release/work.XXXXXX")
    mkdir -p "$work"/{upper,overlay,root}
    log=$output/$release.log
    mkdir -p "$output"
    mkdir -p "$work"/upper/build/{bebida,published}
    copy_source "$work/upper/build/bebida" "$version+${suffixes[$release]}" "$release"
    cp build/published/* "$work/upper/build/published"
    echo "Building $version+${suffixes[$release]} (log: $log) ..."
    if in_overlay "$release" build "$work" sh -euc "$recipe" sh "${DEB_BUILD_OPTIONS-}" "$rpm" > "$log" 2>&1; then
        rm -rf "$folder"
        mkdir -p "$folder/debug"
        mv "$work"/upper/build/*-dbgsym_*.deb "$folder/debug"
        mv "$work"/upper/build/*.deb "$folder"
        [[ -z $rpm ]] || mv "$work/upper/build/rpm" "$folder"
        rm -rf "$work"
        find "$folder" -name '*.deb' -not -path '*/debug/*' -or -name '*.rpm' | sort
    else
        tail -n 40 "$log" | cut -c 1-200 >&2
        rm -rf "$work"
        die "the packages for $release were not built; see $log"
    fi
}

for release in "${releases[@]}"; do complete "$release" build; done
echo 'Publishing the managed libraries and bebidactl ...'
mkdir -p build
publish > build/publish.log 2>&1 || { tail -n 40 build/publish.log >&2; die 'see build/publish.log'; }
for release in "${releases[@]}"; do build "$release"; done
