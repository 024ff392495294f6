#!/bin/bash
# Becomes the node's kubelet. Its pods' cgroups are where containers have theirs: in the one hierarchy of cgroup v2, or
# in several of v1. Of those here the ones by which processes are found and frozen, and systemd's own, which would
# otherwise take pods for a part of kubelet.service.
set -euo pipefail

slices=()
for hierarchy in '' freezer/ systemd/ unified/; do
    if [[ -e /sys/fs/cgroup/${hierarchy}cgroup.procs ]]; then
        slices+=(--pod-slice "/sys/fs/cgroup/${hierarchy}kubepods.slice")
    fi
done
exec /usr/share/dotnet/dotnet /opt/kubernetes/hollow-cluster.dll --kubelet-only --nodes "$HOSTNAME" \
    --kubeconfig /etc/kubernetes/kubelet.conf --lease-seconds 1 "${slices[@]}"
