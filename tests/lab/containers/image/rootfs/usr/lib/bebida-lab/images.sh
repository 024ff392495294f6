#!/bin/bash
# Imports two images, both of Debian's busybox: lab/pause:1, which waits until it is told to end, and lab/busybox:1,
# which has a shell and its tools. Written by hand, as nothing here makes images: a layer, a configuration and a manifest each.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/layer/{bin,tmp,proc,sys,dev,etc}
cp /bin/busybox "$work/layer/bin/busybox"
for applet in $(busybox --list); do [[ $applet == busybox ]] || ln -s busybox "$work/layer/bin/$applet"; done
tar -C "$work/layer" --owner=0 --group=0 --mtime=@0 --sort=name -cf "$work/layer.tar" .
layer=sha256:$(sha256sum <"$work/layer.tar" | cut -d' ' -f1)

# image <name> <command>: its configuration, and its entry in the manifest.
image() {
    cat >"$work/$1.json" <<END
{"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"], "Cmd": $2},
 "rootfs": {"type": "layers", "diff_ids": ["$layer"]}, "history": [{"comment": "$1"}]}
END
    printf '{"Config": "%s.json", "RepoTags": ["docker.io/lab/%s:1"], "Layers": ["layer.tar"]}' "$1" "$1"
}
printf '[%s, %s]\n' "$(image pause '["/bin/sh", "-c", "trap exit TERM; sleep inf & wait"]')" "$(image busybox '["/bin/sh"]')" >"$work/manifest.json"
tar -C "$work" -c manifest.json {pause,busybox}.json layer.tar | ctr --namespace k8s.io images import - >/dev/null
