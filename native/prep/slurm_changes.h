/* Requests to slurmctld that change something, as those in slurm_queries.h. They are the functions of struct
 * bebida_host. */
#ifndef BEBIDA_SLURM_CHANGES_H
#define BEBIDA_SLURM_CHANGES_H

#include <stdint.h>

#include "bebida.h"

/* bebida_host.change_nodes. */
int32_t slurm_changes_nodes(const char *nodes, int32_t change, const char *because, char *reason,
                            uint32_t reason_size);

/* bebida_host.nodes_kept_on. */
int32_t slurm_changes_kept_on(bebida_take_node take, void *context, char *reason, uint32_t reason_size);

/* bebida_host.keep_nodes_on. */
int32_t slurm_changes_keep_on(const char *nodes, int32_t keep, char *reason, uint32_t reason_size);

#endif
