# Debian systems in folders, for building packages, trying them, and for the lab; sourced by build.sh, test.sh and
# tests/lab/chroot.sh. Needs root.
# shellcheck shell=bash
#
# BEBIDA_CACHE (default /var/cache/bebida-tests) keeps what is slow to fetch: below chroots/<release>, "base" is the
# release as debootstrap makes it, "build" has what builds packages, "site" has Slurm, and the lab has its own. None of
# them is written to once it is complete: whatever is done in one is done in an overlay that is thrown away. Removed
# (rm -r), they are made anew, of what Debian has by then; and so they are when their packages are others.

# From the oldest to the newest; sid stands for the newest Slurm that Debian has.
# shellcheck disable=SC2034 # for those who source this
RELEASES=(bookworm trixie sid)
CHROOTS=${BEBIDA_CACHE:-/var/cache/bebida-tests}/chroots
MIRROR=${BEBIDA_MIRROR:-http://deb.debian.org/debian}

# What builds the packages, but for .NET: the managed libraries come from outside. See Build-Depends in debian/control.
BUILD_PACKAGES=(build-essential debhelper cmake ninja-build pkgconf libslurm-dev libyaml-dev lintian man-db fakeroot
    rpm rpmlint)
# A site of Slurm as its admins would have it, and what the test of the packages needs beside it.
SITE_PACKAGES=(slurmctld slurmd slurm-client munge man-db bash-completion procps iproute2)
# What the packages depend on besides: in apt's cache, since a chroot under test reaches no network. libslurm-dev brings
# libslurm, whose package has another name in each release.
SITE_DEPENDENCIES=(libyaml-0-2 libsystemd0 openssl libslurm-dev)

# What a script exits with that could not make a chroot: nothing was tried then.
NOT_TRIED=77

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "${code:-1}"
}

# in_root <folder> <command...>: runs a command in a system, with the kernel's file systems in it.
in_root() {
    local root=$1
    shift
    # $1 is expanded by the inner shell.
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child sh -euc '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        # Some packages ask for the name of their host when they are installed (gridengine-master).
        [ -e "$root/etc/hosts" ] || printf "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n" "$(uname -n)" > "$root/etc/hosts"
        exec chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive "$@"' sh "$root" "$@"
}

# in_overlay <release> <kind> <work folder> <command...>: the same in a copy of a system, made of an overlay: what is
# written is in <work folder>/upper then.
in_overlay() {
    local lower=$CHROOTS/$1/$2 work=$3
    shift 3
    # shellcheck disable=SC2016
    unshare --mount bash -euc '
        source "$1"; lower=$2 work=$3; shift 3
        mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/overlay" "$work/root"
        in_root "$work/root" "$@"' bash "${BASH_SOURCE[0]}" "$lower" "$work" "$@"
}

# The newest release's index may be older than it says it may be: a mirror that lags is good enough here.
apt_in() {
    in_root "$1" apt-get -q -y -o Acquire::Check-Valid-Until=false -o Dpkg::Use-Pty=0 -o APT::Keep-Downloaded-Packages=true "${@:2}"
}

# complete <release> <kind> [package...]: makes $CHROOTS/<release>/<kind>, complete or not at all, unless it is there: by
# make_<kind>, or else as the release with some packages.
complete() {
    local release=$1 kind=$2 folder=$CHROOTS/$1/$2 make=with_packages recipe lock
    ! declare -F "make_$kind" > /dev/null || make=make_$kind
    recipe=$(declare -f make_base with_packages "$make"; declare -p BUILD_PACKAGES SITE_PACKAGES SITE_DEPENDENCIES; echo "${@:3}")
    mkdir -p "$CHROOTS/$release"
    exec {lock}> "$folder.lock"
    flock "$lock"
    if [[ ! -d $folder || $(cat "$folder.recipe" 2> /dev/null) != "$recipe" ]]; then
        command -v debootstrap > /dev/null || code=$NOT_TRIED die 'debootstrap is missing: apt install debootstrap'
        echo "Making a $release for $kind in $folder (some minutes, once) ..." >&2
        rm -rf --one-file-system "$folder" "$folder.new"
        "$make" "$release" "$folder.new" "${@:3}" > "$folder.log" 2>&1 || { tail -n 30 "$folder.log" >&2; code=$NOT_TRIED die "cannot make a $release for $kind; see $folder.log"; }
        echo "$recipe" > "$folder.recipe"
        mv "$folder.new" "$folder"
    fi
    exec {lock}>&-
}

make_base() {
    debootstrap --variant=minbase --include=ca-certificates "$1" "$2" "$MIRROR"
    # A chroot has no services; dpkg's own way to say so.
    printf '#!/bin/sh\nexit 101\n' > "$2/usr/sbin/policy-rc.d"
    chmod 755 "$2/usr/sbin/policy-rc.d"
}

# with_packages <release> <folder> <package...>
with_packages() {
    complete "$1" base && cp -a "$CHROOTS/$1/base" "$2" && apt_in "$2" update &&
        apt_in "$2" install --no-install-recommends "${@:3}" && apt_in "$2" clean
}

make_build() { with_packages "$@" "${BUILD_PACKAGES[@]}"; }

make_site() {
    with_packages "$@" "${SITE_PACKAGES[@]}" && apt_in "$2" install --download-only --reinstall "${SITE_DEPENDENCIES[@]}"
}
