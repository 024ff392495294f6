/*
 * Slurm's public headers, and what differs between its releases: here and nowhere else.
 */
#ifndef BEBIDA_SLURM_API_H
#define BEBIDA_SLURM_API_H

#include <stdint.h>

/* 26.05 asks about a job by slurm_step_id_t, and with this by its number too, as before. */
#define SLURM_BACKWARD_COMPAT
#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>

/* A pointer in 22.05, a pointer to a struct of that name from 23.11 on. */
typedef __typeof__(slurm_hostlist_create("")) hostlist;

/* Its name in 26.05. */
#ifdef BEBIDA_HAS_SLURM_FREE_CONF
#define slurm_free_ctl_conf slurm_free_conf
#endif

/* Sets the user who gives the reason for a node's state. In 26.05 that is always the sender. */
static inline void slurm_api_reason_from(update_node_msg_t *update, uint32_t user)
{
#ifdef BEBIDA_HAS_REASON_UID
    update->reason_uid = user;
#else
    (void)update;
    (void)user;
#endif
}

#endif
