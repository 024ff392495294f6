#!/usr/bin/env bash
# Runs in a chroot of a Debian release with Slurm, as test.sh has set it up: a site gets BeBiDa by the commands of
# docs/install.md, upgrades it and removes it. Ends with 0 only if all of it held.
set -euo pipefail
# shellcheck source=packaging/test/words.sh
source "$(dirname "$0")/words.sh"
cd /root/packages

start_site

documented 'In ten steps'
grep -E '^n1 +held +site\.[0-9]+ ' '/root/In ten steps.log' > /root/held || fail 'bebidactl status shows no hold to the first job'
say "installed by the commands of docs/install.md; the first job had: $(tr -s ' ' < /root/held)"
eventually 'the node returns after the first job' is_free
eventually 'the application returns with it' has_pods

job=$(submit)
eventually "Kubernetes shows job $job's hold" is_held_by "$job"
eventually "the node notes job $job" is_on_node "$job"
must "no pod is on the node while job $job runs" has_no_pods
say "job $job: $(holds), unschedulable, no pods; /run/bebida/jobs/$job"

slurm=$(dpkg-query -W -f '${source:Upstream-Version}' slurmctld)
[[ $(dpkg-query -W -f '${Depends}' bebida-plugins) == *"slurm-wlm-basic-plugins (<< "*"slurm-wlm-basic-plugins (>= $slurm)"* ]] || fail 'the package depends on the Slurm that it was built for'
must 'slurmctld reads the kubeconfig' runuser -u slurm -- test -r /etc/bebida/kubeconfig
must_not 'slurmctld may write the kubeconfig' runuser -u slurm -- test -w /etc/bebida/kubeconfig
must_not 'users read the kubeconfig' runuser -u user -- test -r /etc/bebida/kubeconfig
must_not 'debhelper adds what the packages do with units' grep 'by dh_installsystemd' /var/lib/dpkg/info/bebida-*
must 'the manual is there' man -w bebidactl bebida.yaml bebida
# shellcheck disable=SC2016 # for the inner shell
must 'bash completes bebidactl' bash -c 'set +u; source /usr/share/bash-completion/bash_completion; { _comp_load bebidactl || _load_comp bebidactl || __load_completion bebidactl; } 2> /dev/null; complete -p bebidactl'

echo '# ours' >> /etc/bebida/bebida.yaml
old=$(version_of bebida-slurmctld)
slurmctld=$(pidof slurmctld)
cd /root/next
documented Upgrade
must 'the version is a newer one' dpkg --compare-versions "$(version_of bebida-slurmctld)" gt "$old"
must 'the upgrade leaves slurmctld running' test "$(pidof slurmctld)" = "$slurmctld"
must 'an edited configuration stays' grep -q '^# ours$' /etc/bebida/bebida.yaml
must "job $job keeps its hold" is_held_by "$job"
touch /tmp/go
eventually "job $job's hold is gone" is_free
eventually "the node has forgotten job $job" none_on_node
say "upgraded to $(version_of bebida-slurmctld) while job $job ran and slurmctld stayed; after it the node returned"
job=$(submit)
eventually "job $job is held by the slurmctld of before" is_held_by "$job"
# A slurmctld that stops between allocation and launch forgets the launch.
eventually "the node notes job $job" is_on_node "$job"
# The reconciler looks when slurmctld starts: over it, the plugin asks slurmctld for its jobs and for the cluster's name. The
# plugin of one that runs would see the uncordon.
systemctl stop slurmctld
kubectl uncordon n1 > /dev/null
documented 'Upgrade slurmctld'
eventually "job $job's node, which was uncordoned, is held again after the restart" is_held_by "$job"
touch /tmp/go
eventually "job $job's hold is gone" is_free
say "job $job began before slurmctld's restart and ended after it; uncordoned meanwhile, its node was held again"
eventually 'the node is idle' is_idle

# On the node, the plugin asks slurmctld whether a job that it finds noted is still there.
touch /run/bebida/jobs/4711
must 'a job runs' runuser -u user -- srun true
eventually 'the node forgets a job that slurmctld does not know' none_on_node
# So does what systemd starts, where no job and no epilog comes.
touch /run/bebida/jobs/4711
must 'recovery asks slurmctld' /usr/lib/bebida/bebida-recover
must 'the node forgets a job that slurmctld does not know' none_on_node
# And drains the node where it cannot be made free: here because its notes could be anybody's.
chmod 777 /run/bebida
must_not 'a job starts on a node that is not free' runuser -u user -- timeout 60 srun true
eventually 'the node is drained with the reason' is_drained
say "drained: $(sinfo -h -R -o %E)"
scancel --user=user
chmod 755 /run/bebida
eventually 'the node is resumed' scontrol update nodename=n1 state=resume
eventually 'the node is idle' is_idle

must_not 'a user keeps a node in Kubernetes' runuser -u user -- srun --bebida=keep true
# shellcheck disable=SC2016 # for the job's shell
must 'root may keep a node in Kubernetes' srun --bebida=keep sh -c '! test -e /run/bebida/jobs/$SLURM_JOB_ID'
say 'srun --bebida=keep: refused to a user, granted to root'
eventually 'the node is free' is_free
eventually 'the node is idle' is_idle

eventually 'the application runs on the node' has_pods
# Less than the page asks for: the configuration of the removed package stays, and names a plugin that is not there.
apt remove bebida-slurmd > /root/remove.log 2>&1 || fail 'apt remove'
systemctl restart slurmd >> /root/remove.log 2>&1
eventually 'the node is idle' is_idle
runuser -u user -- srun true > /root/after-remove.log 2>&1 || fail 'a job runs where bebida-slurmd was removed and not purged'
eventually 'the node returns after the last job, as it has to before the removal' is_free
eventually 'the application runs on the node' has_pods
must_not 'Slurm misses bebida-slurmd where it was removed and not purged' grep bebida /root/after-remove.log

# What systemctl enable leaves.
install -d /etc/systemd/system/multi-user.target.wants
ln -s /usr/lib/systemd/system/bebida-record.service /etc/systemd/system/multi-user.target.wants
: > /var/log/slurm/slurmctld.log
: > /var/log/slurm/slurmd.log
documented Remove
eventually 'the node is idle' is_idle
must 'a job runs after the removal' runuser -u user -- srun true
must 'the node is not held' is_free
must 'the application runs on beside the job' has_pods
must_not 'Slurm speaks of bebida after the removal' grep -i bebida /var/log/slurm/slurmd.log
left=$(find / -xdev \( -path /root -o -path /proc -o -path /var/cache/apt \) -prune -o -name '*bebida*' -print)
[[ $left == /etc/bebida ]] || fail "left behind: $left"
[[ $(ls /etc/bebida) == kubeconfig ]] || fail "left behind: $(ls /etc/bebida)"
say 'removed: a job runs as before; nothing is left but the kubeconfig'
