# What the stories in a chroot are told in; sourced by them.
# shellcheck shell=bash

say() {
    printf '%3ds  %s\n' "$SECONDS" "$*"
}

fail() {
    printf 'FAILED: %s\n' "$*"
    kubectl get node n1 -o yaml || true
    kubectl get pods -o wide || true
    tail -n 40 /var/log/slurm/*.log /root/*.log || true
    exit 1
}

# eventually <what> <command...>: within two minutes, however busy the machine is.
eventually() {
    local what=$1 end=$((SECONDS + 120))
    shift
    until "$@" > /dev/null 2>&1; do
        ((SECONDS < end)) || fail "not within two minutes: $what"
        sleep 0.1
    done
}

must() {
    local what=$1
    shift
    "$@" > /dev/null || fail "$what"
}

must_not() {
    local what=$1
    shift
    ! "$@" > /dev/null 2>&1 || fail "$what"
}

# documented <section> [pattern]: the commands of that section of docs/install.md, as they stand, but for lines with the pattern.
documented() {
    awk -v section="$1" '/^##+ / { sub(/^#+ /, ""); here = $0 == section } /^```/ { code = here && $0 == "```sh"; next } code' /root/install.md | grep -v "${2:-^$}" > "/root/$1.sh"
    [[ -s /root/$1.sh ]] || fail "docs/install.md has no commands under $1"
    bash -eux "/root/$1.sh" > "/root/$1.log" 2>&1 || fail "the commands of docs/install.md under $1"
}

node() { kubectl get node n1 -o "jsonpath=$1"; }
holds() { node '{.metadata.annotations}' | grep -o 'hold.bebida.io/site\.[0-9]*'; }
is_held() { [[ $(node '{.spec.unschedulable}') == true ]] && holds; }
is_free() { [[ -z $(node '{.spec.unschedulable}') ]] && ! holds; }
is_held_by() { is_held && holds | grep -qx "hold.bebida.io/site.$1"; }
pods() { kubectl get pods --field-selector=spec.nodeName=n1,status.phase=Running --no-headers 2> /dev/null | wc -l; }
has_pods() { (($(pods) == 2)); }
has_no_pods() { (($(pods) == 0)); }
is_on_node() { [[ -e /run/bebida/jobs/$1 ]]; }
none_on_node() { [[ -z $(ls -A /run/bebida/jobs 2> /dev/null) ]]; }
is_drained() { sinfo -h -R -o %E | grep '^bebida: '; }
is_idle() { [[ $(sinfo -h -o %t) == idle ]]; }
version_of() { dpkg-query -W -f '${Version}' "$1"; }

# A job of an ordinary user that runs until it is let go.
submit() {
    rm -f /tmp/go
    runuser -u user -- sbatch --parsable --output=/dev/null --wrap 'until [ -e /tmp/go ]; do sleep 0.1; done'
}

# start_site: Slurm runs a job beside an application of Kubernetes.
start_site() {
    useradd --create-home user
    install -d -o slurm -g slurm /var/lib/slurm/slurmctld /var/log/slurm
    install -d /var/lib/slurm/slurmd
    systemctl start munge slurmctld slurmd > /root/start.log 2>&1
    eventually 'the node is idle' is_idle
    kubectl apply -f /root/application.yaml > /dev/null
    eventually 'an application of Kubernetes runs on the node' has_pods
    must 'a job runs before BeBiDa is there' runuser -u user -- srun true
    must 'the application runs on beside it' has_pods
    say "Slurm $(scontrol -V) runs a job beside two pods: BeBiDa is not there yet"
}
