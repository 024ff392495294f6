#include "slurmctld.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bebida.h"
#include "log.h"
#include "slurm_api.h"

/* From 23.11 on, slurmstepd has not made Slurm's plugins ready to speak to slurmctld when it runs prologs. */
static void connect_once(void)
{
    static bool connected;

    if (!connected)
        slurm_init(NULL);
    connected = true;
}

static bool has_nodes(const job_info_t *job)
{
    const uint32_t base = job->job_state & JOB_STATE_BASE;

    return base == JOB_RUNNING || base == JOB_SUSPENDED || (job->job_state & JOB_COMPLETING) != 0;
}

/* A job may have been requeued to other nodes, or have given this one back. */
static bool is_here(const job_info_t *job)
{
    const char *here = getenv("SLURMD_NODENAME");
    hostlist nodes = here == NULL || job->nodes == NULL ? NULL : slurm_hostlist_create(job->nodes);
    bool found = nodes == NULL || slurm_hostlist_find(nodes, here) >= 0;

    if (nodes != NULL)
        slurm_hostlist_destroy(nodes);
    return found;
}

int32_t slurmctld_find_job(uint32_t job_id, char *name, uint32_t size)
{
    job_info_msg_t *jobs = NULL;
    int32_t presence = BEBIDA_GONE;

    connect_once();
    if (slurm_load_job(&jobs, job_id, 0) != SLURM_SUCCESS) {
        presence = errno == ESLURM_INVALID_JOB_ID ? BEBIDA_GONE : BEBIDA_UNKNOWN;
        goto end;
    }
    /* Under the number of an array or of a heterogeneous job, slurmctld tells of all its parts. */
    for (uint32_t i = 0; i < jobs->record_count; i++) {
        const job_info_t *job = &jobs->job_array[i];

        if (job->job_id == job_id && has_nodes(job) && is_here(job)) {
            presence = BEBIDA_PRESENT;
            if (size > 0)
                (void)snprintf(name, size, "%s", job->name == NULL ? "" : job->name);
        }
    }
end:
    slurm_free_job_info_msg(jobs);
    return presence;
}

void slurmctld_drain(const char *node, const char *reason)
{
    char text[512];
    update_node_msg_t update;

    (void)snprintf(text, sizeof(text), "bebida: %s", reason);
    connect_once();
    slurm_init_update_node_msg(&update);
    update.node_names = (char *)node;
    update.node_state = NODE_STATE_DRAIN;
    update.reason = text;
    slurm_api_reason_from(&update, getuid());
    if (slurm_update_node(&update) != SLURM_SUCCESS)
        log_error("cannot drain node %s: %s; slurmd's own \"Prolog error\" stands as its reason", node,
                  slurm_strerror(errno));
}
