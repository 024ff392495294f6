#!/usr/bin/env bash
# Checks as much of the recipe for kind as can be without kind: its steps run on Debian with systemd (the lab's own
# image in place of kind's), and a machine made by them joins slurmctld and runs a job. Leaves nothing behind.
#
# usage: sudo tests/lab/containers/kind/check.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=bebida-kind-check-$$
lab=$(mktemp -d)
# shellcheck disable=SC1091 # It is checked by itself.
source "$here/../docker.sh"

# shellcheck disable=SC2317 # The trap calls it.
clean_up() {
    docker rm --force --volumes "$name-controller" "$name-worker" >/dev/null 2>&1 || true
    docker network rm "$name" >/dev/null 2>&1 || true
    docker rmi "$name:controller" "$name:node" >/dev/null 2>&1 || true
    docker_stop_unused
    rm -rf "$lab"
}

docker_acquire
trap clean_up EXIT
image=$("$here/../image.sh")
"$here/images.sh" "$image" "$name" >"$lab/build.log" 2>&1 || {
    cat "$lab/build.log" >&2
    exit 1
}

mkdir "$lab/kubernetes" "$lab/configuration"
head -c 128 /dev/urandom >"$lab/munge.key"
cp "$here/bebida.yaml" "$lab/configuration"
# There is no Kubernetes here.
touch "$lab/kubernetes/ready" "$lab/kubernetes/bebida.kubeconfig"
printf '%s\n' LAB_NODES=worker LAB_PLUGIN=no LAB_SPANK=no >"$lab/site"
# Not what Docker would take by itself: a Docker that is gone may have left its bridge there.
docker network create --subnet "10.232.$((RANDOM % 256)).0/24" "$name" >/dev/null
"$here/controller.sh" "$name:controller" "$name-controller" "$name" "$lab"
docker run --detach --name "$name-worker" --hostname worker --network "$name" --network-alias worker \
    --cgroupns private --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined \
    --security-opt apparmor=unconfined --tmpfs /run:exec,mode=755 --tmpfs /tmp --volume "$lab:/lab:ro" \
    "$name:node" /sbin/init >/dev/null
docker_release

while ((SECONDS < 180)); do
    if [[ $(docker exec "$name-controller" timeout 20 srun --immediate=5 hostname 2>"$lab/srun") == worker ]]; then
        echo "a machine of the recipe ran a job of Slurm"
        exit 0
    fi
    sleep 0.1
done
cat "$lab/srun" >&2
docker exec "$name-worker" journalctl --no-pager | tail -n 50 >&2
exit 1
