#!/usr/bin/env bash
# What jobs of Grid Engine do to the nodes; run by check.sh, in namespaces of its own.
# shellcheck disable=SC1091,SC2154,SC2317 # cluster.sh is checked by itself; until_true calls what seems not to be called.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

# submit OPTION...: a job that runs until it may go; prints its number.
submit() { user qsub -terse -wd /tmp -j y "$@" /tmp/job.sh | cut -d. -f1; }
# runs JOB [TASK], may_go JOB [TASK]
runs() { until_true "job $1 runs" test -e "$system/tmp/runs.$1.${2:-undefined}"; }
may_go() { touch "$system/tmp/go.$1.${2:-undefined}"; }
has_left() { ! admin qstat -j "$1"; }
ends() { may_go "$1" && until_true "job $1 has left" has_left "$1"; }
# job_state JOB, queue_state NODE: as qstat shows them.
job_state() { admin qstat -u '*' | awk -v job="$1" '$1 == job { print $5 }'; }
queue_state() { admin qstat -f | awk -v queue="main.q@$1" '$1 == queue { print $6 }'; }
requeued() { [[ $(job_state "$1") == R* ]]; }
in_error() { [[ $(job_state "$1") == Eqw ]]; }

make_hosts
trap keep_logs EXIT
start_kubernetes
start_gridengine >"$lab/gridengine.log" 2>&1
cat >"$system/tmp/job.sh" <<'JOB'
#!/bin/sh
touch "/tmp/runs.$JOB_ID.$SGE_TASK_ID"
until [ -e "/tmp/go.$JOB_ID.$SGE_TASK_ID" ]; do sleep 0.1; done
JOB

job=$(submit -q main.q@n1)
runs "$job"
is "a job holds its node" "closed gridengine.$job" "$(state n1)"
is "whose pods have left" none "$(pods_on n1 && echo some || echo none)"
is "and no other" open "$(state n2)"
ends "$job"
is "after it the node is back" open "$(state n1)"

job=$(submit -pe mpi 2)
runs "$job"
is "a parallel job holds all of its nodes" "closed gridengine.$job, closed gridengine.$job" "$(state n1), $(state n2)"
ends "$job"
is "after it they are back" "open, open" "$(state n1), $(state n2)"

job=$(submit -t 1-2 -q main.q@n1)
runs "$job" 1
runs "$job" 2
is "each task of an array has its own hold" "closed gridengine.${job}_1 gridengine.${job}_2" "$(state n1)"
may_go "$job" 1
until_true "task 1 has left" bash -c "[[ ! -d $system/var/spool/gridengine/execd/n1/active_jobs/$job.1 ]]"
is "which the other's end does not take" "closed gridengine.${job}_2" "$(state n1)"
may_go "$job" 2
until_true "job $job has left" has_left "$job"
is "after the last the node is back" open "$(state n1)"

job=$(submit -q main.q@n1 -v BEBIDA_CONFIG=/etc/hostname,DOTNET_GCHeapHardLimit=1,SHELLOPTS=xtrace,PE_HOSTFILE=/etc/hosts)
runs "$job"
is "a user's variables change nothing about the hooks" "closed gridengine.$job, open" "$(state n1), $(state n2)"
ends "$job"

job=$(submit -q main.q@n1)
runs "$job"
admin qmod -sj "$job" >/dev/null
on head env SGE_ROOT=/var/lib/gridengine bebida-reconcile
is "a suspended job keeps its node" "closed gridengine.$job" "$(state n1)"
admin qdel "$job" >/dev/null
until_true "job $job has left" has_left "$job"
is "a deleted one gives it back" open "$(state n1)"

configure 'controller: {deadlime: 2s}'
job=$(submit -q main.q@n1)
until_true "job $job is in error" in_error "$job"
is "a mistake in bebida.yaml leaves the queue in service" "" "$(queue_state n1)"
configure 'controller: {deadline: 30s}'
# It says that it did, and exits with 1.
admin qmod -cj "$job" >/dev/null || true
runs "$job"
is "once it is mended, the job runs when its error is cleared" "closed gridengine.$job" "$(state n1)"
ends "$job"

configure $'controller: {deadline: 2s, onFailure: requeue}\neviction: {deadline: 1s, gracePeriod: 0s}'
curl -sf -X POST "$control/stop"
job=$(submit -q main.q@n1)
until_true "job $job is requeued" requeued "$job"
is "an outage requeues a job where onFailure is requeue, and leaves the queue in service" "" "$(queue_state n1)"
curl -sf -X POST "$control/start"
runs "$job"
is "after the outage it runs, on a node that it holds" "closed gridengine.$job" "$(state n1)"
curl -sf -X POST "$control/stop"
ends "$job"
is "an epilog that could not give the node back leaves the queue in service too" "" "$(queue_state n1)"
curl -sf -X POST "$control/start"
is "and the hold" "closed gridengine.$job" "$(state n1)"
other=$(submit -t 2-2 -q main.q@n1)
runs "$other" 2
on head env SGE_ROOT=/var/lib/gridengine bebida-reconcile
is "which bebida-reconcile releases, and no running job's" "closed gridengine.${other}_2" "$(state n1)"
may_go "$other" 2
until_true "job $other has left" has_left "$other"
is "after whose end the node is back" open "$(state n1)"

echo "$failures of Grid Engine's promises not kept, after $SECONDS s"
exit $((failures > 0))
