# shellcheck shell=bash
# containerd: the distribution's own, or Docker's containerd.io.

containerd_versions() { :; }

containerd_install() {
    local package=containerd version text changed=no
    if [[ $family == rocky ]]; then
        package=containerd.io
        repository containerd "$CONTAINERD_RPM" "${CONTAINERD_KEY:-https://download.docker.com/linux/rhel/gpg}"
    elif [[ -n $CONTAINERD_DEB ]]; then
        package=containerd.io
        [[ -n $CONTAINERD_KEY ]] || wrong "CONTAINERD_DEB needs CONTAINERD_KEY, such as https://download.docker.com/linux/debian/gpg"
        repository containerd "$CONTAINERD_DEB" "$CONTAINERD_KEY"
    fi
    packages "$package"
    if ! command -v containerd >/dev/null; then
        say "+ write /etc/containerd/config.toml (containerd config default, SystemdCgroup = true, plugins in /opt/cni/bin)"
    else
        text=$(containerd_configuration) || die "containerd config default failed"
        put /etc/containerd/config.toml <<<"$text" && changed=yes
    fi
    version=$(containerd --version 2>/dev/null | awk '{ print $3 }') || true
    # Kubernetes 1.35 is the last that supports containerd 1.x.
    if ((minor >= 36)) && [[ $version =~ ^v?1\. ]]; then
        warn "containerd $version: Kubernetes supports 2.0 or newer from 1.36 on; Docker's containerd.io is (CONTAINERD_DEB)"
    fi
    run systemctl enable containerd.service
    if [[ $changed == yes ]]; then run systemctl restart containerd.service; else run systemctl start containerd.service; fi
}

# Its own defaults, with the cgroup driver that kubeadm gives kubelet, and the folder where networks put their plugins.
containerd_configuration() {
    local changes=(-e 's/^( *SystemdCgroup =).*/\1 true/' -e 's|^( *bin_dir =).*|\1 "/opt/cni/bin"|')
    # sandbox_image in the configuration of containerd 1, sandbox in that of 2.
    [[ -z $PAUSE_IMAGE ]] || changes+=(-e "s|^( *sandbox(_image)? =).*|\1 \"$PAUSE_IMAGE\"|")
    containerd config default | sed -E "${changes[@]}"
}
