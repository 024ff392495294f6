/* In slurmstepd: what the node's prolog has to tell the job's user. */
#ifndef BEBIDA_NOTICE_H
#define BEBIDA_NOTICE_H

#include <slurm/spank.h>

/* Makes the option known: srun passes on to the nodes what it was given. */
int notice_register(spank_t spank);

/* Writes the prolog's notice, if there is one, to the job's error output; once for a job, not once for each
 * node and task. */
void notice_give(spank_t spank);

#endif
