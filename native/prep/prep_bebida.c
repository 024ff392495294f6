/*
 * Slurm's PrEp plugin prep/bebida: before a job starts, its nodes leave Kubernetes, and after it they go
 * back.
 *
 * slurmctld calls the two hooks with its locks held. They copy the job, hand it to the bridge and return.
 * slurmctld starts the job when the bridge's completer reports the result. It does not wait for a
 * recommission: the job would be COMPLETING for as long, and when that ends after the nodes' epilogs,
 * slurmctld starts no other job on them until its next scheduling interval (prep_epilog_slurmctld_callback in
 * slurmctld/prep_slurmctld.c). In slurmd and everywhere else the plugin does nothing.
 */
#include "prep_abi.h"

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>

#include "bebida.h"
#include "bridge.h"
#include "job.h"
#include "log.h"
#include "messages.h"
#include "slurm_changes.h"
#include "slurm_conditions.h"
#include "slurm_plans.h"
#include "slurm_queries.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char plugin_name[] = "BeBiDa: lends idle nodes to Kubernetes";
EXPORTED const char plugin_type[] = "prep/bebida";
EXPORTED const uint32_t plugin_version = SLURM_VERSION_NUMBER;

/* Wait statuses. slurmctld requeues a batch job whose prolog has exited with 1, and ends an interactive one.
 */
enum { PROLOG_SUCCEEDED = 0, PROLOG_FAILED = 1 << 8 };

/* Kept until slurmctld ends, also after fini(). */
static prep_callbacks_t slurmctld;

/* Until 23.02, scontrol reconfigure reloads the PrEp plugins when their list has changed, in the same process
 * and without giving them callbacks. A plugin that is new in the list can never complete a prolog, and so
 * must not begin one. A plugin that was there before keeps its callbacks. */
static bool has_callbacks(void)
{
    static bool said; /* the hooks and prep_p_required() come one at a time, with slurmctld's locks */
    bool has = slurmctld.prolog_slurmctld != NULL;

    if (!has && !said) {
        said = true;
        log_error(MESSAGE_NO_CALLBACKS);
    }
    return has;
}

static const char *why(enum ending ending)
{
    const char *text = CAUSE_FAILED;

    if (ending == ENDED_REFUSED)
        text = CAUSE_REFUSED;
    else if (ending == ENDED_NOT_RUNNING)
        text = CAUSE_NOT_RUNNING;
    else if (ending == ENDED_TIMED_OUT)
        text = CAUSE_TIMED_OUT;
    return text;
}

static void complete_prolog(const struct hand_over *hand_over, const struct policy *policy)
{
    bool failed = hand_over->ending != ENDED_DONE;
    bool requeue = bridge_requeues(hand_over, policy);

    if (failed)
        log_error(MESSAGE_POLICY, hand_over->job_id, why(hand_over->ending),
                  requeue ? VERDICT_REQUEUE : VERDICT_START, requeue ? "requeue" : "start",
                  hand_over->job_id);
    slurmctld.prolog_slurmctld(requeue ? PROLOG_FAILED : PROLOG_SUCCEEDED, hand_over->job_id,
                               hand_over->ending == ENDED_TIMED_OUT);
}

static void complete_epilog(const struct hand_over *hand_over)
{
    if (hand_over->ending != ENDED_DONE)
        log_error(MESSAGE_NOT_BACK, hand_over->job_id, why(hand_over->ending));
}

static void complete(const struct hand_over *hand_over, const struct policy *policy)
{
    if (hand_over->direction == BEBIDA_DECOMMISSION)
        complete_prolog(hand_over, policy);
    else
        complete_epilog(hand_over);
}

/* Returns whether the completer will report its end. */
static bool hand_over(job_record_t *job, int32_t direction)
{
    struct hand_over *taken = job_hand_over(job, direction);
    uint32_t job_id = taken == NULL ? 0 : taken->job_id;
    bool waits = taken != NULL && bridge_hand_over(taken);

    if (taken != NULL && !waits)
        log_error(MESSAGE_PLUGIN_NOT_STARTED, job_id);
    return waits;
}

EXPORTED int init(void)
{
    return SLURM_SUCCESS;
}

/* Stops nothing: slurmctld ends by exit(), and an exit handler stops the bridge. Until 23.02 slurmctld calls
 * this with its locks held when PrEpPlugins has changed (prep_g_reconfig() in Slurm's prep.c). Jobs that are
 * configuring then still wait for their answers. */
EXPORTED void fini(void)
{
}

/* Only slurmctld registers callbacks, once, and does so before the first job. */
EXPORTED void prep_p_register_callbacks(prep_callbacks_t *callbacks)
{
    if (job_in_slurmctld() && callbacks->prolog_slurmctld != NULL && slurmctld.prolog_slurmctld == NULL) {
        slurmctld = *callbacks;
        slurm_queries_init();
        (void)bridge_open(complete, (struct bridge_queries){.presence = slurm_queries_presence,
                                                            .jobs = slurm_queries_jobs,
                                                            .conditions = slurm_conditions,
                                                            .change_nodes = slurm_changes_nodes,
                                                            .nodes_kept_on = slurm_changes_kept_on,
                                                            .keep_nodes_on = slurm_changes_keep_on,
                                                            .plans = slurm_plans,
                                                            .is_in_charge = slurm_queries_is_in_charge});
    }
}

EXPORTED int prep_p_prolog_slurmctld(job_record_t *job, bool *async)
{
    *async = has_callbacks() && hand_over(job, BEBIDA_DECOMMISSION);
    return SLURM_SUCCESS;
}

EXPORTED int prep_p_epilog_slurmctld(job_record_t *job, bool *async)
{
    if (has_callbacks())
        (void)hand_over(job, BEBIDA_RECOMMISSION);
    *async = false;
    return SLURM_SUCCESS;
}

/* slurmd's side is spank_bebida.so. */
EXPORTED int prep_p_prolog(void *job_env, void *cred)
{
    (void)job_env;
    (void)cred;
    return SLURM_SUCCESS;
}

EXPORTED int prep_p_epilog(void *job_env, void *cred)
{
    (void)job_env;
    (void)cred;
    return SLURM_SUCCESS;
}

/* slurmctld asks right after every load, so a load without callbacks is logged before the first job. */
EXPORTED void prep_p_required(prep_call_type_t type, bool *required)
{
    const bool takes_part = job_in_slurmctld() && has_callbacks();

    *required = takes_part && (type == PREP_PROLOG_SLURMCTLD || type == PREP_EPILOG_SLURMCTLD);
}
