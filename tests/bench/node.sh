#!/usr/bin/env bash
# What a job's prolog on its node costs with spank_bebida.so, beside an empty SPANK plugin in the same run, on a node of the
# container lab. Wants build/lab installed (see CONTRIBUTING.md) and nothing else to be running.
#   sudo tests/bench/node.sh [rounds]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
containers=$here/../lab/containers
bridge=$here/../../native/bridge
name=bench-$$
lab=${TMPDIR:-/tmp}/bebida-labs/$name

"$containers/lab.sh" up --name "$name" --nodes 2 --spank --owner $$ >/dev/null
trap '"$containers/lab.sh" down --name "$name" >/dev/null 2>&1' EXIT
DOCKER_HOST=$(<"$lab/docker-host")
if [[ -n $DOCKER_HOST ]]; then export DOCKER_HOST; else unset DOCKER_HOST; fi
on_node() { docker exec --interactive "bebida-$name-n1" "$@"; }

mkdir "$lab/bench"
cc -O2 -Wall -Wextra -D_GNU_SOURCE -I"$bridge" -o "$lab/bench/node" "$here/node.c" "$bridge/memory.c" -ldl
cc -O2 -Wall -Wextra -shared -fPIC -o "$lab/bench/empty.so" "$here/empty.c"
for ((tenths = 0; ; tenths++)); do
    if on_node systemctl is-active --quiet slurmd kubelet 2>/dev/null; then break; fi
    ((tenths < 1800)) || { echo "node.sh: n1 has not booted after three minutes" >&2; exit 1; }
    sleep 0.1
done
# What boots five machines at once is not what is timed.
sleep 20
on_node bash -s <<'END'
set -euo pipefail
for plugin in empty ours; do
    mkdir -p "/tmp/$plugin"
    cp /etc/slurm/cgroup.conf "/tmp/$plugin/"
    { cat /etc/slurm/slurm.conf; echo "PlugStackConfig=/tmp/$plugin/plugstack.conf"; } >"/tmp/$plugin/slurm.conf"
done
echo 'optional /lab/bench/empty.so' >/tmp/empty/plugstack.conf
echo 'optional spank_bebida.so config=/etc/bebida/bebida.yaml' >/tmp/ours/plugstack.conf
END
echo "$(lscpu | sed -n 's/^Model name: *//p'), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg); $(slurmd -V); libbebida_node.so $(stat -c %s "$lab/prefix/lib/bebida/libbebida_node.so") bytes"
on_node /lab/bench/node "${1:-200}" /tmp/empty/slurm.conf /tmp/ours/slurm.conf /usr/local/lib/bebida/libbebida_node.so
