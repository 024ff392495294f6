#!/usr/bin/env bash
# Builds bebida-kind:controller and bebida-kind:node (or another name) on a kind node image.
#
# usage: images.sh NODE_IMAGE [NAME]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=${BEBIDA_PREFIX:-$here/../../../../build/lab}
name=${2-bebida-kind}

[[ -e $prefix/lib/slurm/spank_bebida.so ]] || {
    echo "images.sh: BeBiDa is not installed under $prefix; CONTRIBUTING.md says how" >&2
    exit 1
}
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp -r "$prefix" "$context/prefix"
cp -r "$here/../image/rootfs" "$context/rootfs"
cp "$here/slurm-site.service" "$here/Dockerfile" "$context"
for target in controller node; do
    words=(--tag "$name:$target")
    [[ $target == node ]] || words+=(--target "$target")
    docker build --network host --build-arg "NODE_IMAGE=$1" "${words[@]}" "$context"
done
