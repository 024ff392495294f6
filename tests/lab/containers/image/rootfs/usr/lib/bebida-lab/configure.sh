#!/bin/bash
# Leaves on a machine what a site's installation would have left. LAB_NODES (as Slurm writes names of nodes), LAB_PLUGIN
# and LAB_SPANK (yes or no) and a node's LAB_KUBELET (hollow or real) are in the environment; /lab holds what is this lab's own: keys, kubeconfigs, and text that
# is added to the configuration files.
#
# usage: configure.sh controller | node | member
set -euo pipefail

share=/usr/share/bebida-lab
kubeconfigs=/lab/kubernetes

await() {
    local tenths
    for ((tenths = 0; tenths < 1800; tenths++)); do
        [[ -e $1 ]] && return
        sleep 0.1
    done
    echo "configure.sh: no $1 after three minutes, so this machine does not boot" >&2
    exit 1
}

# added <name>: text of this lab for a configuration file.
added() {
    [[ ! -e /lab/configuration/$1 ]] || cat "/lab/configuration/$1"
}

configure_slurm() {
    local own='' prep=prep/script directory
    directory=$(dirname "$(find /usr/lib -name auth_munge.so | head -n1)")
    if [[ $LAB_PLUGIN == yes ]]; then
        prep+=,prep/bebida
    fi
    if [[ $LAB_PLUGIN == yes || $LAB_SPANK == yes ]]; then
        own=/usr/local/lib/slurm:
    fi
    {
        sed -e "s|@PLUGINDIR@|$own$directory|" -e "s|@PREP@|$prep|" -e "s|@NODES@|$LAB_NODES|" "$share/slurm.conf"
        added slurm.conf
    } >/etc/slurm/slurm.conf
    cp "$share/cgroup.conf" /etc/slurm/cgroup.conf
    {
        [[ $LAB_SPANK == no ]] || echo 'optional spank_bebida.so'
        added plugstack.conf
    } >/etc/slurm/plugstack.conf.d/lab.conf
    install -o munge -g munge -m 400 /lab/munge.key /etc/munge/munge.key
    install -d -o slurm -g slurm -m 755 /var/log/slurm
}

configure_bebida() {
    install -d -m 755 /etc/bebida
    {
        printf 'kubernetes:\n  kubeconfig: /etc/bebida/kubeconfig\n'
        added bebida.yaml
    } >/etc/bebida/bebida.yaml
}

configure_controller() {
    await "$kubeconfigs/ready"
    install -o root -g slurm -m 640 "$kubeconfigs/bebida.kubeconfig" /etc/bebida/kubeconfig
    systemctl --quiet enable munge.service slurmctld.service
}

# A node of Slurm only, whose units its image has enabled: what it is in Kubernetes is not ours to say.
configure_member() {
    :
}

configure_node() {
    await "$kubeconfigs/system_node_$HOSTNAME.kubeconfig"
    install -D -m 600 "$kubeconfigs/system_node_$HOSTNAME.kubeconfig" /etc/kubernetes/kubelet.conf
    [[ ${LAB_KUBELET-} != real ]] || /usr/lib/bebida-lab/real-node.sh
    systemctl --quiet enable munge.service slurmd.service containerd.service kubelet.service
}

configure_slurm
configure_bebida
"configure_$1"
