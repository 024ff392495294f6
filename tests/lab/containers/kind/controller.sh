#!/usr/bin/env bash
# Starts slurmctld's machine in a Docker network where the nodes are found by their names.
#
# usage: controller.sh IMAGE NAME NETWORK LAB
set -euo pipefail
docker run --detach --name "$2" --hostname controller --network "$3" --network-alias controller \
    --entrypoint /usr/lib/bebida-lab/boot.sh --env LAB_ROLE=controller --env-file "$4/site" \
    --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    --tmpfs /run:exec,mode=755 --tmpfs /tmp --stop-signal SIGRTMIN+3 --volume "$4:/lab:ro" "$1" >/dev/null
