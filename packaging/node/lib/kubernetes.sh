# shellcheck shell=bash
# kubelet and kubeadm, and with them the standard CNI plugins (kubernetes-cni, in /opt/cni/bin). The network itself is the
# cluster's: its DaemonSet brings what else it needs.

install_kubernetes() {
    local url pin='' plugin there
    there=$(kubeadm version --output short 2>/dev/null || true)
    [[ -z $there || $there. == "v$kubernetes."* ]] ||
        die "kubeadm is $there already, and not $kubernetes: kubeadm upgrade node upgrades a node, or bebida-node remove comes first"
    if [[ $family == debian ]]; then url=$KUBERNETES_DEB; else url=$KUBERNETES_RPM; fi
    repository kubernetes "${url//VERSION/1.$minor}" "$KUBERNETES_KEY" kubelet kubeadm kubernetes-cni cri-tools
    [[ $kubernetes != *.*.* ]] || pin="=$kubernetes-*"
    packages "kubelet$pin" "kubeadm$pin"
    hold kubelet kubeadm
    # A repository without kubernetes-cni: Debian's plugins serve.
    if [[ $dry_run == no && ! -e /opt/cni/bin/loopback && -d /usr/lib/cni ]]; then
        mkdir -p /opt/cni/bin
        for plugin in /usr/lib/cni/*; do
            run ln -sf "$plugin" /opt/cni/bin/
            note files "/opt/cni/bin/${plugin##*/}"
        done
    fi
    [[ $dry_run == yes || -e /opt/cni/bin/loopback ]] || warn "no CNI plugins in /opt/cni/bin: no pod will start (package kubernetes-cni, or containernetworking-plugins)"
    # It starts over and over until the node has joined; that is kubeadm's way.
    run systemctl enable kubelet.service
}
