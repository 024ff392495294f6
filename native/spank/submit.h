/* Where a job is submitted: srun, sbatch and salloc. */
#ifndef BEBIDA_SUBMIT_H
#define BEBIDA_SUBMIT_H

#include <slurm/spank.h>

#include "arguments.h"

/* Adds the option --bebida. Returns what slurm_spank_init() returns. */
int submit_register(spank_t spank, const struct arguments *arguments);

/* Puts the user's choice into the job's SPANK environment, for slurmctld's and the nodes' prologs. Returns
 * what slurm_spank_init_post_opt() returns. */
int submit_pass_on(spank_t spank);

/* The option itself, for a context that registers it and ignores its value. */
struct spank_option submit_option(spank_opt_cb_f callback);

#endif
