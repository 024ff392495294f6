/* Requests from the node to slurmctld, by Slurm's public API. */
#ifndef BEBIDA_SLURMCTLD_H
#define BEBIDA_SLURMCTLD_H

#include <stdint.h>

/* Looks a job up: BEBIDA_PRESENT while it has this node, with its name and account; see
 * bebida_node_host.find_job. */
int32_t slurmctld_find_job(uint32_t job_id, char *name, uint32_t name_size, char *account,
                           uint32_t account_size);

/* Drains this node, so that sinfo -R shows why. A failure is logged. node: its name in Slurm. */
void slurmctld_drain(const char *node, const char *reason);

#endif
