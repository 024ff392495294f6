#!/bin/bash
# Brings Debian's two kubectl versions (1.32: trixie's package kubectl; 1.20: bookworm's kubernetes-client) into
# ${BEBIDA_CACHE:-/var/cache/bebida-tests}/kubectl/<version>/kubectl. Does nothing where they are there already.
# apt keeps its own state in a temporary directory, so the machine's sources and lists stay as they are; the
# mirror is the machine's own, and signatures are checked against the Debian archive's keyring.
set -euo pipefail

cache=${BEBIDA_CACHE:-/var/cache/bebida-tests}/kubectl
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
architecture=$(dpkg --print-architecture)

mirror() {
    local found
    found=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '/^URIs:/ { print $2 }' | grep -m1 -E '/debian/?$' || true)
    if [[ -z $found ]]; then
        found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
            grep -E '^deb ' | sed -E 's/\[[^]]*\] *//' | awk '{ print $2 }' | grep -m1 -E '/debian/?$' || true)
    fi
    [[ -n $found ]] || { echo "kubectl.sh: no Debian mirror among the machine's apt sources" >&2; return 1; }
    echo "$found"
}

work=
trap '[[ -z $work ]] || rm -rf "$work"' EXIT

# fetch <version> <suite> <package>
fetch() {
    local version=$1 suite=$2 package=$3 target=$cache/$1/kubectl deb
    [[ -x $target ]] && return 0
    [[ -r $keyring ]] || { echo "kubectl.sh: $keyring is missing; install debian-archive-keyring" >&2; return 1; }
    work=$(mktemp -d)
    # apt drops to its own user for downloads.
    chmod 755 "$work"
    mkdir -p "$work"/{lists/partial,archives/partial,out}
    touch "$work/status"
    echo "deb [signed-by=$keyring] $(mirror) $suite main" >"$work/sources.list"
    local options=(
        -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferencesparts=/dev/null -o Dir::Etc::preferences=/dev/null
        -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
        -o Dir::Cache::archives="$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o APT::Architecture="$architecture" -o APT::Architectures="$architecture"
        -o Acquire::Languages=none -o APT::Sandbox::User=root -qq
    )
    echo "kubectl.sh: fetching kubectl $version from $suite" >&2
    apt-get "${options[@]}" update
    (cd "$work/out" && apt-get "${options[@]}" download "$package")
    deb=$(echo "$work"/out/"$package"_*.deb)
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work" ./usr/bin/kubectl
    mkdir -p "$cache/$version"
    install -m 755 "$work/usr/bin/kubectl" "$target.new"
    mv "$target.new" "$target"
    rm -rf "$work"
    work=
    "$target" version --client 2>/dev/null | head -n1 >&2
}

fetch 1.32 trixie kubectl
fetch 1.20 bookworm kubernetes-client
