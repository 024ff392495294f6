#!/bin/bash
# What is on this machine, a line each: processes, mounts, cgroups, network namespaces, interfaces, pods' addresses,
# listening ports. Two inventories of the same state are equal: what has a name by chance gets one by rule (see named), and
# what runs this script is left out, up to the first process, and so is what it runs. To be run as root, also as a job.
set -euo pipefail
export LC_ALL=C

# A zombie has ended, and its parent has not yet asked how.
processes() {
    ps -eo pid=,ppid=,state=,comm= | awk -v self=$$ '
        { parent[$1] = $2; kind[$1] = $3 == "Z" ? "zombie" : "process"; name[$1] = $4 }
        END {
            for (one = self; one > 1; one = parent[one]) own[one] = 1
            for (pid in name) {
                for (one = pid; one > 1 && one != self && name[one] != "kthreadd"; one = parent[one]);
                if (one <= 1 && !own[pid]) print kind[pid], name[pid]
            }
        }'
}

mounts() {
    awk '{ for (i = 7; $i != "-"; i++); print "mount", $5, $(i + 1) }' /proc/1/mountinfo
}

# On v1 in each hierarchy.
cgroups() {
    find /sys/fs/cgroup -mindepth 1 -type d -printf 'cgroup %P\n' 2>/dev/null || true
}

# Those that are mounted, and those that only processes hold.
namespaces() {
    local first mounted process namespace
    first=$(readlink /proc/1/ns/net)
    mounted=$(awk '$4 ~ /^net:/ { print $4 }' /proc/1/mountinfo)
    awk '$4 ~ /^net:/ { print "namespace", $5 }' /proc/1/mountinfo
    for process in /proc/[0-9]*; do
        namespace=$(readlink "$process/ns/net") || continue
        [[ $namespace == "$first" || $mounted == *"$namespace"* ]] || echo "namespace $namespace"
    done 2>/dev/null | sort -u
}

interfaces() {
    ip -brief link | awk '{ sub("@.*", "", $1); print "interface", $1 }'
}

# Those that CNI's host-local has given to pods, by network; its files have their names.
addresses() {
    find /var/lib/cni/networks -name '*.*.*.*' -printf 'address %P\n' 2>/dev/null | sed 's|/.*||' || true
}

# Of which program, where this machine knows.
ports() {
    ss -Hltunp | awk '{ split($7, part, "\""); print "port", $1, $5, part[2] }'
}

# Pods' uids (of a static pod a hash), containers' ids, what CNI makes for a container, kubelet's volumes for tokens, and
# ports that the kernel chose.
named() {
    local least
    read -r least _ </proc/sys/net/ipv4/ip_local_port_range
    sed -E -e 's/[0-9a-f]{64}/CONTAINER/g' \
        -e 's/[0-9a-f]{8}([-_])([0-9a-f]{4}[-_]){3}[0-9a-f]{12}/UID/g' \
        -e 's/[0-9a-f]{32}/UID/g' \
        -e 's/veth[0-9a-f]{8}/vethID/' \
        -e 's/(kube-api-access-)[a-z0-9]{5}/\1ID/' \
        -e 's/net:\[[0-9]+\]/net:[ID]/' |
        awk -v least="$least" '
            $1 == "port" && match($3, "[0-9]+$") && substr($3, RSTART) + 0 >= least { $3 = substr($3, 1, RSTART - 1) "CHOSEN" }
            { print }'
}

{ processes; mounts; cgroups; namespaces; interfaces; addresses; ports; } | named | sort
