#!/usr/bin/env bash
# What pods cost a job on a node with a real kubelet and containerd, in the container lab: the time of its prolog there, by
# what it has to stop; the time from its epilog until Kubernetes says that the node is Ready, and the first pod on it; and what
# jobs in a row pay, with and without nodes.linger. Prints medians of some rounds, with the least and the most. Wants build/lab
# installed (see CONTRIBUTING.md), a kubelet in KUBEBUILDER_ASSETS, and nothing else to be running.
#   sudo tests/bench/real-node.sh [rounds]
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
containers=$here/../lab/containers
name=bench-$$
lab=${TMPDIR:-/tmp}/bebida-labs/$name
rounds=${1:-5}

work=$(mktemp -d)
trap '"$containers/lab.sh" down --name "$name" >/dev/null 2>&1; rm -rf "$work"' EXIT
mkdir "$work/configuration"
# Pods that ignore their end get as long.
echo 'eviction: {gracePeriod: 5s}' >"$work/configuration/bebida.yaml"
"$containers/lab.sh" up --name "$name" --nodes 2 --spank --real-kubelet --configuration "$work/configuration" --owner $$ >"$work/up" 2>&1 ||
    { cat "$work/up" >&2; exit 1; }
DOCKER_HOST=$(<"$lab/docker-host")
if [[ -n $DOCKER_HOST ]]; then export DOCKER_HOST; else unset DOCKER_HOST; fi
export KUBECONFIG=$lab/kubernetes/kubernetes-admin.kubeconfig
on_node() { docker exec --interactive "bebida-$name-n1" "$@"; }

# eventually <what> <function> [argument...]
eventually() {
    local what=$1 began=$SECONDS
    shift
    until "$@" 2>/dev/null; do
        ((SECONDS < began + 180)) || { echo "real-node.sh: after three minutes not yet: $what" >&2; exit 1; }
        sleep 0.1
    done
}

# is_ready <state>: True; Unknown when kubelet has not been heard of for four seconds.
is_ready() { [[ $(kubectl get node n1 --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == "$1" ]]; }
slurmd_runs() { on_node systemctl is-active --quiet slurmd kubelet; }

# pods_run <count>: and nothing else of pods, such as those that end.
pods_run() {
    [[ $(kubectl get pods --output 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}' | xargs) == \
        "$(for ((one = 0; one < $1; one++)); do printf 'True '; done | xargs)" ]]
}

# make_pods <count> <command>: of DaemonSets, which no eviction ends, so that all of them are the prolog's.
make_pods() {
    local number
    kubectl delete daemonsets --all >/dev/null
    for ((number = 0; number < $1; number++)); do
        kubectl apply --filename - >/dev/null <<END
{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "p$number"}, "spec": {
  "selector": {"matchLabels": {"app": "p$number"}}, "template": {"metadata": {"labels": {"app": "p$number"}}, "spec": {
    "nodeSelector": {"kubernetes.io/hostname": "n1"}, "terminationGracePeriodSeconds": 1,
    "containers": [{"name": "c", "image": "lab/busybox:1", "command": ["sh", "-c", "$2"]}]}}}}
END
    done
    eventually "$1 pods run" pods_run "$1"
}

# hook prolog|epilog: what slurmd starts for a job, and how long that takes, in seconds.
hook() {
    # shellcheck disable=SC2016 # It is for the node's shell.
    on_node env SLURM_CONF=/etc/slurm/slurm.conf SLURM_JOB_ID=4711 SLURM_JOBID=4711 SLURM_JOB_UID=0 SLURM_UID=0 SLURM_JOB_GID=0 \
        SLURM_JOB_USER=root SLURM_JOB_PARTITION=exclusive SLURMD_NODENAME=n1 bash -c '
        began=$EPOCHREALTIME
        /usr/sbin/slurmstepd spank "$0" </dev/null >/dev/null 2>/tmp/hook || { cat /tmp/hook >&2; exit 1; }
        awk "BEGIN { print $EPOCHREALTIME - $began }"' "$1"
}

# until_true <since> <kind of object> [name]: seconds until one of them is Ready.
until_true() {
    local since=$1 state now
    shift
    while read -r state; do
        now=$EPOCHREALTIME
        [[ $state != True ]] || break
    done < <(timeout 120 kubectl get "$@" --watch --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{"\n"}')
    awk "BEGIN { print $now - $since }"
}

# summary <file>: median (least to most)
summary() {
    [[ -s $1 ]] || { echo '-'; return; }
    sort -g "$1" | awk '{ all[NR] = $1 } END { printf "%.2f (%.2f to %.2f)", (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2, all[1], all[NR] }'
}

# measure <row> <pods>: with those that run, rounds of a job.
measure() {
    local round began file=$work/row
    rm -f "$file".*
    for ((round = 0; round < rounds; round++)); do
        eventually "$2 pods run" pods_run "$2"
        hook prolog >>"$file.prolog"
        # Once more: all is stopped by then.
        hook prolog >>"$work/stopped.prolog"
        eventually 'Kubernetes misses the node' is_ready Unknown
        [[ $2 == 0 ]] || eventually 'Kubernetes misses the pods' pods_miss
        began=$EPOCHREALTIME
        until_true "$began" node n1 >>"$file.ready" &
        [[ $2 == 0 ]] || until_true "$began" pods >>"$file.pod" &
        hook epilog >>"$file.epilog"
        wait
    done
    row "$1" "$file"
}

pods_miss() { [[ $(kubectl get pods --output 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}') != *True* ]]; }
row() { printf '%-44s %-24s %-24s %-24s %-24s\n' "$1" "$(summary "$2.prolog")" "$(summary "$2.epilog")" "$(summary "$2.ready")" "$(summary "$2.pod")"; }

# jobs_in_a_row <nodes.linger>: ten, three seconds apart, beginning with pods that ignore their end.
jobs_in_a_row() {
    local job file=$work/ten-$1
    on_node sh -c "printf 'eviction: {gracePeriod: 5s}\nnodes: {linger: %s}\n' $1 >/etc/bebida/bebida.yaml"
    eventually '3 pods run' pods_run 3
    for ((job = 0; job < 10; job++)); do
        hook prolog >>"$file"
        hook epilog >/dev/null
        sleep 3
    done
    awk -v linger="$1" '{ all += $1; slow += $1 >= 5 }
        END { printf "ten jobs in a row, nodes.linger: %-4s %d waited for such pods; all prologs took %.1f s\n", linger, slow, all }' "$file"
}

eventually 'n1 has booted' slurmd_runs
eventually 'n1 is Ready' is_ready True
# What boots five machines at once is not what is timed.
sleep 20
echo "$(lscpu | sed -n 's/^Model name: *//p'), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); kubelet $(kubectl version --output json 2>/dev/null | sed -n 's/.*"gitVersion": "\(.*\)",/\1/p' | tail -n 1); seconds, medians of $rounds"
printf '%-44s %-24s %-24s %-24s %-24s\n' 'on the node' 'prolog' 'epilog' 'epilog to Ready' 'epilog to the first pod'
measure 'no pods' 0
make_pods 3 "trap 'exit' TERM; sleep inf & wait"
measure '3 pods that end at once' 3
make_pods 3 "trap '' TERM; sleep inf"
measure '3 pods that ignore their end (grace 5 s)' 3
row 'nothing to stop (a second job on the node)' "$work/stopped"
jobs_in_a_row 0s
jobs_in_a_row 20s
echo "load at the end $(cut -d' ' -f1 /proc/loadavg)"
