#!/bin/bash
# The first process of a machine: configures it for its role and becomes systemd.
set -euo pipefail

# systemd must be at the root of its cgroups; Docker arranges that by default on cgroup v2 only.
if [[ -z ${LAB_CGROUPS-} ]] && grep -qvE ':/$' /proc/self/cgroup; then
    LAB_CGROUPS=own exec unshare --cgroup "$0"
fi

# Docker mounts cgroups to be read; v1 has a mount for each hierarchy.
while read -r mount; do
    mount -o remount,rw,bind "$mount"
done < <(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/self/mounts)

/usr/lib/bebida-lab/configure.sh "$LAB_ROLE"
exec /sbin/init
