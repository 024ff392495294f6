#!/bin/bash
# Brings trixie's kubectl, 1.32, into ${BEBIDA_CACHE:-/var/cache/bebida-tests}/kubectl/1.32/kubectl. Does nothing where it
# is there already. apt keeps its own state in a temporary directory, so the machine's sources and lists stay as they are;
# the mirror is the machine's own, and signatures are checked against the Debian archive's keyring.
set -euo pipefail

target=${BEBIDA_CACHE:-/var/cache/bebida-tests}/kubectl/1.32/kubectl
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
architecture=$(dpkg --print-architecture)

[[ ! -x $target ]] || exit 0
[[ -r $keyring ]] || { echo "kubectl.sh: $keyring is missing; install debian-archive-keyring" >&2; exit 1; }

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

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt drops to its own user for downloads.
chmod 755 "$work"
mkdir -p "$work"/{lists/partial,archives/partial,out}
touch "$work/status"
echo "deb [signed-by=$keyring] $(mirror) trixie main" >"$work/sources.list"
options=(
    -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::Etc::preferences=/dev/null
    -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache::archives="$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Architecture="$architecture" -o APT::Architectures="$architecture"
    -o Acquire::Languages=none -o APT::Sandbox::User=root -qq
)
echo "kubectl.sh: fetching kubectl 1.32 from trixie" >&2
apt-get "${options[@]}" update
(cd "$work/out" && apt-get "${options[@]}" download kubectl)
dpkg-deb --fsys-tarfile "$work"/out/kubectl_*.deb | tar -x -C "$work" ./usr/bin/kubectl
mkdir -p "$(dirname "$target")"
install -m 755 "$work/usr/bin/kubectl" "$target.new"
mv "$target.new" "$target"
"$target" version --client 2>/dev/null | head -n1 >&2
