#include "slurm_queries.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "messages.h"
#include "nodes.h"
#include "slurm_jobs.h"

static time_t began;

void slurm_queries_init(void)
{
    began = time(NULL);
}

/* slurm_conf_t.boot_time: when the slurmctld that answers started. Ours did before it loaded this plugin, a
 * successor starts later. */
bool slurm_queries_is_in_charge(void)
{
    slurm_conf_t *configuration = NULL;
    bool in_charge =
        slurm_load_ctl_conf(0, &configuration) == SLURM_SUCCESS && configuration->boot_time <= began;

    slurm_free_ctl_conf(configuration);
    return in_charge;
}

/* slurmctld lists a completing job with the nodes that have not finished their epilog. */
static bool is_leaving(const job_info_t *job)
{
    return (job->job_state & JOB_COMPLETING) != 0;
}

static bool has_nodes(const job_info_t *job)
{
    return job->nodes != NULL && *job->nodes != '\0';
}

/* Returns whether all of them were given. */
static bool give_nodes(const job_info_t *job, bebida_take_node take, void *context)
{
    char **nodes = nodes_expand(job->nodes);

    for (char **node = nodes; node != NULL && *node != NULL; node++)
        take(context, *node);
    nodes_free(nodes);
    return nodes != NULL;
}

struct node_taker {
    bebida_take_node take;
    void *context;
};

/* Such a job ends, or is requeued; many are requeued for other reasons. */
static bool may_have_lost_node(const job_info_t *job)
{
    const uint32_t state = job->job_state & JOB_STATE_BASE;

    return state == JOB_NODE_FAIL || state == JOB_PENDING;
}

static int32_t give_nodes_left(const job_info_t *job, void *context)
{
    const struct node_taker *taker = context;
    int32_t presence = BEBIDA_GONE;

    if (is_leaving(job) && has_nodes(job))
        presence = give_nodes(job, taker->take, taker->context) ? BEBIDA_PRESENT : BEBIDA_UNKNOWN;
    return may_have_lost_node(job) ? presence | BEBIDA_LOST_NODE : presence;
}

int32_t slurm_queries_presence(uint32_t job_id, bebida_take_node take, void *context)
{
    struct node_taker taker = {take, context};

    return slurm_jobs_find(job_id, give_nodes_left, &taker);
}

/* It has ended, but a node has not finished its epilog, or slurmctld has not called the epilog hook. */
static bool is_over(const job_info_t *job)
{
    return (job->job_state & (JOB_COMPLETING | JOB_STAGE_OUT)) != 0;
}

static bool give(bebida_take_job take, void *context, const job_info_t *job)
{
    char **nodes = nodes_expand(has_nodes(job) ? job->nodes : "");
    const struct bebida_job given = {
        .job_id = job->job_id,
        .user_id = job->user_id,
        /* A job that was shrunk to no nodes has given them to another job. */
        .leaving = is_over(job) || !has_nodes(job),
        .account = job->account == NULL ? "" : job->account,
        .partition = job->partition == NULL ? "" : job->partition,
        .nodes = (const char *const *)nodes,
    };

    if (nodes != NULL)
        take(context, &given);
    nodes_free(nodes);
    return nodes != NULL;
}

bool slurm_queries_cluster(char *cluster, uint32_t size)
{
    slurm_conf_t *configuration = NULL;
    bool loaded = slurm_load_ctl_conf(0, &configuration) == SLURM_SUCCESS;

    if (loaded)
        (void)snprintf(cluster, size, "%s",
                       configuration->cluster_name == NULL ? "" : configuration->cluster_name);
    slurm_free_ctl_conf(configuration);
    return loaded;
}

int32_t slurm_queries_jobs(bebida_take_job take, void *context, char *cluster, uint32_t cluster_size,
                           char *reason, uint32_t reason_size)
{
    job_info_msg_t *jobs = NULL;
    int32_t outcome = BEBIDA_FAILED;

    /* Jobs in hidden partitions too, none of another cluster of a federation. */
    if (!slurm_queries_cluster(cluster, cluster_size) ||
        slurm_load_jobs(0, &jobs, SHOW_ALL | SHOW_LOCAL) != SLURM_SUCCESS) {
        (void)snprintf(reason, reason_size, MESSAGE_JOBS_NOT_LISTED, slurm_strerror(errno));
        goto end;
    }
    for (uint32_t i = 0; i < jobs->record_count; i++) {
        const job_info_t *job = &jobs->job_array[i];

        if ((slurm_jobs_is_running(job) || is_over(job)) && !give(take, context, job)) {
            (void)snprintf(reason, reason_size, MESSAGE_NO_MEMORY_FOR_NODES, job->job_id);
            goto end;
        }
    }
    outcome = BEBIDA_DONE;
end:
    slurm_free_job_info_msg(jobs);
    return outcome;
}
