# shellcheck shell=bash
# Which container runtime; each has a page of its own, with <name>_install and <name>_versions.

choose_runtime() {
    : "${runtime:=$(noted runtime)}"
    : "${runtime:=containerd}"
    case $runtime in
        containerd) runtime_service=containerd.service cri_socket=unix:///run/containerd/containerd.sock ;;
        crio) runtime_service=crio.service cri_socket=unix:///run/crio/crio.sock ;;
        singularity) runtime_service=sycri.service cri_socket=unix:///run/singularity.sock ;;
        *) wrong "--runtime: $runtime is none of containerd, crio, singularity" ;;
    esac
}

remember_runtime() {
    [[ $dry_run == yes ]] || printf '%s\n' "$runtime" >"$state/runtime"
}

# check_versions: what cannot work is said before anything is done.
check_versions() {
    [[ $kubernetes =~ ^1\.[0-9]+(\.[0-9]+)?$ ]] || wrong "--kubernetes: '$kubernetes' is no version such as 1.36 or 1.36.2"
    minor=${kubernetes#1.}
    minor=${minor%%.*}
    ((minor >= 24)) || wrong "--kubernetes: pkgs.k8s.io has packages from 1.24 on"
    "${runtime}_versions"
}

install_runtime() { "${runtime}_install"; }
