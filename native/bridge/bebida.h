/*
 * The ABI between the C shims and the NativeAOT libraries: this page is the contract of both sides.
 *
 * A shim lives in Slurm's process and does only what has to be C there; a library does the work in C#:
 * libbebida_controller.so for slurmctld, libbebida_node.so for the nodes. Strings are UTF-8 and
 * NUL-terminated. Nothing that one side allocates is freed by the other; pointers handed to a function are
 * valid until it returns, and the callee copies what it keeps. No C++ or managed exception crosses in either
 * direction.
 */
#ifndef BEBIDA_H
#define BEBIDA_H

#include <stdint.h>

/* Raised with every change that an older or newer other side would misread. Each side refuses another. */
#define BEBIDA_ABI_VERSION 9u

/* Levels of Slurm's own log (slurm_error, slurm_info, slurm_verbose, slurm_debug). */
enum bebida_log_level {
    BEBIDA_LOG_ERROR = 0,
    BEBIDA_LOG_INFO = 1,
    BEBIDA_LOG_VERBOSE = 2,
    BEBIDA_LOG_DEBUG = 3,
};

/* Which way the nodes of a job go. */
enum bebida_direction {
    BEBIDA_DECOMMISSION = 0, /* out of Kubernetes, to the job */
    BEBIDA_RECOMMISSION = 1, /* back to Kubernetes, unless another job holds them */
};

/* How a hand-over ended. What a failure means for the job (onFailure) is the shim's to decide. */
enum bebida_outcome {
    BEBIDA_DONE = 0,   /* every node of the job that Kubernetes knows has left it, or is back */
    BEBIDA_FAILED = 1, /* it could not be done within the budget; the library has logged why */
};

/* What a call returns. Everything but BEBIDA_OK means: nothing was begun, the library has logged why. */
enum bebida_status {
    BEBIDA_OK = 0,
    BEBIDA_ERROR_ABI = 1,           /* the other side has another BEBIDA_ABI_VERSION */
    BEBIDA_ERROR_CONFIGURATION = 2, /* bebida.yaml or the kubeconfig cannot be used */
    BEBIDA_ERROR_STATE = 3,         /* not started, stopped, or started twice */
    BEBIDA_ERROR_ARGUMENT = 4,      /* a NULL, an unknown direction, an environment without a job id */
    BEBIDA_ERROR_INTERNAL = 5,      /* an unexpected exception; report it */
};

/* Whether a job is on its nodes; for a node's library, on this node. */
enum bebida_presence {
    BEBIDA_GONE = 0,    /* it is on none of these nodes any more, or was requeued */
    BEBIDA_PRESENT = 1, /* it is there; for slurmctld's library: over, but a node still cleans up after it */
    BEBIDA_UNKNOWN = 2, /* slurmctld gives no answer */
    /* For slurmctld's library, beside one of the first two: the job lost a node, which may be DOWN. */
    BEBIDA_LOST_NODE = 4,
};

/* A job that has nodes, as slurmctld describes it. Nothing in it is free text of its user. */
struct bebida_job {
    uint32_t job_id;     /* of its own for each array task and each component of a heterogeneous job */
    uint32_t user_id;    /* the user it runs as */
    int32_t leaving;     /* not 0: it is over, and slurmctld still cleans up after it */
    const char *account; /* empty if it has none */
    const char *partition;
    const char *const *nodes; /* NULL-terminated; of a job that is leaving, those that it has not left yet */
};

/* Takes one job; context is the caller's own. */
typedef void (*bebida_take_job)(void *context, const struct bebida_job *job);

/* Takes one node's name; context is the caller's own. */
typedef void (*bebida_take_node)(void *context, const char *node);

/* What slurmctld says of a node, apart from its jobs: bits. */
enum bebida_condition {
    BEBIDA_NODE_DOWN = 1,
    BEBIDA_NODE_DRAIN = 2,
    BEBIDA_NODE_FAIL = 4,
    BEBIDA_NODE_MAINTENANCE = 8, /* in a reservation with the flag MAINT that has begun */
    BEBIDA_NODE_REBOOT = 16,     /* requested or issued */
    BEBIDA_NODE_POWER = 32,      /* powered down, on the way there, or on the way back */
    BEBIDA_NODE_IDLE = 64,       /* it responds, no job has it, and none is leaving it */
    BEBIDA_NODE_PLANNED = 128,   /* idle, and backfill has planned a job there (PLANNED in sinfo(1)) */
};

/* A node of slurmctld's. Its reason is an admin's text, or a program's. */
struct bebida_node {
    const char *name;
    uint32_t conditions; /* enum bebida_condition */
    const char *reason;  /* empty if it has none */
};

/* A reservation with fixed times; it may be over. */
struct bebida_reservation {
    const char *name;
    int32_t maintenance; /* not 0: it has the flag MAINT */
    int64_t begin;       /* Unix time */
    int64_t end;
    const char *const *nodes; /* NULL-terminated */
};

/* What a job does. */
enum bebida_stage {
    BEBIDA_JOB_WAITS = 0,
    BEBIDA_JOB_RUNS = 1,
    BEBIDA_JOB_ENDED = 2,
};

/* A pending job, with what backfill has planned for it (pending tasks of an array are one); one that has
 * ended lately; or, while a job is planned, one that runs. */
struct bebida_plan {
    uint32_t job_id; /* of a pending job, the array's number for tasks of an array */
    uint32_t user_id;
    uint32_t stage;           /* enum bebida_stage */
    uint32_t limit;           /* its time limit in seconds; 0 for none */
    const char *account;      /* empty if it has none */
    const char *partitions;   /* one or more, separated by commas */
    const char *reservation;  /* what it waits for, or is in; empty for none, or where it is held by more */
    uint32_t node_count;      /* how many nodes it needs at least */
    int64_t start;            /* Unix time; of a pending job, 0 while backfill has planned nothing for it */
    int64_t end;              /* Unix time: when it ended, or its time limit ends; 0 before it begins */
    const char *const *nodes; /* NULL-terminated; empty while backfill has no plan, and once it has ended */
};

/* How slurmctld plans (SchedulerType and SchedulerParameters in slurm.conf(5)). */
struct bebida_backfill {
    uint32_t interval; /* seconds between two of its plans (the longer of bf_interval and bf_max_time) */
    uint32_t window;   /* how many seconds it looks ahead (bf_window); 0 where it does not plan */
};

/* Which look at slurmctld's nodes and reservations was the last: the caller keeps it, all zero before the
 * first. */
struct bebida_look {
    int64_t nodes; /* slurmctld's times of these two */
    int64_t reservations;
    int32_t unchanged; /* set to not 0 where this look found nothing that the last had not found */
};

/* Take one of these; context is the caller's own. */
typedef void (*bebida_take_condition)(void *context, const struct bebida_node *node);
typedef void (*bebida_take_reservation)(void *context, const struct bebida_reservation *reservation);
typedef void (*bebida_take_plan)(void *context, const struct bebida_plan *plan);

/* How a node's state is changed, as scontrol update State= does it. */
enum bebida_node_change {
    BEBIDA_NODE_TO_DRAIN = 0,
    BEBIDA_NODE_TO_UNDRAIN = 1, /* ends DRAIN, and nothing else */
};

/* What slurmctld's shim lends libbebida_controller.so. The library may call these functions from any thread,
 * at any time until bebida_stop() has returned. log and answer block for a log write at most. */
struct bebida_host {
    uint32_t abi_version; /* BEBIDA_ABI_VERSION of the shim */
    uint32_t size;        /* sizeof(struct bebida_host) */

    /* One line, without a newline, for Slurm's log. level: enum bebida_log_level. */
    void (*log)(int32_t level, const char *line);

    /* The end of a hand-over that bebida_hand_over() has accepted; exactly once for each.
     * request: the number it was given. outcome: enum bebida_outcome. */
    void (*answer)(uint64_t request, int32_t outcome);

    /* Which nodes a job that slurmctld has ended has not left: slurmctld calls its epilog hook when it begins
     * to end a job, and each node is free when its own epilog has ended. Gives each such node to take before
     * it returns. Returns enum bebida_presence; only with BEBIDA_PRESENT the nodes that were taken are all.
     * Takes as long as a request to slurmctld, so it is asked from a thread that may wait. */
    int32_t (*presence)(uint32_t job_id, bebida_take_node take, void *context);

    /* Asks slurmctld for its cluster's name and for every job that has nodes, and gives each to take before
     * it returns. cluster: where the name goes, cut to cluster_size bytes with its NUL. Returns enum
     * bebida_outcome; with BEBIDA_FAILED the jobs that were taken are not all, and reason says why in one
     * line of at most reason_size bytes with its NUL. Takes as long as presence, and is asked in the same
     * way. */
    int32_t (*jobs)(bebida_take_job take, void *context, char *cluster, uint32_t cluster_size, char *reason,
                    uint32_t reason_size);

    /* Asks slurmctld for the condition of every node, and for all reservations; gives none of it where
     * nothing has changed since the last look, which it then marks as unchanged, leaving cluster as it was.
     * All else is as for jobs. */
    int32_t (*conditions)(struct bebida_look *last, bebida_take_condition take,
                          bebida_take_reservation take_reservation, void *context, char *cluster,
                          uint32_t cluster_size, char *reason, uint32_t reason_size);

    /* Changes the state of nodes. nodes: their names, separated by commas. change: enum bebida_node_change.
     * because: the new reason; empty to leave it. Returns enum bebida_outcome; reason and the time are as for
     * jobs. */
    int32_t (*change_nodes)(const char *nodes, int32_t change, const char *because, char *reason,
                            uint32_t reason_size);

    /* Which nodes power saving leaves on, by name (SuspendExcNodes in slurm.conf(5)); gives each to take
     * before it returns. Returns enum bebida_outcome; with BEBIDA_FAILED the list has entries that count
     * nodes (n[1-9]:4), which cannot be changed by name, or this Slurm is older than 23.02, or it was not
     * read. All else is as for jobs. */
    int32_t (*nodes_kept_on)(bebida_take_node take, void *context, char *reason, uint32_t reason_size);

    /* Adds nodes to that list, or removes them; slurmctld forgets it when it reads slurm.conf again. keep:
     * not 0 to add. All else is as for change_nodes. */
    int32_t (*keep_nodes_on)(const char *nodes, int32_t keep, char *reason, uint32_t reason_size);

    /* Asks slurmctld for its jobs, as bebida_plan says which. backfill: where it goes how slurmctld plans. A
     * plan is a hint: backfill wipes all of them as it begins anew. All else is as for jobs. */
    int32_t (*plans)(bebida_take_plan take, void *context, struct bebida_backfill *backfill, char *reason,
                     uint32_t reason_size);
};

/* The BEBIDA_ABI_VERSION of the library, exported by both. The first call that a shim makes, and the only one
 * when it differs. */
uint32_t bebida_abi_version(void);

/* The functions that libbebida_controller.so exports beside it, and nothing else. */

/* Reads the configuration and starts to follow the cluster's nodes in the background; does not wait for
 * Kubernetes. host is copied. Called once, or again after bebida_stop(). Returns enum bebida_status. */
int32_t bebida_start(const struct bebida_host *host);

/* Begins a hand-over and returns at once. With another status than BEBIDA_OK the library never answers it.
 * request:     a number of the shim's, unique until it is answered.
 * direction:   enum bebida_direction.
 * environment: NULL-terminated array of NAME=value, as Slurm gives it to PrologSlurmctld (prolog_epilog in
 *              slurm.conf(5)): SLURM_JOB_ID, SLURM_CLUSTER_NAME, SLURM_JOB_NAME, ...
 * nodes:       NULL-terminated array of the job's nodes, one name each (SLURM_JOB_NODELIST, expanded).
 * budget_ms:   within how many milliseconds it must answer, if need be with BEBIDA_FAILED.
 * Hand-overs of one job are done in the order of the calls. */
int32_t bebida_hand_over(uint64_t request, int32_t direction, const char *const *environment,
                         const char *const *nodes, uint32_t budget_ms);

/* Ends all work: open hand-overs get grace_ms milliseconds, and are then cancelled and left unanswered.
 * After it has returned, log and answer are not called again; a call of presence may still be under way.
 * Returns enum bebida_status. */
int32_t bebida_stop(uint32_t grace_ms);

/* What the node's shim lends libbebida_node.so. The library calls these functions only from the thread of the
 * call that it got them in, until that returns. */
struct bebida_node_host {
    uint32_t abi_version; /* BEBIDA_ABI_VERSION of the shim */
    uint32_t size;        /* sizeof(struct bebida_node_host) */

    /* As in struct bebida_host. */
    void (*log)(int32_t level, const char *line);

    /* Asks slurmctld for a job that may be on this node. name and account: where these go, each cut to its
     * size with its NUL; may be NULL with size 0. Returns enum bebida_presence; they are written with
     * BEBIDA_PRESENT only. */
    int32_t (*find_job)(uint32_t job_id, char *name, uint32_t name_size, char *account,
                        uint32_t account_size);
};

/* The functions that libbebida_node.so exports beside bebida_abi_version(), and nothing else. Each is
 * synchronous. A prolog takes about node.stopTimeout at most, an epilog node.startTimeout. Before that either
 * may wait for another hook of this node (both timeouts together), and for slurmctld as long as any of
 * Slurm's commands. environment: NULL-terminated array of NAME=value, as Slurm gives it to Prolog and Epilog
 * on the node: SLURM_JOB_ID, SLURM_JOB_USER, SLURM_JOB_PARTITION, SLURMD_NODENAME, SPANK_BEBIDA, ... reason:
 * where one line of at most reason_size bytes with its NUL says what failed, for people. */

/* Before a job starts on this node: stops the services and ends what is left of pods, unless the job may and
 * wants to leave the node in Kubernetes. Returns enum bebida_outcome; BEBIDA_FAILED means that the job would
 * not have the node for itself. */
int32_t bebida_node_prolog(const struct bebida_node_host *host, const char *const *environment, char *reason,
                           uint32_t reason_size);

/* After a job has left this node: starts the services again that a prolog stopped, unless another job is
 * still here or the node is kept for the next one. Returns enum bebida_outcome. */
int32_t bebida_node_epilog(const struct bebida_node_host *host, const char *const *environment, char *reason,
                           uint32_t reason_size);

/* While /run/bebida has entries and no hook runs: returns the node to Kubernetes if none of the recorded jobs
 * is on it any more, and tries services again that an epilog could not start. Called every few minutes, and
 * where an epilog keeps the node for the next job (nodes.linger): waits until that ends, 30 seconds at most.
 * Asks slurmctld only where no step of a recorded job runs here, and less and less often. environment as
 * above. Returns enum bebida_outcome; BEBIDA_FAILED means that something does not start. */
int32_t bebida_node_recover(const struct bebida_node_host *host, const char *const *environment, char *reason,
                            uint32_t reason_size);

/* Where a job is submitted: whether its user might leave the job's nodes in Kubernetes (jobs.mayKeep), as far
 * as that can be told before its account and partition are known. environment: SLURM_JOB_USER. Returns
 * BEBIDA_DONE for yes or perhaps. */
int32_t bebida_node_may_keep(const struct bebida_node_host *host, const char *const *environment,
                             char *reason, uint32_t reason_size);

#endif
