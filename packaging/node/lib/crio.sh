# shellcheck shell=bash
# CRI-O, whose versions are Kubernetes' own.

crio_versions() { ((minor >= 28)) || wrong "--runtime crio: its repositories begin with 1.28"; }

crio_install() {
    if [[ $family == debian ]]; then
        repository cri-o "${CRIO_DEB//VERSION/1.$minor}" "$CRIO_KEY"
    else
        repository cri-o "${CRIO_RPM//VERSION/1.$minor}" "$CRIO_KEY" cri-o
        packages container-selinux
    fi
    packages cri-o
    hold cri-o
    if [[ -n $PAUSE_IMAGE ]]; then
        printf '[crio.image]\npause_image = "%s"\n' "$PAUSE_IMAGE" | put /etc/crio/crio.conf.d/90-bebida-node.conf || true
    fi
    run systemctl enable --now crio.service
}
