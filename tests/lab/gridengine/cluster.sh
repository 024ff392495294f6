# shellcheck shell=bash
# A Grid Engine cluster in the namespaces of the process that sources this: the qmaster on the host head, execution hosts
# on n1 and n2, and Kubernetes beside them. Takes four arguments: the repository, a Debian with Grid Engine, kubectl, and a
# folder for all that is written.

tree=$1 root=$2 kubectl=$3 lab=$4
hosts=(n1 n2)
# One file system for all three, as where SGE_ROOT is on NFS.
system=$lab/system
declare -A namespace

# on HOST COMMAND...: runs it there, as root.
on() {
    nsenter --target "${namespace[$1]}" --net --uts chroot "$system" "${@:2}"
}

# admin COMMAND...: as Grid Engine's admin, on head. user COMMAND...: as someone who submits jobs.
admin() { on head setpriv --reuid sgeadmin --regid sgeadmin --clear-groups env SGE_ROOT=/var/lib/gridengine HOME=/ PATH=/usr/bin:/bin "$@"; }
user() { on head setpriv --reuid user --regid user --clear-groups env SGE_ROOT=/var/lib/gridengine HOME=/home/user PATH=/usr/bin:/bin "$@"; }

kube() { "$kubectl" --kubeconfig "$lab/api/kubernetes-admin.kubeconfig" "$@"; }

# until_true WHAT COMMAND...: waits for it; gives up after three minutes.
until_true() {
    local end=$((SECONDS + 180))
    until "${@:2}" >/dev/null 2>&1; do
        ((SECONDS < end)) || { echo "not within three minutes: $1" >&2; return 1; }
        sleep 0.1
    done
}

make_hosts() {
    mount --make-rprivate /
    mkdir "$lab/changes" "$system"
    mount -t tmpfs none "$lab/changes"
    mkdir "$lab/changes/upper" "$lab/changes/work"
    mount -t overlay -o "lowerdir=$root,upperdir=$lab/changes/upper,workdir=$lab/changes/work" none "$system"
    mount -t proc none "$system/proc"
    mount --rbind /dev "$system/dev"
    mount --rbind /sys "$system/sys"
    install -m 755 "$tree/build/lab/bin/bebidactl" "$system/usr/bin"
    install -D -m 755 "$tree/packaging/gridengine/bebida-hook" "$system/usr/libexec/bebida/bebida-hook"
    install -m 755 "$tree/packaging/gridengine/bebida-reconcile" "$system/usr/bin"
    chroot "$system" useradd --create-home user
    printf '10.77.0.%s\n' '1 head' '2 n1' '3 n2' >>"$system/etc/hosts"
    hostname head
    ip link set lo up
    ip link add name lab type bridge
    ip address add 10.77.0.1/24 dev lab
    ip link set lab up
    namespace[head]=1
    local host address=2
    for host in "${hosts[@]}"; do
        unshare --net --uts sleep infinity &
        namespace[$host]=$!
        until_true "namespaces of $host" bash -c "[[ \$(readlink /proc/$!/ns/net) != \$(readlink /proc/self/ns/net) ]]"
        ip link add name "$host" type veth peer name eth0 netns "${namespace[$host]}"
        ip link set "$host" master lab up
        nsenter --target "${namespace[$host]}" --net --uts sh -ec "hostname $host
            ip link set lo up; ip address add 10.77.0.$address/24 dev eth0; ip link set eth0 up"
        address=$((address + 1))
    done
}

start_kubernetes() {
    local bin=$tree/build/dotnet/bin
    "$bin/BeBiDa.EmbeddedApi/debug/BeBiDa.EmbeddedApi" --address 10.77.0.1 --directory "$lab/api" --identity bebida --control 0 \
        >"$lab/api.out" 2>"$lab/api.log" &
    until_true "the API" grep -q '^http' "$lab/api.out"
    # shellcheck disable=SC2034 # For those who make it fail.
    control=$(grep '^http' "$lab/api.out")
    kube apply -f "$tree/packaging/kubernetes/rbac.yaml" >/dev/null
    "$bin/BeBiDa.HollowCluster/debug/hollow-cluster" --kubeconfig "$lab/api/kubernetes-admin.kubeconfig" --nodes n1,n2,n3 >"$lab/hollow.log" 2>&1 &
    until_true "hollow kubelets" grep -q ready: "$lab/hollow.log"
    kube apply -f - >/dev/null <<'APP'
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: default}
spec:
  replicas: 6
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: main, image: hollow}]}
APP
    until_true "pods on n1" pods_on n1
    until_true "pods on n2" pods_on n2
    install -D -m 600 "$lab/api/bebida.kubeconfig" "$system/etc/bebida/kubeconfig"
    configure 'controller: {deadline: 30s}'
}

# configure YAML: bebida.yaml, but for the kubeconfig.
configure() { printf 'kubernetes: {kubeconfig: /etc/bebida/kubeconfig}\n%s\n' "$1" >"$system/etc/bebida/bebida.yaml"; }

# edit EXPRESSION OPTION...: qconf with what it opens an editor for.
edit() { admin env EDITOR=/tmp/edit EXPRESSION="$1" qconf "${@:2}"; }

start_gridengine() {
    local host direction spool=/var/spool/gridengine
    # What the packages make when they are installed on a host that knows its name.
    on head sh -ec "mkdir -p $spool/qmaster/job_scripts $spool/spooldb $spool/execd /var/lib/gridengine/default/common
        cp /usr/share/gridengine/default-bootstrap /var/lib/gridengine/default/common/bootstrap
        echo head >/var/lib/gridengine/default/common/act_qmaster
        rm -rf $spool/spooldb/*
        chown -R sgeadmin: $spool /var/lib/gridengine"
    admin /usr/share/gridengine/scripts/init_cluster /var/lib/gridengine default $spool/spooldb sgeadmin
    on head env SGE_ROOT=/var/lib/gridengine sge_qmaster
    until_true qmaster admin qconf -sh
    # shellcheck disable=SC2016 # For the shell there.
    printf '#!/bin/sh\nexec sed -i "$EXPRESSION" "$1"\n' >"$system/tmp/edit"
    chmod 755 "$system/tmp/edit"
    admin qconf -as head
    # A job that is put back may go to its host again after that has reported. A host asks for this when it starts.
    edit 's/^load_report_time.*/load_report_time 00:00:01/' -mconf
    for host in "${hosts[@]}"; do
        admin qconf -ah "$host"
        edit "s/template/$host/" -ae
        on "$host" env SGE_ROOT=/var/lib/gridengine sge_execd
    done
    # Jobs start at once, and not after the next round.
    edit 's/^schedule_interval.*/schedule_interval 0:0:1/' -msconf
    printf '%s\n' 'pe_name mpi' 'slots 99' 'user_lists NONE' 'xuser_lists NONE' 'start_proc_args NONE' 'stop_proc_args NONE' \
        'allocation_rule 1' 'control_slaves TRUE' 'job_is_first_task TRUE' 'urgency_slots min' 'accounting_summary FALSE' \
        'qsort_args NONE' >"$system/tmp/pe"
    admin qconf -Ap /tmp/pe
    edit 's/^pe_list.*/pe_list mpi/' -aq main.q
    admin qconf -rattr queue hostlist "${hosts[*]}" main.q
    admin qconf -rattr queue slots 2 main.q
    admin qconf -rattr queue load_thresholds NONE main.q
    admin qconf -rattr queue rerun TRUE main.q
    for direction in prolog epilog; do
        # shellcheck disable=SC2016 # Grid Engine's own words.
        admin qconf -rattr queue $direction \
            'root@/usr/libexec/bebida/bebida-hook '$direction' $job_id $ja_task_id $job_owner $queue $host' main.q
    done
}

# pods_on NODE: whether there are any, leaving ones among them.
pods_on() { kube get pods --field-selector "spec.nodeName=$1" --no-headers 2>&1 | grep -qv '^No resources'; }

# state NODE: "open", or "closed" and the holds on it.
state() {
    kube get node "$1" -o json | jq -r '[(if .spec.unschedulable then "closed" else "open" end),
        (.metadata.annotations // {} | keys[] | select(startswith("hold.bebida.io/")) | sub("hold.bebida.io/"; ""))] | join(" ")'
}

# keep_logs: what is to be read after a failure, when the namespaces are gone.
keep_logs() {
    local log spool=$system/var/spool/gridengine
    for log in "$system/var/log/bebida-hook.log" "$spool/qmaster/messages" "$spool"/execd/*/messages "$system"/tmp/*messages*; do
        [[ ! -e $log ]] || cp "$log" "$lab/$(tr / . <<<"${log#"$system/"}").log"
    done
}
