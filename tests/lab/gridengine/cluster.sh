# shellcheck shell=bash disable=SC1091,SC2154
# A Grid Engine cluster: the qmaster on the host head, execution hosts on n1 and n2. Takes what ../namespaces.sh takes.

source "$(dirname "${BASH_SOURCE[0]}")/../namespaces.sh"

# admin COMMAND...: as Grid Engine's admin, on head. user COMMAND...: as someone who submits jobs.
admin() { on head setpriv --reuid sgeadmin --regid sgeadmin --clear-groups env SGE_ROOT=/var/lib/gridengine HOME=/ PATH=/usr/bin:/bin "$@"; }
user() { on head setpriv --reuid user --regid user --clear-groups env SGE_ROOT=/var/lib/gridengine HOME=/home/user PATH=/usr/bin:/bin "$@"; }

# edit EXPRESSION OPTION...: qconf with what it opens an editor for.
edit() { admin env EDITOR=/tmp/edit EXPRESSION="$1" qconf "${@:2}"; }

start_gridengine() {
    local host direction spool=/var/spool/gridengine
    install -D -m 755 "$tree/packaging/gridengine/bebida-hook" "$system/usr/libexec/bebida/bebida-hook"
    install -m 755 "$tree/packaging/gridengine/bebida-reconcile" "$system/usr/bin"
    # What the packages make when they are installed on a host that knows its name.
    on head sh -ec "mkdir -p $spool/qmaster/job_scripts $spool/spooldb $spool/execd /var/lib/gridengine/default/common
        cp /usr/share/gridengine/default-bootstrap /var/lib/gridengine/default/common/bootstrap
        echo head >/var/lib/gridengine/default/common/act_qmaster
        rm -rf $spool/spooldb/*
        chown -R sgeadmin: $spool /var/lib/gridengine"
    admin /usr/share/gridengine/scripts/init_cluster /var/lib/gridengine default $spool/spooldb sgeadmin
    on head env SGE_ROOT=/var/lib/gridengine sge_qmaster
    until_true qmaster admin qconf -sh
    # shellcheck disable=SC2016 # For the shell there.
    printf '#!/bin/sh\nexec sed -i "$EXPRESSION" "$1"\n' >"$system/tmp/edit"
    chmod 755 "$system/tmp/edit"
    admin qconf -as head
    # A job that is put back may go to its host again after that has reported. A host asks for this when it starts.
    edit 's/^load_report_time.*/load_report_time 00:00:01/' -mconf
    for host in "${hosts[@]}"; do
        admin qconf -ah "$host"
        edit "s/template/$host/" -ae
        on "$host" env SGE_ROOT=/var/lib/gridengine sge_execd
    done
    # Jobs start at once, and not after the next round.
    edit 's/^schedule_interval.*/schedule_interval 0:0:1/' -msconf
    printf '%s\n' 'pe_name mpi' 'slots 99' 'user_lists NONE' 'xuser_lists NONE' 'start_proc_args NONE' 'stop_proc_args NONE' \
        'allocation_rule 1' 'control_slaves TRUE' 'job_is_first_task TRUE' 'urgency_slots min' 'accounting_summary FALSE' \
        'qsort_args NONE' >"$system/tmp/pe"
    admin qconf -Ap /tmp/pe
    edit 's/^pe_list.*/pe_list mpi/' -aq main.q
    admin qconf -rattr queue hostlist "${hosts[*]}" main.q
    admin qconf -rattr queue slots 2 main.q
    admin qconf -rattr queue load_thresholds NONE main.q
    admin qconf -rattr queue rerun TRUE main.q
    for direction in prolog epilog; do
        # shellcheck disable=SC2016 # Grid Engine's own words.
        admin qconf -rattr queue $direction \
            'root@/usr/libexec/bebida/bebida-hook '$direction' $job_id $ja_task_id $job_owner $queue $host' main.q
    done
}

# keep_logs: what is to be read after a failure, when the namespaces are gone.
keep_logs() {
    local log spool=$system/var/spool/gridengine
    for log in "$system/var/log/bebida-hook.log" "$spool/qmaster/messages" "$spool"/execd/*/messages "$system"/tmp/*messages*; do
        [[ ! -e $log ]] || cp "$log" "$lab/$(tr / . <<<"${log#"$system/"}").log"
    done
}
