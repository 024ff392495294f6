#!/usr/bin/env bash
# Makes what the lab's virtual machine boots from, and prints its folder: kernel, initrd and root.img. It is kept in
# BEBIDA_CACHE, and made anew only when what stands here or in image/ has changed. root.img is not to be written to: a
# machine writes to an overlay of its own.
#
# usage: sudo tests/lab/vm/image.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC1091 # It is checked by itself.
source "$here/../../../packaging/chroot.sh"

mapfile -t packages < <(sed '/^#/d' "$here/image/packages")
# What the kernel does not have built in: to reach its disks, its network and the control channel.
modules=(virtio_pci virtio_blk virtio_net virtio_console)
cache=${BEBIDA_CACHE:-/var/cache/bebida-tests}/vm

hash_of() {
    sha256sum | cut -c1-12
}

# make_initrd <root> <kernel's version> <file>: busybox, those modules in the order of their loading, and init.
make_initrd() {
    local tree
    tree=$(mktemp -d -p "$work")
    mkdir -p "$tree"/{bin,modules,proc,sys,dev,root}
    cp "$1/bin/busybox" "$tree/bin"
    install -m 755 "$here/image/init" "$tree/init"
    local path number=10
    while read -r path; do
        cp "$1$path" "$tree/modules/$((number++))-${path##*/}"
    done < <(for module in "${modules[@]}"; do chroot "$1" modprobe -S "$2" --show-depends "$module"; done | awk '!seen[$2]++ { print $2 }')
    (cd "$tree" && find . | "$1/bin/busybox" cpio -o -H newc) >"$3"
}

# The only image that pods are made of: busybox, as what `docker save` writes.
make_pod_image() {
    local tree=$work/pod layer
    mkdir -p "$tree/root/bin" "$tree/root/tmp"
    cp "$1/bin/busybox" "$tree/root/bin"
    for applet in sh sleep cat echo; do ln -s busybox "$tree/root/bin/$applet"; done
    tar -C "$tree/root" --owner 0 --group 0 -cf "$tree/layer.tar" .
    layer=$(sha256sum <"$tree/layer.tar" | cut -d' ' -f1)
    printf '{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/bin/sleep"],"Cmd":["infinity"],"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer" >"$tree/config.json"
    echo '[{"Config":"config.json","RepoTags":["bebida.test/pod:1"],"Layers":["layer.tar"]}]' >"$tree/manifest.json"
    tar -C "$tree" -cf "$2" manifest.json config.json layer.tar
}

make_image() {
    local root=$work/root version
    complete bookworm vm "${packages[@]}"
    mkdir "$root"
    cp -a "$CHROOTS/bookworm/vm/." "$root"
    version=$(basename "$root"/lib/modules/*)
    cp "$root/boot/vmlinuz-$version" "$1/kernel"
    make_initrd "$root" "$version" "$1/initrd"
    rm -rf "${root:?}"/boot/* "$root/usr/sbin/policy-rc.d" "$root"/var/{cache/apt,lib/apt/lists}/* "$root"/usr/share/{doc,man,locale,info}
    cp -r "$here/image/rootfs/." "$root"
    mkdir -p "$root/lab" "$root/usr/share/bebida-vm"
    make_pod_image "$root" "$root/usr/share/bebida-vm/pod.tar"
    # Not left to the first boot, which else would be a long one.
    echo "$2" | md5sum | cut -d' ' -f1 >"$root/etc/machine-id"
    in_root "$root" /usr/lib/bebida-vm/install.sh
    truncate -s 4G "$1/root.img"
    mke2fs -q -t ext4 -d "$root" "$1/root.img"
}

hash=$({
    cat "$here/image.sh" "$here/../../../packaging/chroot.sh"
    cd "$here/image"
    find . -type f -printf '%p %m\n' -exec sha256sum {} + | sort
} | hash_of)
folder=$cache/$hash
mkdir -p "$cache"
exec {lock}>"$cache/lock"
flock "$lock"
if [[ ! -d $folder ]]; then
    work=$(mktemp -d -p "$cache")
    trap 'rm -rf --one-file-system "$work"' EXIT
    echo "Making the virtual machine's image in $folder (a minute or two, once) ..." >&2
    mkdir "$work/new"
    make_image "$work/new" "$hash" >&2
    # Those of other recipes, which a machine may run from as yet.
    find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf --one-file-system {} +
    mv "$work/new" "$folder"
fi
touch "$folder"
echo "$folder"
