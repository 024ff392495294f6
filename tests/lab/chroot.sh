#!/usr/bin/env bash
# Makes a Debian with some packages in a folder and prints its path. BEBIDA_CACHE keeps it; it is made anew when the list
# of packages has changed. It is not to be written to: mount something over it.
#
# usage: sudo tests/lab/chroot.sh NAME PACKAGE...
set -euo pipefail

suite=bookworm
cache=${BEBIDA_CACHE:-/var/cache/bebida-tests}/chroots
name=$1-$(printf '%s\n' "$suite" "${@:2}" | cat - "${BASH_SOURCE[0]}" | sha256sum | cut -c1-12)

make() {
    local work=$1 mirror
    # shellcheck disable=SC2016 # apt's own names.
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | awk -v suite="$suite" '$2 == suite { print $1; exit }')
    echo "chroot.sh: making $name from $mirror (a minute, once)" >&2
    debootstrap --variant=minbase "$suite" "$work/root" "$mirror"
    # Nothing is to be started there.
    printf '#!/bin/sh\nexit 101\n' >"$work/root/usr/sbin/policy-rc.d"
    chmod 755 "$work/root/usr/sbin/policy-rc.d"
    DEBIAN_FRONTEND=noninteractive chroot "$work/root" apt-get install -y --no-install-recommends "${@:2}"
    chroot "$work/root" apt-get clean
}

mkdir -p "$cache"
exec 9>"$cache/$1.lock"
flock 9
if [[ ! -d $cache/$name ]]; then
    work=$(mktemp -d -p "$cache")
    trap 'rm -rf --one-file-system "$work"' EXIT
    make "$work" "${@:2}" >"$work/log" 2>&1 || {
        tail -n 30 "$work/log" >&2
        exit 1
    }
    rm -rf --one-file-system "${cache:?}/$1"-????????????
    mv "$work/root" "$cache/$name"
fi
echo "$cache/$name"
