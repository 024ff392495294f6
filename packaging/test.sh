#!/usr/bin/env bash
# Tries the Debian packages: builds them, and RPMs of the same files beside them, and follows docs/install.md in a chroot of
# each release, command by command, from apt install to a job whose node is held in Kubernetes, through an upgrade, to the
# removal. On one of them, also with a Slurm in /opt that no package knows, for which the plugins are built there.
#   sudo packaging/test.sh [bookworm|trixie|sid]...
# Slurm and munge are the release's own; Kubernetes is the tests': an embedded API server and a hollow kubelet. The chroot has no
# systemd and only a loopback; so what the SPANK plugin does to services is not tried here but by tests/system/BeBiDa.Nodes.Tests.
# BEBIDA_LAB_KEEP=1 leaves what has become of a chroot that failed. Exits with 77 where a chroot could not be made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source packaging/chroot.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

api=build/dotnet/bin/BeBiDa.EmbeddedApi/debug/BeBiDa.EmbeddedApi.dll
hollow=build/dotnet/bin/BeBiDa.HollowCluster/debug/hollow-cluster.dll
kubectl=${BEBIDA_CACHE:-/var/cache/bebida-tests}/kubectl/1.32/kubectl

# Has what builds the plugins, beside Slurm.
SOURCE_PACKAGES=("${SITE_PACKAGES[@]}" libslurm-dev cmake gcc libc6-dev libyaml-dev make pkgconf)
SOURCE_RELEASE=trixie

# In namespaces of its own: the API server and a hollow kubelet, and beside them the chroot.
inside() {
    local lower=$1 story=$2 work=$3 admin
    ip link set lo up
    # glibc finds no address for a name where there is no other than 127.0.0.1.
    ip address add 192.0.2.1/32 dev lo
    hostname n1
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/overlay" "$work/root"
    mkfifo "$work/ready"
    dotnet "$api" --directory "$work/api" > "$work/ready" &
    read -r admin < "$work/ready"
    dotnet "$hollow" --kubeconfig "$admin" --nodes n1 > "$work/hollow" 2>&1 &
    install -D -m 0600 "$admin" "$work/root/root/.kube/config"
    in_root "$work/root" bash "/root/$story.sh"
}

# Everything that the chroot gets before its story begins.
furnish() {
    local release=$1 root=$2
    mkdir -p "$root"/root/{packages,next} "$root"/usr/local/bin "$root"/etc/{slurm,apt/apt.conf.d}
    cp build/packages/"$release"/*.deb "$root/root/packages"
    cp build/packages/next/"$release"/*.deb "$root/root/next"
    cp docs/install.md packaging/test/{words.sh,story.sh,source.sh,application.yaml} "$root/root"
    cp packaging/test/slurm.conf "$root/etc/slurm"
    # There are none in the chroot. 22.05 cannot do without the plugin; this one touches nothing until it is used.
    case $release in
        bookworm) echo 'CgroupPlugin=cgroup/v1' ;;
        *) echo 'CgroupPlugin=disabled' ;;
    esac > "$root/etc/slurm/cgroup.conf"
    cp packaging/test/systemctl "$kubectl" "$root/usr/local/bin"
    # Whoever pastes the commands answers apt's question; nobody is there to.
    echo 'APT::Get::Assume-Yes "true";' > "$root/etc/apt/apt.conf.d/90assume-yes"
    printf '127.0.0.1 localhost\n192.0.2.1 n1\n' > "$root/etc/hosts"
}

# try <release> <story> <kind of chroot> [package...]
try() {
    local release=$1 story=$2 kind=$3 work failed=''
    complete "$release" "$kind" "${@:4}"
    work=$(mktemp -d "$CHROOTS/$release/work.XXXXXX")
    mkdir -p "$work"/{upper,overlay,root,api}
    furnish "$release" "$work/upper"
    printf '\n== %s, %s\n' "$release" "$story"
    # The shell of its own is another run of this script, see below.
    unshare --mount --uts --ipc --net --pid --fork --kill-child --mount-proc "${BASH_SOURCE[0]}" --inside "$CHROOTS/$release/$kind" "$story" "$work" ||
        failed=yes
    if [[ -n $failed && -n ${BEBIDA_LAB_KEEP-} ]]; then echo "The chroot's files: $work/upper"; else rm -rf "$work"; fi
    [[ -z $failed ]] || die "the packages fail on $release, $story"
}

[[ $(id -u) == 0 ]] || die 'chroots need root'
if [[ ${1-} == --inside ]]; then
    inside "$2" "$3" "$4"
    exit
fi
for release in "$@"; do
    [[ " ${RELEASES[*]} " == *" $release "* ]] || die "the releases are: ${RELEASES[*]}"
done
(($# > 0)) || set -- "${RELEASES[@]}"

mapfile -t wanted < <(printf -- '--release\n%s\n' "$@")
# RPMs of one release are enough: the files are the same.
rpm=()
[[ $1 != "${RELEASES[0]}" ]] || rpm=(--rpm)
packaging/build.sh "${wanted[@]}" "${rpm[@]}"
# The next one is the same but for its version: nothing to test in it once more.
DEB_BUILD_OPTIONS=nocheck packaging/build.sh "${wanted[@]}" --version "$(sed -nE 's/^project\(bebida VERSION ([0-9.]+).*/\1/p' CMakeLists.txt).1" --output build/packages/next
dotnet build tests/support/BeBiDa.HollowCluster --nologo -v quiet
dotnet build tests/support/BeBiDa.EmbeddedApi --nologo -v quiet
tests/support/kubectl.sh > /dev/null

for release in "$@"; do
    try "$release" story site
    [[ $release != "$SOURCE_RELEASE" ]] || try "$release" source source "${SOURCE_PACKAGES[@]}"
done
printf '\nThe packages hold on: %s\n' "$*"
