# shellcheck shell=bash
# Where packages come from. A site with mirrors sets these in the environment or in /etc/bebida/node.conf; VERSION is put in
# for what comes before the second dot of Kubernetes' version (1.36).

read_sources() {
    # shellcheck disable=SC1090 # The site's own.
    if [[ -r $1 ]]; then source "$1"; fi
    : "${KUBERNETES_DEB:=https://pkgs.k8s.io/core:/stable:/vVERSION/deb/}"
    : "${KUBERNETES_RPM:=https://pkgs.k8s.io/core:/stable:/vVERSION/rpm/}"
    : "${CRIO_DEB:=https://download.opensuse.org/repositories/isv:/cri-o:/stable:/vVERSION/deb/}"
    : "${CRIO_RPM:=https://download.opensuse.org/repositories/isv:/cri-o:/stable:/vVERSION/rpm/}"
    # Empty: the distribution's containerd, on Debian and Ubuntu. Otherwise where containerd.io is, with suite and component
    # (https://download.docker.com/linux/debian bookworm stable), and CONTAINERD_KEY. Rocky has none; the RPMs are Docker's.
    : "${CONTAINERD_DEB:=}"
    : "${CONTAINERD_RPM:=https://download.docker.com/linux/rhel/\$releasever/\$basearch/stable/}"
    # A key that signs the packages, where it is not beside them.
    : "${KUBERNETES_KEY:=}" "${CRIO_KEY:=}" "${CONTAINERD_KEY:=}"
    # An archive of sycri's program and configuration; nobody packages it.
    : "${SYCRI_ARCHIVE:=}"
    # The image that every pod begins with, where nodes do not reach registry.k8s.io.
    : "${PAUSE_IMAGE:=}"
}

# fetch URL: to standard output.
fetch() { curl --fail --silent --show-error --location "$1" || die "$1 cannot be fetched; docs/nodes.md says how to name a mirror"; }
