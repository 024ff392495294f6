#!/bin/sh
# Becomes the node's kubelet.
set -e
if [ -e /lab/kubelet ]; then
    # A runtime that has just started may not answer yet. A node has had its images for long: unlike here, where the power
    # may go a moment later, they are on its disk.
    [ -n "$(ctr -n k8s.io images ls -q)" ] || { ctr -n k8s.io images import /usr/share/bebida-vm/pod.tar && sync; }
    exec /lab/kubelet --config /etc/kubernetes/kubelet.yaml --kubeconfig /etc/kubernetes/kubelet.conf --hostname-override guest --node-ip 10.0.2.15
fi
exec /lab/dotnet/dotnet /lab/programs/hollow-cluster.dll --kubelet-only --nodes guest --kubeconfig /etc/kubernetes/kubelet.conf \
    --lease-seconds 1 --pod-slice /sys/fs/cgroup/kubepods.slice
