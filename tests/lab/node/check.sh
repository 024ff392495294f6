#!/usr/bin/env bash
# Shows packaging/node on a Debian in a chroot. containerd, runc and the plugins are Debian's own; pkgs.k8s.io, kubelet,
# kubeadm, systemd and the kernel are stand-ins (mirror.sh), since there is no internet and no machine. Ubuntu and Rocky:
# what would be done there (--dry-run).
#
# usage: sudo tests/lab/node/check.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../../.." && pwd)

root=$("$here/../chroot.sh" node ca-certificates curl gnupg openssl iptables procps iproute2)
lab=$(mktemp -d /tmp/bebida-node-XXXXXX)
trap 'rm -rf --one-file-system "$lab"' EXIT
unshare --uts --mount --pid --fork --kill-child --mount-proc "$here/story.sh" "$tree" "$root" "$lab" </dev/null || {
    code=$?
    echo "-- the last run:" >&2
    tail -n 40 "$lab/log" >&2
    exit "$code"
}
