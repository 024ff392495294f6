# shellcheck shell=bash
# What kubelet and the network of pods want of the kernel.

settle_kernel() {
    local changed=no
    if printf '%s\n' overlay br_netfilter | put /etc/modules-load.d/bebida-node.conf; then
        run modprobe --all overlay br_netfilter
    fi
    put /etc/sysctl.d/90-bebida-node.conf <<'SYSCTL' && changed=yes
net.ipv4.ip_forward = 1
net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
SYSCTL
    [[ $changed == no ]] || run sysctl --load=/etc/sysctl.d/90-bebida-node.conf
    if [[ $(getenforce 2>/dev/null) == Enforcing ]]; then
        warn "SELinux is enforcing; kubeadm's documentation asks for permissive (setenforce 0 and /etc/selinux/config)"
    fi
    # Swap is the site's: a job may want it.
    if [[ $(awk 'NR > 1' /proc/swaps 2>/dev/null) ]]; then
        warn "there is swap, and kubelet does not start beside it: swapoff -a and /etc/fstab, or failSwapOn: false in the cluster's KubeletConfiguration"
    fi
}
