#!/bin/bash
# Makes, in a chroot, a stand-in for a site's mirror of pkgs.k8s.io: packages kubelet, kubeadm and kubernetes-cni in a signed
# repository, and on PATH before the real ones systemctl, modprobe and sysctl, for which there is no machine. What is called
# writes its arguments to /var/log/calls.
#
# usage: mirror.sh VERSION [no-cni]     such as 1.36.1; no-cni: without kubernetes-cni
set -euo pipefail
version=$1 cni=kubernetes-cni
[[ ${2:-} != no-cni ]] || cni=
mirror=/srv/mirror/v${version%.*}/deb
mkdir -p "$mirror" /var/log

# package NAME FILE...: of the files below /tmp/NAME.
package() {
    local name=$1 depends=${2:-}
    mkdir -p "/tmp/$name/DEBIAN"
    printf '%s\n' "Package: $name" "Version: $version-1.1" 'Architecture: all' 'Maintainer: stand-in <nobody@example.org>' \
        "Description: a stand-in for $name" ${depends:+"Depends: $depends"} >"/tmp/$name/DEBIAN/control"
    dpkg-deb --root-owner-group --build "/tmp/$name" "$mirror/${name}_$version-1.1_all.deb" >/dev/null
    rm -r "/tmp/$name"
}

# program FILE TEXT
program() {
    mkdir -p "$(dirname "$1")"
    printf '#!/bin/bash\necho "%s $*" >>/var/log/calls\n%s\n' "$(basename "$1")" "${2:-}" >"$1"
    chmod 755 "$1"
}

program /tmp/kubelet/usr/bin/kubelet
package kubelet $cni
if [[ -n $cni ]]; then
    program /tmp/kubernetes-cni/opt/cni/bin/loopback
    package kubernetes-cni
fi
program /tmp/kubeadm/usr/bin/kubeadm "
case \$1 in
    version) echo v$version ;;
    join)
        cp \"\$3\" /var/log/join.yaml
        stat --format %a \"\$3\" >/var/log/join.mode
        mkdir -p /etc/kubernetes
        echo '    server: https://10.0.0.1:6443' >/etc/kubernetes/kubelet.conf
        ;;
    reset) rm -rf /etc/kubernetes/kubelet.conf ;;
esac"
package kubeadm kubelet
for tool in systemctl modprobe sysctl; do program /usr/local/sbin/$tool; done

cd "$mirror"
for deb in *.deb; do
    dpkg-deb --field "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat --format %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
done >Packages
printf 'Origin: stand-in\nDate: %s\nSHA256:\n %s %s Packages\n' "$(date --utc --rfc-email)" "$(sha256sum Packages | cut -d' ' -f1)" "$(stat --format %s Packages)" >Release
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
gpg --batch --quiet --passphrase '' --quick-generate-key stand-in@example.org ed25519 sign never
gpg --batch --quiet --clearsign --output InRelease Release
gpg --batch --quiet --armor --export >Release.key
gpgconf --kill all
rm -r "$GNUPGHOME"
