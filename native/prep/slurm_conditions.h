/* A request to slurmctld about its nodes and reservations, as those in slurm_queries.h. */
#ifndef BEBIDA_SLURM_CONDITIONS_H
#define BEBIDA_SLURM_CONDITIONS_H

#include <stdint.h>

#include "bebida.h"

/* bebida_host.conditions. */
int32_t slurm_conditions(struct bebida_look *last, bebida_take_condition take,
                         bebida_take_reservation take_reservation, void *context, char *cluster,
                         uint32_t cluster_size, char *reason, uint32_t reason_size);

#endif
