#include "slurmctld.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bebida.h"
#include "log.h"
#include "messages.h"
#include "slurm_jobs.h"

/* From 23.11 on, slurmstepd runs prologs before it has loaded the plugins that a request to slurmctld needs.
 */
static void connect_once(void)
{
    static bool connected;

    if (!connected)
        slurm_init(NULL);
    connected = true;
}

static bool has_nodes(const job_info_t *job)
{
    return slurm_jobs_is_running(job) || (job->job_state & JOB_COMPLETING) != 0;
}

/* A job may have been requeued to other nodes, or have released this one. */
static bool is_here(const job_info_t *job)
{
    const char *here = getenv("SLURMD_NODENAME");
    hostlist nodes = here == NULL || job->nodes == NULL ? NULL : slurm_hostlist_create(job->nodes);
    bool found = nodes == NULL || slurm_hostlist_find(nodes, here) >= 0;

    if (nodes != NULL)
        slurm_hostlist_destroy(nodes);
    return found;
}

struct found {
    char *name;
    uint32_t name_size;
    char *account;
    uint32_t account_size;
};

static void copy(char *to, uint32_t size, const char *text)
{
    if (size > 0)
        (void)snprintf(to, size, "%s", text == NULL ? "" : text);
}

static int32_t copy_of_one_here(const job_info_t *job, void *context)
{
    const struct found *found = context;
    bool here = has_nodes(job) && is_here(job);

    if (here) {
        copy(found->name, found->name_size, job->name);
        copy(found->account, found->account_size, job->account);
    }
    return here ? BEBIDA_PRESENT : BEBIDA_GONE;
}

/* What is found is written by the function that gets it below. NOLINTBEGIN(readability-non-const-parameter)
 */
int32_t slurmctld_find_job(uint32_t job_id, char *name, uint32_t name_size, char *account,
                           uint32_t account_size)
/* NOLINTEND(readability-non-const-parameter) */
{
    struct found found = {name, name_size, account, account_size};

    connect_once();
    return slurm_jobs_find(job_id, copy_of_one_here, &found);
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
        log_error(MESSAGE_NODE_NOT_DRAINED, node, slurm_strerror(errno));
}
