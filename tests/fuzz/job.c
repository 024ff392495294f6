/* A job's environment as slurmctld gives it, one variable a line: whatever users and slurm.conf put in there,
 * it becomes a hand-over with that environment, or none. */
#include "job.h"

#include <stdlib.h>
#include <string.h>

#include "bebida.h"
#include "nodes.h"
#include "slurm_log.h"

enum { MOST_VARIABLES = 64, LONGEST_NODE_LIST = 64 };

struct job_record {
    const uint8_t *data;
    size_t size;
};

/* Of libslurm, and not in its public headers. */
void *slurm_xcalloc(size_t count, size_t size, bool clear, bool try, const char *file, int line,
                    const char *function);
char *slurm_xstrdup(const char *text);

char **job_common_env_vars(job_record_t *job, bool is_complete);

/* What slurmctld exports. A list of nodes is slurmctld's own, from slurm.conf's names: that libslurm expands
 * any text is not claimed here. */
__attribute__((visibility("default"))) char **job_common_env_vars(job_record_t *job, bool is_complete)
{
    char **environment =
        slurm_xcalloc(MOST_VARIABLES + 1, sizeof(char *), true, false, __FILE__, __LINE__, __func__);
    char *text = text_of_input(job->data, job->size);
    char *rest = NULL;
    size_t count = 0;

    (void)is_complete;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < MOST_VARIABLES;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "SLURM_JOB_NODELIST=", 19) != 0 || strlen(line) < LONGEST_NODE_LIST)
            environment[count++] = slurm_xstrdup(line);
    }
    free(text);
    return environment;
}

/* libslurm leaks what it has read of a list up to the mistake in it; slurmctld makes no such list. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:slurm_hostlist_create\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    job_record_t job = {data, size};
    struct hand_over *hand_over;
    char **nodes = NULL;

    slurm_log_forget();
    hand_over = job_hand_over(&job, size % 2 == 0 ? BEBIDA_DECOMMISSION : BEBIDA_RECOMMISSION);
    must(slurm_log_errors() <= 1);
    if (hand_over != NULL) {
        must(hand_over->job_id != 0 && slurm_log_errors() == 0);
        for (const char *const *variable = hand_over->environment; *variable != NULL; variable++)
            must(strchr(*variable, '\n') == NULL);
        nodes = nodes_expand(hand_over->nodes);
        for (char **node = nodes; node != NULL && *node != NULL; node++)
            must(strlen(*node) < 2 * LONGEST_NODE_LIST);
    }
    nodes_free(nodes);
    free(hand_over);
    return 0;
}
