/* Looks a job up by a request to slurmctld, as any command does. The caller holds no lock of slurmctld's. */
#ifndef BEBIDA_SLURM_JOBS_H
#define BEBIDA_SLURM_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "slurm_api.h"

/* Judges one record of the job. Returns enum bebida_presence. */
typedef int32_t (*slurm_jobs_judge)(const job_info_t *job, void *context);

/* Gives judge every record of that very number: under the number of an array or of a heterogeneous job,
 * slurmctld lists all its parts. Returns enum bebida_presence: the first BEBIDA_UNKNOWN, or else
 * BEBIDA_PRESENT if a record was. context is the caller's own. */
int32_t slurm_jobs_find(uint32_t job_id, slurm_jobs_judge judge, void *context);

/* Whether it has nodes and tasks may run there. */
bool slurm_jobs_is_running(const job_info_t *job);

#endif
