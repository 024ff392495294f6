#include "slurm_jobs.h"

#include <errno.h>

#include "bebida.h"

int32_t slurm_jobs_find(uint32_t job_id, slurm_jobs_judge judge, void *context)
{
    job_info_msg_t *jobs = NULL;
    int32_t presence = BEBIDA_GONE;

    if (slurm_load_job(&jobs, job_id, 0) != SLURM_SUCCESS) {
        presence = errno == ESLURM_INVALID_JOB_ID ? BEBIDA_GONE : BEBIDA_UNKNOWN;
        goto end;
    }
    for (uint32_t i = 0; i < jobs->record_count && presence != BEBIDA_UNKNOWN; i++) {
        const job_info_t *job = &jobs->job_array[i];
        int32_t judged = job->job_id == job_id ? judge(job, context) : BEBIDA_GONE;

        if (judged != BEBIDA_GONE)
            presence = judged;
    }
end:
    slurm_free_job_info_msg(jobs);
    return presence;
}

bool slurm_jobs_is_running(const job_info_t *job)
{
    const uint32_t base = job->job_state & JOB_STATE_BASE;

    return base == JOB_RUNNING || base == JOB_SUSPENDED;
}
