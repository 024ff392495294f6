#!/bin/sh
# Run once, as the image is made.
set -e
echo guest >/etc/hostname
printf '127.0.0.1 localhost\n10.0.2.15 guest\n10.0.2.2 host\n' >/etc/hosts
mkdir -p /etc/kubernetes/manifests
: >/etc/fstab
systemctl set-default multi-user.target
# What a machine without people, updates, a display or devices that come later has no use for makes its boot longer.
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    systemd-tmpfiles-clean.timer getty.target systemd-logind.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-firstboot.service systemd-machine-id-commit.service systemd-sysusers.service systemd-random-seed.service \
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-pstore.service systemd-ask-password-console.path \
    systemd-ask-password-wall.path sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount systemd-remount-fs.service \
    systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-modules-load.service kmod-static-nodes.service systemd-tmpfiles-setup-dev.service sys-kernel-config.mount \
    sys-fs-fuse-connections.mount
for module in configfs dm_mod drm efi_pstore fuse loop; do systemctl mask "modprobe@$module.service"; done
systemctl enable kubelet.service containerd.service munge.service slurmd.service qemu-guest-agent.service
groupadd --gid 2001 physics
useradd --uid 3001 --gid physics --create-home --shell /bin/bash alice
