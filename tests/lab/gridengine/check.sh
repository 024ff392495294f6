#!/usr/bin/env bash
# Shows that jobs of a real Grid Engine hand nodes over. A qmaster and two execution hosts of Debian's packages, each in a
# network namespace of its own, call bebidactl as their prolog and epilog; Kubernetes is the embedded API with hollow
# kubelets. Nothing of it is reached from outside, or left behind. Needs build/lab and the built tests.
#
# usage: sudo tests/lab/gridengine/check.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../../.." && pwd)

root=$("$here/../chroot.sh" gridengine netbase procps jq msmtp-mta gridengine-master gridengine-exec gridengine-client)
"$tree/tests/support/kubectl.sh"
kubectl=${BEBIDA_CACHE:-/var/cache/bebida-tests}/kubectl/1.32/kubectl
lab=$(mktemp -d /tmp/bebida-gridengine-XXXXXX)
trap 'rm -rf --one-file-system "$lab"' EXIT

# With the last process of the namespaces all of it ends.
unshare --net --uts --mount --pid --fork --kill-child --mount-proc \
    "$here/jobs.sh" "$tree" "$root" "$kubectl" "$lab" </dev/null || {
    code=$?
    for log in "$lab"/*.log; do printf '\n-- %s\n' "${log##*/}" && tail -n 40 "$log"; done >&2
    exit "$code"
}
