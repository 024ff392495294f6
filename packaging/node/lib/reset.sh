# shellcheck shell=bash
# Leaves the cluster. kubeadm takes away its own; what networks of pods have left behind is taken away here, and the node's
# own firewall stays as it is.

reset() {
    if command -v kubeadm >/dev/null && [[ -e /etc/kubernetes/kubelet.conf || -e /var/lib/kubelet/config.yaml ]]; then
        run kubeadm reset --force --cri-socket "$cri_socket" || die "kubeadm reset failed, see above"
        say "the Node object stays: kubectl delete node $(hostname -s)"
    else
        say "not joined"
    fi
    reset_network
}

reset_network() {
    local file device tool rules kept
    for file in /etc/cni/net.d/*; do
        # CRI-O's own, which it comes with.
        [[ ! -e $file || $file == */*-crio-* ]] || run rm -rf "$file"
    done
    for device in cni0 flannel.1 kube-ipvs0 vxlan.calico cilium_host cilium_vxlan; do
        [[ ! -e /sys/class/net/$device ]] || run ip link delete "$device"
    done
    for tool in iptables ip6tables; do
        command -v "$tool-save" >/dev/null || continue
        rules=$("$tool-save" 2>/dev/null) || continue
        kept=$(grep -vE '(^:|[ "])(KUBE-|CNI-|FLANNEL-|cali-|CILIUM_)' <<<"$rules" || true)
        [[ $kept != "$rules" ]] || continue
        say "+ $tool: without the chains of Kubernetes and its networks"
        [[ $dry_run == yes ]] || "$tool-restore" <<<"$kept"
    done
}
