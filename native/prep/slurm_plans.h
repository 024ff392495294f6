/* A request to slurmctld about its pending jobs, as those in slurm_queries.h. */
#ifndef BEBIDA_SLURM_PLANS_H
#define BEBIDA_SLURM_PLANS_H

#include <stdint.h>

#include "bebida.h"

/* bebida_host.plans. */
int32_t slurm_plans(bebida_take_plan take, void *context, struct bebida_backfill *backfill, char *reason,
                    uint32_t reason_size);

#endif
