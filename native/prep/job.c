#include "job.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <slurm/slurm.h>

#include "bebida.h"
#include "log.h"
#include "messages.h"

static job_common_env_vars_t environment_of_slurmctld(void)
{
    job_common_env_vars_t function = NULL;

    *(void **)&function = dlsym(RTLD_DEFAULT, "job_common_env_vars");
    return function;
}

bool job_in_slurmctld(void)
{
    return environment_of_slurmctld() != NULL;
}

static const char *value_of(char *const *environment, const char *name)
{
    const size_t length = strlen(name);
    const char *value = NULL;

    for (; value == NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            value = *environment + length + 1;
    }
    return value;
}

static uint32_t job_id_of(char *const *environment)
{
    const char *text = value_of(environment, "SLURM_JOB_ID");

    return text == NULL ? 0 : (uint32_t)strtoul(text, NULL, 10);
}

static void free_environment(char **environment)
{
    for (char **variable = environment; variable != NULL && *variable != NULL; variable++)
        slurm_xfree((void **)variable);
    slurm_xfree((void **)&environment);
}

struct hand_over *job_hand_over(job_record_t *job, int32_t direction)
{
    const job_common_env_vars_t environment_of = environment_of_slurmctld();
    char **environment =
        environment_of == NULL ? NULL : environment_of(job, direction == BEBIDA_RECOMMISSION);
    struct hand_over *hand_over = NULL;
    const char *ranges = NULL;
    uint32_t job_id = 0;

    if (environment != NULL) {
        job_id = job_id_of(environment);
        ranges = value_of(environment, "SLURM_JOB_NODELIST");
    }
    if (job_id == 0) {
        log_error(MESSAGE_JOB_WITHOUT_ID);
        goto end;
    }
    if (ranges == NULL || *ranges == '\0') {
        log_debug(MESSAGE_JOB_WITHOUT_NODES, job_id);
        goto end;
    }
    hand_over = hand_over_make(job_id, direction, (const char *const *)environment, ranges);
    if (hand_over == NULL)
        log_error(MESSAGE_NO_MEMORY_FOR_JOB, job_id, ranges);
end:
    free_environment(environment);
    return hand_over;
}
