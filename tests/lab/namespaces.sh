# shellcheck shell=bash
# A cluster's hosts, head, n1 and n2, each in a network namespace of its own, with one Debian for all; and beside them
# Kubernetes, the embedded API with hollow kubelets. For scripts that run in namespaces (unshare --net --uts --mount --pid)
# of their own, and source this. Takes four arguments: the repository, that Debian, kubectl, and a folder for all that is
# written.

# Not every command that fails says so.
set -E
trap 'echo "${BASH_SOURCE[0]}, line $LINENO: exit code $? of: $BASH_COMMAND" >&2' ERR

tree=$1 root=$2 kubectl=$3 lab=$4
hosts=(n1 n2)
system=$lab/system
declare -A namespace

# on HOST COMMAND...: runs it there, as root.
on() {
    nsenter --target "${namespace[$1]}" --net --uts chroot "$system" "${@:2}"
}

# is WHAT EXPECTED ACTUAL: tells whether a promise is kept.
failures=0
is() {
    if [[ $2 == "$3" ]]; then
        echo "ok: $1"
    else
        echo "NOT: $1: expected '$2', but it was '$3'"
        failures=$((failures + 1))
    fi
}

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
        # It is called so once it is in them, and no earlier.
        until_true "namespaces of $host" grep -qx sleep "/proc/$!/comm"
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
    until_true "the rights" kube apply -f "$tree/packaging/kubernetes/rbac.yaml"
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

# pods_on NODE: whether there are any, leaving ones among them.
pods_on() { kube get pods --field-selector "spec.nodeName=$1" --no-headers 2>&1 | grep -qv '^No resources'; }

# state NODE: "open", or "closed" and the holds on it.
state() {
    kube get node "$1" -o json | jq -r '[(if .spec.unschedulable then "closed" else "open" end),
        (.metadata.annotations // {} | keys[] | select(startswith("hold.bebida.io/")) | sub("hold.bebida.io/"; ""))] | join(" ")'
}
