#!/usr/bin/env bash
# Runs in a chroot as story.sh does, for a site whose Slurm is in /opt and known to no package: it gets BeBiDa by the commands
# of docs/install.md, builds the plugins, changes Slurm, and removes all of it. Ends with 0 only if all of it held.
set -euo pipefail
# shellcheck source=packaging/test/words.sh
source "$(dirname "$0")/words.sh"
cd /root/packages

# Debian's own Slurm plays the one that the site has built, where none is there yet: moved to /opt, and its packages removed.
move_to_opt() {
    local packages name
    mapfile -t packages < <(dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' '*slurm*' | sed -n 's/^ii *//p')
    dpkg -L "${packages[@]}" | grep '^/usr/' | sort -u | tar -C / -c --no-recursion -T - 2> /dev/null | tar -C /root -x
    mv /root/usr /opt/slurm
    for name in slurmctld slurmd slurmstepd; do mv "/opt/slurm/sbin/$name-wlm" "/opt/slurm/sbin/$name"; done
    cp /etc/slurm/*.conf /root
    apt purge "${packages[@]}" > /root/purge.log 2>&1
    mkdir -p /etc/slurm
    mv /root/{slurm,cgroup}.conf /etc/slurm
    getent passwd slurm > /dev/null || useradd --system slurm
    printf '%s\n' /opt/slurm/lib/x86_64-linux-gnu{,/slurm-wlm} > /etc/ld.so.conf.d/slurm.conf
    ldconfig
    echo 'PluginDir=/opt/slurm/lib/x86_64-linux-gnu/slurm-wlm' >> /etc/slurm/slurm.conf
}

# Does what systemd does with the site's own units and the drop-ins for them.
cat > /usr/local/bin/systemctl << 'END'
#!/bin/bash
verb=$1
shift
for unit in "$@"; do
    case $unit in
        slurmctld | slurmd)
            [[ $verb != restart ]] || start-stop-daemon --stop --quiet --retry TERM/30 --exec "/opt/slurm/sbin/$unit"
            line=$(sed -n 's/^ExecStartPre=-+//p' "/usr/lib/systemd/system/$unit.service.d"/*.conf 2> /dev/null)
            eval "$line"
            [[ $unit != slurmd ]] || set -- -d /opt/slurm/sbin/slurmstepd
            "/opt/slurm/sbin/$unit" "$@" || exit
            ;;
        *) service "$unit" "$verb" ;;
    esac
done
END

# The check exits with 1 for whatever it finds.
plugin_finding() { { bebidactl check --output json || true; } | grep -A 5 '"check": *"plugin/'; }

# Plugins for another release, as an update of Slurm leaves them.
build_for_another() {
    cp -a /opt/slurm/include /root/include
    sed -i -E 's/^(#define SLURM_VERSION_NUMBER) .*/\1 0x170b0b/' /root/include/slurm/slurm_version.h
    cmake -S /usr/src/bebida-* -B /root/other -DSLURM_INCLUDE_DIR=/root/include -DSLURM_LIBRARY="$(find /opt/slurm -name libslurm.so)" \
        -DBEBIDA_LIBDIR=/usr/lib/bebida -DBEBIDA_SLURM_PLUGINDIR="$plugins" && cmake --build /root/other --parallel 2
}

held_and_returned() {
    local job
    job=$(submit)
    eventually "Kubernetes shows job $job's hold" is_held_by "$job"
    eventually "the node notes job $job" is_on_node "$job"
    must "no pod is on the node while job $job runs" has_no_pods
    touch /tmp/go
    eventually "job $job's hold is gone" is_free
    eventually "the node has forgotten job $job" none_on_node
    eventually 'the node is idle' is_idle
}

[[ -e /opt/slurm ]] || move_to_opt
PATH=/opt/slurm/bin:/opt/slurm/sbin:$PATH
plugins=$(dirname "$(find /opt/slurm -name prep_script.so)")
start_site

documented 'Slurm that you built'
must_not "Debian's Slurm is installed with BeBiDa" test -e /usr/sbin/slurmctld
documented 'In ten steps' '^apt install'
eventually 'the node returns after the first job' is_free
held_and_returned
must_not 'bebidactl check finds fault with the plugins' plugin_finding
must 'what was built is what is needed' test -z "$(bebida-build-plugins --if-needed)"
say "the plugins were built for $(slurmctld -V) in /opt, and hold the node of a job"

build_for_another > /root/other.log 2>&1 || fail 'the plugins build for another release'
# "text file busy" and worse: as install(1) does, and make install.
install -t "$plugins" /root/other/*/{prep,spank}_bebida.so
plugin_finding > /root/finding || fail 'bebidactl check finds plugins of another release'
must 'it says what to do' grep -q '"write": *"bebida-build-plugins' /root/finding
scontrol shutdown slurmctld
has_ended() { ! pidof slurmctld; }
eventually 'slurmctld has ended' has_ended
slurmctld || true
eventually 'slurmctld refuses plugins of another release' grep 'fatal: failed to initialize prep plugin' /var/log/slurm/slurmctld.log
eventually 'slurmctld has ended' has_ended
plugin_finding > /root/finding || fail 'bebidactl check finds them while slurmctld does not start'
systemctl restart slurmctld slurmd > /root/restart.log 2>&1 || fail 'slurmctld starts after its plugins were built again'
eventually 'the node is idle' is_idle
held_and_returned
say "after an update of Slurm: $(grep -m 1 'building' /root/restart.log)"

rm "$plugins/spank_bebida.so"
mkdir -p /root/headers/{DEBIAN,usr/include/slurm}
printf 'Package: headers\nVersion: 1\nArchitecture: all\nMaintainer: a site\nDescription: headers of Slurm\n' > /root/headers/DEBIAN/control
touch /root/headers/usr/include/slurm/another.h
dpkg-deb --build /root/headers > /dev/null
dpkg -i /root/headers.deb > /root/trigger.log 2>&1
must 'packages of Slurm have the plugins built' test -e "$plugins/spank_bebida.so"

mv "$plugins/spank_bebida.so" /root
mv /usr/bin/cmake /root
systemctl restart slurmctld > /root/restart.log 2>&1 || fail 'slurmctld starts where its plugins cannot be built'
must 'the log says what is missing' grep -q 'missing: CMake. Install with: apt install cmake$' /root/restart.log
mv /root/cmake /usr/bin
mv /root/spank_bebida.so "$plugins"
(umask 077; bebida-build-plugins --destdir /root/image > /dev/null)
must 'a node without a compiler gets the same files' test -e "/root/image$plugins/prep_bebida.so" -a -x /root/image/usr/lib/bebida/bebida-recover
must 'Slurm reads them, whatever umask built them' test -z "$(find /root/image ! -type l ! -perm -004)"
must 'they are what is needed' test -z "$(bebida-build-plugins --destdir /root/image --if-needed)"
say "without CMake, slurmctld starts all the same: $(grep missing /root/restart.log)"

documented Remove
eventually 'the node is idle' is_idle
must 'a job runs after the removal' runuser -u user -- srun true
must 'the application runs on beside the job' has_pods
left=$(find / -xdev \( -path /root -o -path /proc -o -path /var/cache/apt -o -path /etc/bebida \) -prune -o -name '*bebida*' -print)
[[ -z $left ]] || fail "left behind: $left"
say 'removed: a job runs as before; nothing is left in /opt/slurm'
