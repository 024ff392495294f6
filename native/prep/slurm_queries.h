/* Requests to slurmctld about its jobs, as any command makes them: they need no lock and no struct layout of
 * slurmctld's. The caller holds no lock of slurmctld's. */
#ifndef BEBIDA_SLURM_QUERIES_H
#define BEBIDA_SLURM_QUERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "bebida.h"

/* To be called before the others, as this slurmctld starts. */
void slurm_queries_init(void);

/* Whether the slurmctld that answers for the cluster is this process: false too where none answers. */
bool slurm_queries_is_in_charge(void);

/* The name of the cluster that slurmctld says is its own, cut to size. Returns whether it says so: only
 * slurmctld itself is asked, since one cluster's holds must never be compared with what another says. */
bool slurm_queries_cluster(char *cluster, uint32_t size);

/* bebida_host.presence. */
int32_t slurm_queries_presence(uint32_t job_id, bebida_take_node take, void *context);

/* bebida_host.jobs. */
int32_t slurm_queries_jobs(bebida_take_job take, void *context, char *cluster, uint32_t cluster_size,
                           char *reason, uint32_t reason_size);

#endif
