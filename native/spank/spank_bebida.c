/*
 * Slurm's SPANK plugin spank_bebida.so: the option --bebida where a job is submitted, and on the node, before
 * and after the job, the services that must not run beside it.
 *
 * Slurm loads it into srun, sbatch, salloc, slurmd and slurmstepd; each context has its own file. In slurmd
 * itself it does nothing: slurmd loads its plugins before it forks into the background, and a runtime's
 * threads would not survive that. Prolog and epilog run in a short-lived process of their own (slurmstepd
 * spank prolog).
 */
#include <slurm/slurm_errno.h>
#include <slurm/spank.h>

#include "arguments.h"
#include "node.h"
#include "submit.h"
#include "user_message.h"

#define EXPORTED __attribute__((visibility("default")))

/* Slurm declares these names in spank.h, without a visibility. */
#pragma GCC visibility push(default)
SPANK_PLUGIN(bebida, 1)
#pragma GCC visibility pop

EXPORTED int slurm_spank_init(spank_t spank, int count, char **words)
{
    const struct arguments arguments = arguments_read(count, words);
    int result = ESPANK_SUCCESS;

    switch (spank_context()) {
    case S_CTX_LOCAL:
    case S_CTX_ALLOCATOR:
        result = submit_register(spank, &arguments);
        break;
    case S_CTX_REMOTE:
        result = user_message_register(spank);
        user_message_read(spank);
        break;
    default:
        break;
    }
    return result;
}

EXPORTED int slurm_spank_init_post_opt(spank_t spank, int count, char **words)
{
    (void)count;
    (void)words;
    return spank_context() == S_CTX_LOCAL || spank_context() == S_CTX_ALLOCATOR ? submit_pass_on(spank)
                                                                                : ESPANK_SUCCESS;
}

EXPORTED int slurm_spank_user_init(spank_t spank, int count, char **words)
{
    (void)spank;
    (void)count;
    (void)words;
    user_message_show();
    return ESPANK_SUCCESS;
}

EXPORTED int slurm_spank_job_prolog(spank_t spank, int count, char **words)
{
    const struct arguments arguments = arguments_read(count, words);

    (void)spank;
    return node_prolog(&arguments);
}

EXPORTED int slurm_spank_job_epilog(spank_t spank, int count, char **words)
{
    const struct arguments arguments = arguments_read(count, words);

    (void)spank;
    return node_epilog(&arguments);
}
