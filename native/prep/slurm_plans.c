#include "slurm_plans.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "nodes.h"
#include "slurm_api.h"

/* As slurm.conf(5) has them. */
enum {
    DEFAULT_INTERVAL = 30,
    LONGEST_INTERVAL = 10800,
    DEFAULT_WINDOW = 1440,
    LONGEST_WINDOW = 43200,
    SECONDS_A_MINUTE = 60
};

/* The number after the equals sign of a parameter. */
static long parameter(const char *parameters, const char *name, long otherwise)
{
    const char *found = parameters == NULL ? NULL : strstr(parameters, name);

    return found == NULL ? otherwise : strtol(found + strlen(name), NULL, 10);
}

static uint32_t between(long value, long most, long otherwise)
{
    return (uint32_t)(value < 1 || value > most ? otherwise : value);
}

/* With an interval of -1, backfill does not plan. */
static bool load_backfill(struct bebida_backfill *backfill)
{
    slurm_conf_t *configuration = NULL;
    bool loaded = slurm_load_ctl_conf(0, &configuration) == SLURM_SUCCESS;

    if (loaded) {
        const char *parameters = configuration->sched_params;
        const long interval = parameter(parameters, "bf_interval=", DEFAULT_INTERVAL);
        /* A cycle may take longer than the time to the next, and until its end not all plans are there. */
        const long cycle = parameter(parameters, "bf_max_time=", interval);
        const long window = parameter(parameters, "bf_window=", DEFAULT_WINDOW);
        const bool plans = interval > 0 && configuration->schedtype != NULL &&
                           strcmp(configuration->schedtype, "sched/backfill") == 0;

        backfill->interval = between(cycle > interval ? cycle : interval, LONGEST_INTERVAL, DEFAULT_INTERVAL);
        backfill->window = plans ? between(window, LONGEST_WINDOW, DEFAULT_WINDOW) * SECONDS_A_MINUTE : 0;
    }
    slurm_free_ctl_conf(configuration);
    return loaded;
}

static bool is_pending(const job_info_t *job)
{
    return (job->job_state & JOB_STATE_BASE) == JOB_PENDING;
}

/* start_time alone may be what its user asked for (--begin). */
static bool is_planned(const job_info_t *job)
{
    return job->start_time > 0 && job->sched_nodes != NULL && *job->sched_nodes != '\0';
}

/* A reservation is not all that it waits for. */
static bool waits_for_more(const job_info_t *job)
{
    return job->priority == 0 || job->state_reason == WAIT_DEPENDENCY || job->state_reason == WAIT_TIME;
}

/* Jobs that ended with their nodes or were preempted say nothing of how long others run. */
static bool has_stage(const job_info_t *job, enum bebida_stage *stage)
{
    switch (job->job_state & JOB_STATE_BASE) {
    case JOB_PENDING:
        *stage = BEBIDA_JOB_WAITS;
        return true;
    case JOB_RUNNING:
    case JOB_SUSPENDED:
        *stage = BEBIDA_JOB_RUNS;
        return true;
    case JOB_COMPLETE:
    case JOB_CANCELLED:
    case JOB_DEADLINE:
    case JOB_FAILED:
    case JOB_OOM:
    case JOB_TIMEOUT:
        *stage = BEBIDA_JOB_ENDED;
        return job->start_time > 0 && job->end_time > job->start_time;
    default:
        return false;
    }
}

static uint32_t limit_of(const job_info_t *job)
{
    return job->time_limit == INFINITE || job->time_limit == NO_VAL ||
                   job->time_limit > UINT32_MAX / SECONDS_A_MINUTE
               ? 0
               : job->time_limit * SECONDS_A_MINUTE;
}

/* Its nodes are the dearest part of a job, and where nothing is planned, nobody asks who has them. */
static bool give(const job_info_t *job, bool plans, bebida_take_plan take, void *context)
{
    enum bebida_stage stage;

    if (!has_stage(job, &stage) || (stage == BEBIDA_JOB_RUNS && !plans))
        return true;

    const bool pending = stage == BEBIDA_JOB_WAITS;
    const bool planned = pending && is_planned(job);
    const char *own = planned ? job->sched_nodes : stage == BEBIDA_JOB_RUNS ? job->nodes : NULL;
    char **nodes = nodes_expand(own == NULL ? "" : own);
    const struct bebida_plan given = {
        .job_id = pending && job->array_job_id != 0 ? job->array_job_id : job->job_id,
        .user_id = job->user_id,
        .stage = stage,
        .limit = limit_of(job),
        .account = job->account == NULL ? "" : job->account,
        .partitions = job->partition == NULL ? "" : job->partition,
        .reservation = job->resv_name == NULL || waits_for_more(job) ? "" : job->resv_name,
        .node_count = job->num_nodes,
        .start = planned || !pending ? job->start_time : 0,
        .end = pending ? 0 : job->end_time,
        .nodes = (const char *const *)nodes,
    };

    if (nodes != NULL)
        take(context, &given);
    nodes_free(nodes);
    return nodes != NULL;
}

int32_t slurm_plans(bebida_take_plan take, void *context, struct bebida_backfill *backfill, char *reason,
                    uint32_t reason_size)
{
    job_info_msg_t *jobs = NULL;
    bool plans = false;
    int32_t outcome = BEBIDA_FAILED;

    /* Jobs in hidden partitions too, none of another cluster of a federation. */
    if (!load_backfill(backfill) || slurm_load_jobs(0, &jobs, SHOW_ALL | SHOW_LOCAL) != SLURM_SUCCESS) {
        (void)snprintf(reason, reason_size, MESSAGE_PLANS_NOT_LISTED, slurm_strerror(errno));
        goto end;
    }
    for (uint32_t i = 0; i < jobs->record_count && !plans; i++)
        plans = is_pending(&jobs->job_array[i]) && is_planned(&jobs->job_array[i]);
    for (uint32_t i = 0; i < jobs->record_count; i++) {
        const job_info_t *job = &jobs->job_array[i];

        if (!give(job, plans, take, context)) {
            (void)snprintf(reason, reason_size, MESSAGE_NO_MEMORY_FOR_NODES, job->job_id);
            goto end;
        }
    }
    outcome = BEBIDA_DONE;
end:
    slurm_free_job_info_msg(jobs);
    return outcome;
}
