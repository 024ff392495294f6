/*
 * prep/empty, for tests/bench: takes part in each job as prep_bebida.so does, and does nothing. So what it
 * costs is what Slurm spends on any PrEp plugin that reads the job and answers from a thread of its own.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>

#include "prep_abi.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char plugin_name[] = "A PrEp plugin that does nothing";
EXPORTED const char plugin_type[] = "prep/empty";
EXPORTED const uint32_t plugin_version = SLURM_VERSION_NUMBER;

static prep_callbacks_t slurmctld;
static job_common_env_vars_t describe;

static uint32_t job_id_of(job_record_t *job, bool is_complete)
{
    static const char name[] = "SLURM_JOB_ID=";
    char **environment = describe(job, is_complete);
    uint32_t id = 0;

    for (char **variable = environment; variable != NULL && *variable != NULL; variable++) {
        if (strncmp(*variable, name, sizeof(name) - 1) == 0)
            id = (uint32_t)strtoul(*variable + sizeof(name) - 1, NULL, 10);
        slurm_xfree((void **)variable);
    }
    slurm_xfree((void **)&environment);
    return id;
}

static void *answer(void *job_id)
{
    slurmctld.prolog_slurmctld(0, (uint32_t)(uintptr_t)job_id, false);
    return NULL;
}

EXPORTED int init(void)
{
    *(void **)&describe = dlsym(RTLD_DEFAULT, "job_common_env_vars");
    return SLURM_SUCCESS;
}

EXPORTED void fini(void)
{
}

EXPORTED void prep_p_register_callbacks(prep_callbacks_t *callbacks)
{
    slurmctld = *callbacks;
}

EXPORTED int prep_p_prolog_slurmctld(job_record_t *job, bool *async)
{
    pthread_t thread;
    void *job_id = (void *)(uintptr_t)job_id_of(job, false);

    *async = pthread_create(&thread, NULL, answer, job_id) == 0 && pthread_detach(thread) == 0;
    return SLURM_SUCCESS;
}

EXPORTED int prep_p_epilog_slurmctld(job_record_t *job, bool *async)
{
    (void)job_id_of(job, true);
    *async = false;
    return SLURM_SUCCESS;
}

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

EXPORTED void prep_p_required(prep_call_type_t type, bool *required)
{
    *required = describe != NULL && (type == PREP_PROLOG_SLURMCTLD || type == PREP_EPILOG_SLURMCTLD);
}
