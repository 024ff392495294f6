/* Every line that the C side logs, so that words can change without touching code. A line that a program
 * reads ends in " event=...", as docs/monitoring.md says; no program reads what stands before that. */
#ifndef BEBIDA_MESSAGES_H
#define BEBIDA_MESSAGES_H

/* Ends a line that no fault outside of this process explains. */
#define INTERNAL_ERROR " event=internal-error"

/* slurmctld: the bridge. */
#define MESSAGE_NOT_STARTED "cannot start: %s. Jobs start without notifying Kubernetes. Restart slurmctld."
#define MESSAGE_NOT_RESPONDING                                                                               \
    "libbebida_controller.so is not responding; dropping the oldest queued hand-over. Jobs start without "   \
    "notifying Kubernetes. Restart slurmctld."
#define MESSAGE_LATE_ANSWER "ignored answer %d to request %llu: too late, or a duplicate"
#define MESSAGE_NO_MEMORY_TO_SUBMIT "job %u: out of memory; cannot hand over %s" INTERNAL_ERROR
#define MESSAGE_OPEN_AT_EXIT                                                                                 \
    "slurmctld stops with %zu open hand-overs. After its restart it repeats the prologs; the reconciler "    \
    "does the rest."
#define MESSAGE_LIBRARY_DOES_NOT_STOP                                                                        \
    "libbebida_controller.so does not stop; exiting without it" INTERNAL_ERROR

/* slurmctld: jobs. */
#define MESSAGE_JOB_WITHOUT_ID "slurmctld gave a job without SLURM_JOB_ID; its nodes are not handed over"
#define MESSAGE_JOB_WITHOUT_NODES "job %u has no nodes"
#define MESSAGE_NO_MEMORY_FOR_JOB "job %u: out of memory; %s is not handed over" INTERNAL_ERROR
#define MESSAGE_PLUGIN_NOT_STARTED "job %u: not handed over: the plugin did not start; see its first error"
#define MESSAGE_NO_CALLBACKS                                                                                 \
    "slurmctld registers callbacks only at its start, and prep/bebida was added later. Jobs start without "  \
    "notifying Kubernetes. Run: systemctl restart slurmctld"
#define MESSAGE_POLICY                                                                                       \
    "job %u: its nodes did not leave Kubernetes: %s; the job %s (controller.onFailure) event=policy "        \
    "outcome=%s job=%u"
#define MESSAGE_NOT_IN_CHARGE                                                                                \
    "job %u: no answer to its prolog yet: another slurmctld may be taking over (scontrol reconfigure)"
#define MESSAGE_NOT_BACK                                                                                     \
    "job %u: its nodes are not back in Kubernetes: %s; the reconciler or bebidactl reconcile returns them"
#define CAUSE_FAILED "the library reported a failure"
#define CAUSE_REFUSED "the library rejected the request"
#define CAUSE_NOT_RUNNING "the library is not running"
#define CAUSE_TIMED_OUT "no answer within controller.deadline"
#define VERDICT_START "starts"
#define VERDICT_REQUEUE "is requeued, or ends if it is interactive"
#define MESSAGE_JOBS_NOT_LISTED "slurmctld does not list its jobs: %s"
#define MESSAGE_NODES_NOT_LISTED "slurmctld does not list its nodes and reservations: %s"
#define MESSAGE_PLANS_NOT_LISTED "slurmctld does not list its pending jobs: %s"
#define MESSAGE_NO_MEMORY_FOR_RESERVATION "out of memory for the nodes of a reservation"
#define MESSAGE_NODES_NOT_CHANGED "slurmctld does not change the state of node %s: %s"
#define MESSAGE_KEPT_ON_NOT_READ "slurmctld does not show SuspendExcNodes: %s"
#define MESSAGE_KEPT_ON_NOT_CHANGED "slurmctld does not change SuspendExcNodes for node %s: %s"
#define MESSAGE_KEPT_ON_COUNTS                                                                               \
    "SuspendExcNodes=%s has entries with a number of nodes, which cannot be changed by name. List the "      \
    "nodes, or set nodes.keepAwake to false."
#define MESSAGE_KEPT_ON_TOO_OLD "this Slurm is older than 23.02. Set nodes.keepAwake to false."
#define MESSAGE_NO_MEMORY_FOR_KEPT_ON "out of memory for SuspendExcNodes"
#define MESSAGE_NO_MEMORY_FOR_NODES "out of memory for the nodes of job %u"

/* The libraries. */
#define MESSAGE_LIBRARY_STARTED "%s started"
#define MESSAGE_LIBRARY_DOES_NOT_START "%s does not start: %s; %s"
#define MESSAGE_LIBRARY_WITHOUT_FUNCTION                                                                     \
    "%s has no %s; install the library and this plugin from one release; %s"
#define MESSAGE_LIBRARY_OF_OTHER_ABI                                                                         \
    "%s has ABI version %u; this plugin needs %u. Install both from one release; %s"
#define MESSAGE_LIBRARY_AFTER_FORK                                                                           \
    "%s was loaded by process %d before it forked, and cannot run in the fork; restart that process; "       \
    "%s" INTERNAL_ERROR
#define MESSAGE_LIBRARY_NOT_FOUND                                                                            \
    "cannot open %s: %s; install it there, or set BEBIDA_LIBDIR to its folder; %s"
#define STATUS_OK "no error"
#define STATUS_ABI "it is of another release than this plugin; install both from one release"
#define STATUS_CONFIGURATION "its configuration is invalid; see the error above"
#define STATUS_STATE "it is running already, or cannot start twice"
#define STATUS_ARGUMENT "it rejected an argument of this plugin"
#define STATUS_INTERNAL "internal error; see the error above"
#define STATUS_UNKNOWN "unknown status"
#define WITHOUT_CONTROLLER "until slurmctld restarts with it, controller.onFailure applies to each job"
#define WITHOUT_NODE "kubelet and the container runtime keep running beside the jobs of this node"

/* bebida.yaml, as far as the plugin itself reads it. */
#define DEFAULTS_APPLY "; using controller.deadline 30s and controller.onFailure start"
#define MESSAGE_CONFIGURATION "%s:%zu: %s%s%s" DEFAULTS_APPLY
#define CONFIGURATION_DEADLINE "controller.deadline must be a duration like 30s or 1m30s, at most 1h"
#define CONFIGURATION_ON_FAILURE "controller.onFailure must be start or requeue"
#define CONFIGURATION_CONTROLLER "controller must be a mapping of keys"
#define CONFIGURATION_ROOT "the configuration must be a mapping of keys"
#define CONFIGURATION_NOT_YAML "cannot be read"
#define MESSAGE_CONFIGURATION_UNREADABLE "%s: %s" DEFAULTS_APPLY
#define MESSAGE_CONFIGURATION_NO_MEMORY "%s: out of memory" DEFAULTS_APPLY INTERNAL_ERROR
#define MESSAGE_CONFIGURATION_OWNER                                                                          \
    "%s: owned by user %u, who is neither root nor the user that reads it here (%u); "                       \
    "run: chown root %s" DEFAULTS_APPLY
#define MESSAGE_CONFIGURATION_MODE "%s: its mode %o lets others change it; run: chmod go-w %s" DEFAULTS_APPLY

/* Nodes. */
#define MESSAGE_JOB_NOT_STARTED "job %s does not start on this node: %s"
#define MESSAGE_NODE_NOT_BACK "node %s is not back in Kubernetes: %s; the epilog of the next job tries again"
#define MESSAGE_NODE_NOT_RECOVERED                                                                           \
    "this node is not back in Kubernetes: %s; the next try is within 15 minutes"
#define MESSAGE_NODE_NOT_DRAINED "cannot drain node %s: %s; its reason in Slurm stays \"Prolog error\""
#define MESSAGE_ARGUMENT "plugstack.conf: %s: spank_bebida.so takes libdir=FOLDER and config=FILE"

/* srun, sbatch and salloc. */
#define MESSAGE_OPTION "--bebida=%s: %s"
#define MESSAGE_OPTION_OF_STEP "--bebida applies to a job; a step of a running job ignores it"
#define MESSAGE_OPTION_UNKNOWN "--bebida=%s: a job can take its nodes from Kubernetes or keep them there"
#define USAGE_OPTION                                                                                         \
    "take (default) removes the job's nodes from Kubernetes; keep leaves them there beside the job, where "  \
    "the site allows it"

#endif
