/* A job as Slurm describes it to its prologs. */
#ifndef BEBIDA_JOB_H
#define BEBIDA_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "handovers.h"
#include "prep_abi.h"

/* Whether this process is slurmctld. */
bool job_in_slurmctld(void);

/* Copies the job's environment and the ranges of its nodes; slurmctld's locks are held. direction: enum
 * bebida_direction. Returns NULL where there is nothing to hand over: for a job without nodes, or, with one
 * error logged, for one that cannot be read. */
struct hand_over *job_hand_over(job_record_t *job, int32_t direction);

#endif
