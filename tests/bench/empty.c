/* The peer: a SPANK plugin whose job prolog does nothing. */
#include <slurm/spank.h>

SPANK_PLUGIN(empty, 1)

int slurm_spank_job_prolog(spank_t spank, int count, char **words)
{
    (void)spank;
    (void)count;
    (void)words;
    return 0;
}
