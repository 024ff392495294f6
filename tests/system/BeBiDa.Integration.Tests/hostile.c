/* A user's own client of Slurm: submits what sbatch would not. usage: hostile UID WORD NODE */
#include <errno.h>
#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0)
#define JOB_ID(answer) ((answer)->step_id.job_id)
#else
#define JOB_ID(answer) ((answer)->job_id)
#endif

#define FORGED "\n[2026-01-01T00:00:00.000] error: bebida: FORGED\r\n"

static char *long_text(size_t length)
{
    char *text = malloc(length + 1);

    if (text == NULL)
        abort();
    memset(text, 'x', length);
    text[length] = '\0';
    memcpy(text, "BEBIDA_NOOP" FORGED, strlen("BEBIDA_NOOP" FORGED));
    return text;
}

/* Each with a '=' and a name of its own: others end slurmctld 22.05 by themselves, where it has any
 * PrologSlurmctld. */
static char **flood(unsigned count)
{
    char **variables = calloc(count + 1, sizeof(*variables));

    if (variables == NULL)
        abort();
    for (unsigned i = 0; i < count; i++)
        if (asprintf(&variables[i],
                     i % 3 == 0   ? "SPANK_%u=" FORGED "SLURM_JOB_ID=1"
                     : i % 3 == 1 ? "SPANK_%u="
                                  : "SPANK_%u=SPANK_BEBIDA=keep\x80",
                     i) < 0)
            abort();
    return variables;
}

int main(int count, char **words)
{
    job_desc_msg_t job;
    submit_response_msg_t *answer = NULL;
    char *path[] = {"PATH=/usr/bin:/bin", NULL};

    if (count != 4)
        return 2;
    slurm_init(NULL);
    slurm_init_job_desc_msg(&job);
    job.user_id = (uint32_t)atoi(words[1]);
    job.group_id = job.user_id;
    job.script = "#!/bin/sh\nexec sleep 600\n";
    job.work_dir = "/tmp";
    job.std_out = job.std_err = "/dev/null";
    job.environment = path;
    job.env_size = 1;
    job.min_nodes = 1;
    job.req_nodes = words[3];
    job.name = "BEBIDA_NOOP";
    if (strcmp(words[2], "break") == 0)
        job.name = "BEBIDA_NOOP" FORGED;
    else if (strcmp(words[2], "bytes") == 0)
        job.name = "BEBIDA_NOOP\x80\xff\xc3=SLURM_JOB_ID=1\x1b[2K";
    else if (strcmp(words[2], "long name") == 0)
        job.name = long_text(1000);
    else if (strcmp(words[2], "64 KiB") == 0)
        job.name = long_text(65536);
    else if (strcmp(words[2], "comment") == 0)
        job.comment = job.admin_comment = job.wckey = long_text(1000);
    else if (strcmp(words[2], "flood") == 0)
        job.spank_job_env = flood(job.spank_job_env_size = 20000);
    else if (strcmp(words[2], "foreign") == 0) {
        static char *foreign[] = {"SLURM_JOB_ID=1", "LD_PRELOAD=/tmp/x.so", "SPANK_BEBIDA=keep", NULL};

        job.spank_job_env = foreign;
        job.spank_job_env_size = 3;
    }
    if (slurm_submit_batch_job(&job, &answer) != SLURM_SUCCESS) {
        printf("refused: %s\n", slurm_strerror(errno));
        return 1;
    }
    printf("%u\n", JOB_ID(answer));
    return 0;
}
