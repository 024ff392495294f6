#!/usr/bin/env bash
# Shows that jobs of a real OAR hand nodes over: its server with PostgreSQL and two nodes, of Debian's packages, each in a
# network namespace of its own; Kubernetes is the embedded API with hollow kubelets. Nothing of it is reached from outside,
# or left behind. Needs build/lab and the built tests.
#
# usage: sudo tests/lab/oar/check.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../../.." && pwd)

root=$("$here/../chroot.sh" oar netbase procps msmtp-mta cron perl postgresql openssh-server openssh-client \
    oar-server oar-server-pgsql oar-node oar-user oar-user-pgsql)
"$tree/tests/support/kubectl.sh"
kubectl=${BEBIDA_CACHE:-/var/cache/bebida-tests}/kubectl/1.32/kubectl
lab=$(mktemp -d /tmp/bebida-oar-XXXXXX)
trap 'rm -rf --one-file-system "$lab"' EXIT

# With the last process of the namespaces all of it ends.
unshare --net --uts --mount --pid --fork --kill-child --mount-proc \
    "$here/jobs.sh" "$tree" "$root" "$kubectl" "$lab" </dev/null || {
    code=$?
    for log in "$lab"/*.log; do printf '\n-- %s\n' "${log##*/}" && grep -v '\[debug\]' "$log" | tail -n 40; done >&2
    exit "$code"
}
