#!/bin/bash
# Makes a machine, before it boots, one with a real kubelet and Debian's containerd in place of their stand-ins.
set -euo pipefail

cp -r /usr/share/bebida-lab/real/etc /
# In its place is Debian's own from now on.
rm -f /etc/systemd/system/containerd.service
mkdir -p /etc/kubernetes/manifests
systemctl --quiet enable images.service

# kubelet reads the kernel's log there, to see what the kernel killed.
ln -sf null /dev/kmsg

# kubelet sets these, and they are the host's: it may have copies.
copies=/run/bebida-lab/sysctl
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_max{keys,bytes}; do
    mkdir -p "$(dirname "$copies/$setting")"
    cat "/proc/sys/$setting" >"$copies/$setting"
    mount --bind "$copies/$setting" "/proc/sys/$setting"
done
# These are the machine's own; pods' networks need some of them.
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,rw,bind /proc/sys/net
