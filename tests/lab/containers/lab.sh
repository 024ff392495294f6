#!/usr/bin/env bash
# Slurm and Kubernetes on machines that are containers.
#
# usage: sudo tests/lab/containers/lab.sh up [option...]
#          --name NAME          several labs may run beside each other (default: lab)
#          --nodes N            two to four nodes, n1, n2, … (default: 3)
#          --no-plugin          without prep_bebida.so in slurmctld
#          --spank              with spank_bebida.so in plugstack.conf
#          --real-api           a real kube-apiserver and etcd, from KUBEBUILDER_ASSETS
#          --real-kubelet       these, and a real kubelet with containerd on each node, a real scheduler and controllers
#          --configuration DIR  text that is added to slurm.conf, plugstack.conf and bebida.yaml: files of these names
#          --owner PID          the next lab that starts removes this one, if that process is gone by then
#        sudo tests/lab/containers/lab.sh down [--name NAME] [--logs DIR]
#        sudo tests/lab/containers/lab.sh list
#
# `up` prints what to try. BEBIDA_PREFIX (default build/lab) is where BeBiDa is installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
labs=${TMPDIR:-/tmp}/bebida-labs
cache=${BEBIDA_CACHE:-/var/cache/bebida-tests}
# shellcheck disable=SC1091 # It is checked by itself.
source "$here/docker.sh"

die() {
    printf 'lab.sh: %s\n' "$*" >&2
    exit 1
}

usage() {
    sed -n '/^# usage/,/^set/ { s/^#\( \|$\)//p }' "${BASH_SOURCE[0]}" >&2
    exit 2
}

compose() {
    local program=(docker-compose)
    if docker compose version >/dev/null 2>&1; then program=(docker compose); fi
    "${program[@]}" --project-name "bebida-$name" --project-directory "$here" --file "$here/compose.yaml" "$@"
}

# containers [--all]: the lab's that run, or all of it.
containers() {
    docker ps --quiet --filter "label=com.docker.compose.project=bebida-$name" "$@"
}

# start time of a process: with it a pid means one process only.
started() {
    local stat fields
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    read -ra fields <<<"${stat##*) }"
    printf '%s\n' "${fields[19]}"
}

# write_environment <image> <network>: what compose.yaml asks for, kept for later commands on this lab.
write_environment() {
    local dotnet kubectl=$cache/kubectl/1.32/kubectl kubebuilder=$lab/nothing words='--control 6444' program
    local needed=(etcd kube-apiserver)
    [[ $kubelet == hollow ]] || needed+=(kubelet kube-scheduler kube-controller-manager)
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    if [[ $api == real ]]; then
        kubebuilder=${KUBEBUILDER_ASSETS:-/usr/local/kubebuilder/bin} words=--real
        [[ $kubelet == hollow ]] || words+=' --all-plugins'
        for program in "${needed[@]}"; do
            [[ -x $kubebuilder/$program ]] || die "no $program in $kubebuilder"
        done
    fi
    [[ -x $kubectl ]] || die "no $kubectl; tests/setup.sh fetches it"
    cat >"$lab/environment" <<END
export BEBIDA_LAB='$lab' BEBIDA_LAB_NAME='$name' BEBIDA_LAB_IMAGE='$1' BEBIDA_LAB_NETWORK='$2' BEBIDA_LAB_NODES='$nodes'
export BEBIDA_LAB_PLUGIN='$plugin' BEBIDA_LAB_SPANK='$spank' BEBIDA_LAB_API='$words' BEBIDA_LAB_KUBELET='$kubelet'
export BEBIDA_LAB_KUBEBUILDER='$kubebuilder' BEBIDA_LAB_KUBECTL='$kubectl' BEBIDA_LAB_DOTNET='$dotnet'
END
    # shellcheck source=/dev/null
    source "$lab/environment"
}

# Copies, so that a build does not change what runs.
fill_directory() {
    local programs=$repository/build/dotnet/bin/BeBiDa.Containers/debug/programs
    local prefix=${BEBIDA_PREFIX:-$repository/build/lab} needed
    mkdir -p "$lab"/{nothing,configuration,prefix,programs}
    for needed in prep_bebida.so:"$plugin" spank_bebida.so:"$spank"; do
        [[ ${needed#*:} == no || -e $prefix/lib/slurm/${needed%:*} ]] ||
            die "no $prefix/lib/slurm/${needed%:*}; CONTRIBUTING.md says how it is built, BEBIDA_PREFIX names another prefix"
    done
    if [[ -d $prefix ]]; then cp -a "$prefix/." "$lab/prefix"; fi
    [[ -d $programs ]] || die "no $programs; \`dotnet build tests/lab/BeBiDa.Containers\` makes it"
    cp -r "$programs/." "$lab/programs"
    cp "$repository/packaging/kubernetes/rbac.yaml" "$lab/rbac.yaml"
    [[ -z $configuration ]] || cp -r "$configuration/." "$lab/configuration"
    (umask 077 && head -c 128 /dev/urandom >"$lab/munge.key")
    [[ -z $owner ]] || echo "$owner:$(started "$owner")" >"$lab/owner"
}

# On all machines together root may have so many inotify instances. systemd has some ten on each machine, and a kubelet some
# ten more. By the kernel's default of 128 a third lab's systemd ends as it starts, and a second lab's kubelets do.
allow_watches() {
    local limit=/proc/sys/fs/inotify/max_user_instances wanted=1024
    (($(<$limit) >= wanted)) || echo $wanted >$limit ||
        echo "lab.sh: machines may fail to boot: $limit is $(<$limit), and stays so" >&2
}

# create_containers <service...>: on a network that nothing on this host uses.
create_containers() {
    local number taken image
    image=$("$here/image.sh")
    taken=$(ip -4 -o route; docker network ls --quiet | xargs -r docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}')
    for number in {0..255}; do
        ! grep -qF "10.231.$number." <<<"$taken" || continue
        write_environment "$image" "10.231.$number"
        # One first: whoever comes first fills the volume of homes from the image, and Docker lets two of them collide.
        compose up --no-start controller
        compose up --no-start "$@"
        return
    done
    die "no network 10.231.*.0/24 is free; \`lab.sh list\` names the labs that run"
}

say_what_to_try() {
    cat <<END

The lab "$name" boots. Its directory is $lab.
    ${DOCKER_HOST:+export DOCKER_HOST=$DOCKER_HOST
    }docker exec bebida-$name-controller srun -N2 hostname        (as a user: docker exec --user alice …)
    kubectl --kubeconfig $lab/kubernetes/kubernetes-admin.kubeconfig get nodes
    docker exec bebida-$name-n1 systemctl status kubelet
    docker exec bebida-$name-controller bebidactl status
    docker kill bebida-$name-n1; docker start bebida-$name-n1
    $0 down --name $name
END
}

up() {
    [[ ! -e $lab ]] || die "there is a lab \"$name\" already; \`lab.sh down --name $name\` ends it"
    [[ $nodes == [2-4] ]] || die "a lab has two to four nodes, not $nodes"
    local services=(api controllers controller) number
    for ((number = 1; number <= nodes; number++)); do services+=("n$number"); done
    mkdir -p "$lab"
    # What did not come up leaves nothing behind.
    trap down EXIT
    # Held to the end: a `down` in the meantime waits until there is all that it has to remove.
    docker_acquire
    echo "${DOCKER_HOST-}" >"$lab/docker-host"
    remove_abandoned
    allow_watches
    fill_directory
    create_containers "${services[@]}"
    compose up --no-recreate --detach "${services[@]}"
    docker_release
    trap - EXIT
    say_what_to_try
}

# Labs whose owner is gone.
remove_abandoned() {
    local other pid since
    for other in "$labs"/*/owner; do
        [[ -e $other ]] || continue
        pid=$(<"$other")
        since=$(started "${pid%%:*}")
        if [[ -z $since || $since != "${pid#*:}" ]]; then
            remove "$(basename "$(dirname "$other")")"
        fi
    done
}

# remove <name>
remove() {
    local name=$1 lab=$labs/$1 container
    if [[ -e $lab/environment ]]; then
        # shellcheck source=/dev/null
        source "$lab/environment"
        for container in $(containers); do
            docker exec "$container" /usr/lib/bebida-lab/thaw.sh >/dev/null 2>&1 || true
        done
        compose down --volumes --timeout 0
    fi
    rm -rf -- "$lab"
}

down() {
    docker_acquire
    [[ -z $logs ]] || save_logs
    remove "$name"
    docker_stop_unused
    docker_release
}

save_logs() {
    local container service
    mkdir -p "$logs"
    for container in $(containers --all); do
        service=$(docker inspect --format '{{ index .Config.Labels "com.docker.compose.service" }}' "$container")
        docker logs "$container" >"$logs/$service.log" 2>&1
        docker exec "$container" journalctl --no-pager >"$logs/$service.journal" 2>/dev/null || true
        docker cp "$container:/var/log/slurm" "$logs/$service" 2>/dev/null || true
    done
}

list() {
    local one
    for one in "$labs"/*/; do
        [[ ! -e $one ]] || basename "$one"
    done
}

name=lab nodes=3 plugin=yes spank=no api=embedded kubelet=hollow configuration='' owner='' logs=''
verb=${1-}
shift || usage
while (($# > 0)); do
    case $1 in
        --no-plugin) plugin=no ;;
        --spank) spank=yes ;;
        --real-api) api=real ;;
        --real-kubelet) api=real kubelet=real ;;
        --name | --nodes | --configuration | --owner | --logs)
            (($# > 1)) || usage
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) usage ;;
    esac
    shift
done
lab=$labs/$name
case $verb in
    up | down | list) "$verb" ;;
    *) usage ;;
esac
