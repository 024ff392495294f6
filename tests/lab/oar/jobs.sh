#!/usr/bin/env bash
# What jobs of OAR do to the nodes; run by check.sh, in namespaces of its own.
# shellcheck disable=SC1091,SC2154,SC2317 # namespaces.sh is checked by itself; until_true calls what seems not to be called.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../namespaces.sh"

user() { on head su user -c "cd /tmp && $*"; }
# submit OPTION...: a job that runs until it may go; prints its number.
submit() { user oarsub "$@" /tmp/job.sh | sed -n 's/^OAR_JOB_ID=//p'; }
runs() { until_true "job $1 runs" test -e "$system/tmp/runs.$1"; }
job_state() { on head oarstat -fj "$1" | sed -n 's/^ *state = //p'; }
is_over() { [[ $(job_state "$1") == @(Terminated|Error) ]]; }
ends() { touch "$system/tmp/go.$1" && until_true "job $1 has left" is_over "$1"; }

# setting NAME VALUE: of oar.conf; each of OAR's programs reads it when it starts.
setting() {
    sed -i "/^#*$1=/d" "$system/etc/oar/oar.conf"
    [[ -z $2 ]] || printf '%s="%s"\n' "$1" "$2" >>"$system/etc/oar/oar.conf"
}

start_oar() {
    local host hook postgresql=/usr/lib/postgresql/15/bin/pg_ctl data=/var/lib/postgresql/15/main
    install -D -m 755 "$tree/packaging/oar/bebida-hook" "$system/usr/libexec/bebida/bebida-hook"
    for hook in server_prologue server_epilogue prologue epilogue; do
        ln -s /usr/libexec/bebida/bebida-hook "$system/etc/oar/bebida_$hook"
    done
    # OAR runs hooks as its own user.
    on head sh -ec 'chown oar: /etc/bebida/kubeconfig /etc/bebida/bebida.yaml
        install -o oar -m 644 /dev/null /var/log/bebida-hook.log; install -o oar -m 644 /dev/null /var/log/oar.log
        install -d -o postgres /run/postgresql; install -d /run/sshd; install -d -o oar /run/oar'
    printf 'listen_addresses = %s\n' "'*'" >>"$system/etc/postgresql/15/main/postgresql.conf"
    echo 'host all all 10.77.0.0/24 md5' >>"$system/etc/postgresql/15/main/pg_hba.conf"
    on head su postgres -c "$postgresql -D $data -o '-c config_file=/etc/postgresql/15/main/postgresql.conf' -l /tmp/postgresql -w start"
    setting DB_HOSTNAME head
    setting DB_BASE_PASSWD oar
    setting DB_BASE_PASSWD_RO oar_ro
    setting SERVER_HOSTNAME head
    # Neither cpusets nor pings, for which there are no machines.
    setting JOB_RESOURCE_MANAGER_PROPERTY_DB_FIELD ''
    setting PINGCHECKER_SENTINELLE_SCRIPT_COMMAND ''
    setting PINGCHECKER_GENERIC_COMMAND /bin/true
    setting SERVER_PROLOGUE_EXEC_FILE /etc/oar/bebida_server_prologue
    setting SERVER_EPILOGUE_EXEC_FILE /etc/oar/bebida_server_epilogue
    on head oar-database --create --db-is-local --db-admin-user postgres
    for host in "${hosts[@]}"; do
        on "$host" /usr/sbin/sshd -f /etc/oar/sshd_config -o PidFile="/run/oar-sshd-$host"
        on head su oar -s /bin/bash -c "ssh -p 6667 -o StrictHostKeyChecking=no $host true"
        on head oarnodesetting -a -h "$host"
    done
    on head oar-server
    cat >"$system/tmp/job.sh" <<'JOB'
#!/bin/sh
touch "/tmp/runs.$OAR_JOB_ID"
until [ -e "/tmp/go.$OAR_JOB_ID" ]; do sleep 0.1; done
JOB
    chmod 755 "$system/tmp/job.sh"
}

keep_logs() {
    cp "$system/var/log/oar.log" "$lab/oar.log"
    cp "$system/var/log/bebida-hook.log" "$lab/hook.log"
}

make_hosts
start_kubernetes
trap keep_logs EXIT
start_oar >"$lab/set-up.log" 2>&1

job=$(submit -l nodes=2)
runs "$job"
is "the server's prologue has a job hold all of its nodes" "closed oar.$job, closed oar.$job" "$(state n1), $(state n2)"
is "whose pods have left" none "$(if pods_on n1 || pods_on n2; then echo some; else echo none; fi)"
ends "$job"
is "the server's epilogue gives them back" "open, open" "$(state n1), $(state n2)"

curl -sf -X POST "$control/stop"
configure $'controller: {deadline: 2s, onFailure: requeue}\neviction: {deadline: 1s, gracePeriod: 0s}'
job=$(submit -l nodes=1)
runs "$job"
is "in an outage its hooks do not fail, and so do not stop OAR's queues" "" "$(on head oarnotify -l 2>/dev/null | grep -i notactive || true)"
ends "$job"
curl -sf -X POST "$control/start"
until_true "the API is back" kube get nodes

setting SERVER_PROLOGUE_EXEC_FILE ''
setting SERVER_EPILOGUE_EXEC_FILE ''
setting PROLOGUE_EXEC_FILE /etc/oar/bebida_prologue
setting EPILOGUE_EXEC_FILE /etc/oar/bebida_epilogue
configure 'controller: {deadline: 30s}'
job=$(submit -l nodes=2)
runs "$job"
is "a node's prologue has a job hold all of its nodes" "closed oar.$job, closed oar.$job" "$(state n1), $(state n2)"
ends "$job"
is "a node's epilogue gives them back" "open, open" "$(state n1), $(state n2)"

curl -sf -X POST "$control/stop"
configure $'controller: {deadline: 2s, onFailure: requeue}\neviction: {deadline: 1s, gracePeriod: 0s}'
job=$(submit -l nodes=1)
until_true "job $job has ended" is_over "$job"
is "in an outage a node's prologue has the job submitted again" "$job" "$(on head oarstat -f | sed -n 's/^ *resubmit_job_id = //p')"

echo "$failures of OAR's promises not kept, after $SECONDS s"
exit $((failures > 0))
