#!/usr/bin/env bash
# shellcheck disable=SC2016 # dpkg-query's own names, and a shell of its own.
# A node's way into a cluster and out of it; run by check.sh, in namespaces of its own.
set -euo pipefail
tree=$1 root=$2 lab=$3
system=$lab/system

failures=0
# is WHAT EXPECTED ACTUAL
is() {
    if [[ $2 == "$3" ]]; then
        echo "ok: $1"
    else
        printf "NOT: %s: expected '%s', but it was '%s'\n" "$@"
        failures=$((failures + 1))
    fi
}
# says WHAT PATTERN: of what the last run has said.
says() { is "$1" yes "$(if grep -qE -- "$2" "$lab/log"; then echo yes; else tail -n 5 "$lab/log"; fi)"; }

# node ARGUMENT...: bebida-node on the machine; prints its exit code.
node() {
    local code=0
    chroot "$system" env "${settings[@]}" /usr/libexec/bebida/node/bebida-node "$@" >"$lab/log" 2>&1 || code=$?
    echo $code
}
settings=(KUBERNETES_DEB=file:///srv/mirror/vVERSION/deb/)
calls() { cat "$system/var/log/calls" 2>/dev/null; }
forget() { rm -f "$system/var/log/calls"; }
# What an admin would look at: configuration, and what lies outside of packages.
files() {
    chroot "$system" find etc opt usr/local var/lib/bebida-node -type f -not -path '*/ca-certificates*' -exec sha256sum {} + 2>/dev/null |
        grep -vE 'ld.so.cache|etc/(passwd|group|shadow|gshadow)-?$' | sort -k2 || true
}

mount --make-rprivate /
mkdir "$system" "$lab/changes"
mount -t tmpfs none "$lab/changes"
mkdir "$lab/changes/upper" "$lab/changes/work"
mount -t overlay -o "lowerdir=$root,upperdir=$lab/changes/upper,workdir=$lab/changes/work" none "$system"
mount -t proc none "$system/proc"
mount --rbind /dev "$system/dev"
cp /etc/resolv.conf "$system/etc/resolv.conf"
hostname n1
mkdir -p "$system/usr/libexec/bebida"
cp -r "$tree/packaging/node" "$system/usr/libexec/bebida/node"
cp "$tree/tests/lab/node/mirror.sh" "$system/tmp"
chroot "$system" /tmp/mirror.sh 1.36.1
before=$(files)

is "a dry run installs nothing" 0 "$(node install --kubernetes 1.36 --dry-run)"
says "and tells what would be" '^\+ env DEBIAN_FRONTEND=noninteractive apt-get install .*containerd'
is "and it was nothing" "$before" "$(files)"

is "it installs" 0 "$(node install --kubernetes 1.36)"
is "Debian's containerd" 1 "$(chroot "$system" containerd --version | grep -c ' 1\.')"
says "which is older than Kubernetes asks for, and that is said" 'warning: containerd 1\..*: Kubernetes supports 2\.0'
is "with kubelet's cgroup driver" 'SystemdCgroup = true' "$(grep -o 'SystemdCgroup = .*' "$system/etc/containerd/config.toml")"
is "and the plugins' folder" 'bin_dir = "/opt/cni/bin"' "$(grep -o 'bin_dir = .*' "$system/etc/containerd/config.toml")"
is "which containerd reads" 1 "$(chroot "$system" containerd config dump | grep -c 'SystemdCgroup = true')"
is "the version that was asked for" "v1.36.1" "$(chroot "$system" kubeadm version --output short)"
is "kept from upgrades" "kubeadm kubelet" "$(chroot "$system" apt-mark showhold | sort | xargs)"
is "kernel modules and settings, and services" 5 "$(calls | grep -cE '^(modprobe --all overlay br_netfilter|sysctl --load=/etc/sysctl.d/90-bebida-node.conf|systemctl enable containerd.service|systemctl restart containerd.service|systemctl enable kubelet.service)$')"
says "what to write into bebida.yaml" 'services: \[kubelet.service, containerd.service\]'

forget
after=$(files)
is "again" 0 "$(node install --kubernetes 1.36)"
is "changes nothing" "$after" "$(files)"
is "and restarts nothing" 0 "$(calls | grep -cE 'restart|modprobe|^sysctl' || true)"
is "another version is not installed over it" 1 "$(node install --kubernetes 1.35)"
says "but told how to" 'kubeadm is v1\.36\.1 already.*kubeadm upgrade node'

chroot "$system" openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=kubernetes -keyout /tmp/ca.key -out /tmp/ca.crt 2>/dev/null
hash=$(chroot "$system" sh -c "openssl x509 -pubkey -in /tmp/ca.crt | openssl rsa -pubin -outform der 2>/dev/null | openssl dgst -sha256 -hex" | sed 's/^.* //')
token=abcdef.0123456789abcdef
echo "$token" >"$system/tmp/token"
is "no join without the CA" 2 "$(node join --endpoint 10.0.0.1:6443 --token-file /tmp/token)"
says "since that would believe anyone" "the cluster's CA is needed"
is "nor without a token" 2 "$(node join --endpoint 10.0.0.1:6443 --ca-cert /tmp/ca.crt)"
is "nor to no endpoint" 2 "$(node join --endpoint https://10.0.0.1 --ca-cert /tmp/ca.crt --token-file /tmp/token)"
join=(--endpoint 10.0.0.1:6443 --ca-cert /tmp/ca.crt --token-file /tmp/token --node-ip 10.0.0.11 --label bebida.io/lent=true --label rack=7 --taint bebida.io/lent=true:NoSchedule)
is "a dry run of a join" 0 "$(node join --dry-run "${join[@]}")"
is "shows no token" 0 "$(grep -c "$token" "$lab/log" || true)"
mkdir -p "$system/run/bebida/jobs" && touch "$system/run/bebida/jobs/42"
is "no join while a job has the node" 1 "$(node join "${join[@]}")"
says "which is named" '^bebida-node: job 42 has this node'
rm "$system/run/bebida/jobs/42"
touch "$system/run/bebida/linger"
is "nor while it is kept for the next one" 1 "$(node join "${join[@]}")"
rm "$system/run/bebida/linger"
is "it joins" 0 "$(node join "${join[@]}")"
is "with the CA's hash, as kubeadm's documentation computes it" "    caCertHashes: [\"sha256:$hash\"]" "$(grep caCertHashes "$system/var/log/join.yaml")"
is "as what it is" 'apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    apiServerEndpoint: "10.0.0.1:6443"
nodeRegistration:
  name: "n1"
  criSocket: "unix:///run/containerd/containerd.sock"
  taints:
    - {key: "bebida.io/lent", value: "true", effect: "NoSchedule"}
  kubeletExtraArgs:
    - {name: "node-labels", value: "bebida.io/lent=true,rack=7"}
    - {name: "node-ip", value: "10.0.0.11"}' "$(grep -vE 'caCertHashes|token' "$system/var/log/join.yaml")"
is "the token where nobody else reads it" 600 "$(cat "$system/var/log/join.mode")"
is "neither in an argument nor left behind" "" "$(calls | grep -F "$token" || true)$(grep -rlF "$token" "$system/etc" "$system/var/lib/bebida-node" || true)$(find "$system/tmp" -name 'tmp.*')"
is "again" 0 "$(node join "${join[@]}")"
says "it is joined already" 'joined already \(https://10.0.0.1:6443\)'

mkdir -p "$system/etc/cni/net.d" && touch "$system/etc/cni/net.d/10-flannel.conflist"
# A firewall of its own, for the chains that a network of pods leaves.
reset_in_own_network() {
    local code=0
    unshare --net bash -ec '
        in_system() { chroot "$@"; }
        in_system "$1" sh -ec "iptables -A INPUT -p tcp --dport 6819 -j ACCEPT
            iptables -N KUBE-FORWARD; iptables -A FORWARD -j KUBE-FORWARD; iptables -t nat -N CNI-abc; iptables -t nat -A POSTROUTING -j CNI-abc"
        in_system "$1" env /usr/libexec/bebida/node/bebida-node "${@:2}"
        in_system "$1" iptables-save >"$1/tmp/rules"' - "$system" "$@" >"$lab/log" 2>&1 || code=$?
    echo $code
}
forget
is "it rejoins" 0 "$(reset_in_own_network rejoin "${join[@]}")"
is "after a reset" "kubeadm reset, kubeadm join" "$(calls | grep -oE '^kubeadm (reset|join)' | paste -sd, | sed 's/,/, /')"
is "that took away the network's configuration" no "$([[ -e $system/etc/cni/net.d/10-flannel.conflist ]] && echo yes || echo no)"
is "and its chains" 0 "$(grep -cE 'KUBE|CNI' "$system/tmp/rules" || true)"
is "and not the node's own rules" 1 "$(grep -c -- '--dport 6819 -j ACCEPT' "$system/tmp/rules")"

forget
is "it is removed" 0 "$(reset_in_own_network remove)"
is "with what it had installed" "" "$(chroot "$system" dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' containerd runc kubelet kubeadm kubernetes-cni 2>/dev/null | grep ' installed' || true)"
is "and nothing else is different" "$before" "$(files)"

# Installed for another package that is gone.
chroot "$system" sh -c 'apt-get install --yes --no-install-recommends containerd && apt-mark auto containerd' >/dev/null 2>&1
is "beside a containerd that was there" 0 "$(node install --kubernetes 1.36.1)"
is "it is removed again" 0 "$(reset_in_own_network remove)"
is "and that containerd stays, configured as it was" "installed, 0" "$(chroot "$system" dpkg-query --show --showformat '${db:Status-Status}' containerd), $(grep -c SystemdCgroup "$system/etc/containerd/config.toml" || true)"

chroot "$system" sh -c '/tmp/mirror.sh 1.30.4 no-cni && apt-get install --yes --no-install-recommends containernetworking-plugins' >/dev/null 2>&1
is "where the repository has no CNI plugins" 0 "$(node install --kubernetes 1.30)"
is "Debian's serve" yes "$(chroot "$system" test -x /opt/cni/bin/loopback && echo yes)"
is "an older kubeadm" 0 "$(node join --endpoint 10.0.0.1:6443 --ca-hash "sha256:$hash" --token-file /tmp/token)"
is "is spoken to as it understands, and by default with the label of lent nodes" 'apiVersion: kubeadm.k8s.io/v1beta3,    node-labels: "bebida.io/lent=true"' "$(grep -E 'apiVersion|node-labels' "$system/var/log/join.yaml" | paste -sd,)"
is "which go with the rest" "0, 0" "$(reset_in_own_network remove), $(find "$system/opt/cni/bin" -mindepth 1 | wc -l)"

is "Singularity where kubelet does not take its CRI" 2 "$(node install --kubernetes 1.36 --runtime singularity)"
says "is refused with the reason" 'speaks v1alpha2 only, which kubelet takes up to 1\.25'
settings+=(SYCRI_ARCHIVE=file:///srv/sycri.tar.gz)
is "where it does" 0 "$(node install --kubernetes 1.25 --runtime singularity --dry-run)"
says "it is installed, with a warning" 'get no security fixes any more'
says "and its unit" 'ExecStart=/usr/local/bin/sycri'

is "CRI-O" 0 "$(node install --kubernetes 1.36 --runtime crio --dry-run)"
says "comes from its own repository, for that version" '/isv:/cri-o:/stable:/v1\.36/deb/ /$'
printf 'ID=ubuntu\nID_LIKE=debian\n' >"$system/tmp/ubuntu"
printf 'ID="rocky"\nID_LIKE="rhel centos fedora"\n' >"$system/tmp/rocky"
printf 'ID=arch\n' >"$system/tmp/arch"
settings=(OS_RELEASE=/tmp/ubuntu)
is "Ubuntu" 0 "$(node install --kubernetes 1.36 --dry-run)"
says "has Kubernetes' own packages where no mirror is named" '^    deb \[signed-by=/etc/apt/keyrings/kubernetes.asc\] https://pkgs.k8s.io/core:/stable:/v1\.36/deb/ /$'
says "and the key that is beside them" '^\+ fetch https://pkgs.k8s.io/core:/stable:/v1\.36/deb/Release.key to '
settings+=('CONTAINERD_DEB=https://download.docker.com/linux/ubuntu noble stable' CONTAINERD_KEY=https://download.docker.com/linux/ubuntu/gpg)
is "Docker's containerd" 0 "$(node install --kubernetes 1.36 --dry-run)"
says "where it is asked for" '^    deb \[signed-by=/etc/apt/keyrings/containerd.asc\] https://download.docker.com/linux/ubuntu noble stable$'
says "with its own key" '^\+ fetch https://download.docker.com/linux/ubuntu/gpg to /etc/apt/keyrings/containerd.asc$'
settings=(OS_RELEASE=/tmp/rocky KUBERNETES_RPM=https://mirror.example.org/k8s/VERSION/)
is "Rocky" 0 "$(node install --kubernetes 1.36.2 --dry-run)"
says "has RPMs, from the site's mirror" '^    baseurl=https://mirror.example.org/k8s/1.36/$'
says "that upgrade by hand only" '^    exclude=kubelet kubeadm kubernetes-cni cri-tools$'
says "of that very version" '^\+ dnf install --assumeyes --disableexcludes=all kubelet-1\.36\.2-\* kubeadm-1\.36\.2-\*$'
settings=(OS_RELEASE=/tmp/arch)
is "what is neither" 1 "$(node install --kubernetes 1.36 --dry-run)"
says "is named" 'arch: neither Debian, Ubuntu nor Rocky'

echo "$failures of a node's promises not kept, after $SECONDS s"
exit $((failures > 0))
