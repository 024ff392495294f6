#include "slurm_changes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <slurm/slurm_version.h>

#include "messages.h"
#include "nodes.h"
#include "slurm_api.h"

int32_t slurm_changes_nodes(const char *nodes, int32_t change, const char *because, char *reason,
                            uint32_t reason_size)
{
    update_node_msg_t update;

    slurm_init_update_node_msg(&update);
    update.node_names = (char *)nodes;
    update.node_state = change == BEBIDA_NODE_TO_DRAIN ? NODE_STATE_DRAIN : NODE_STATE_UNDRAIN;
    if (*because != '\0') {
        update.reason = (char *)because;
        slurm_api_reason_from(&update, getuid());
    }
    if (slurm_update_node(&update) == SLURM_SUCCESS)
        return BEBIDA_DONE;
    (void)snprintf(reason, reason_size, MESSAGE_NODES_NOT_CHANGED, nodes, slurm_strerror(errno));
    return BEBIDA_FAILED;
}

#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0)

static int32_t give_all(const char *list, bebida_take_node take, void *context, char *reason,
                        uint32_t reason_size)
{
    char **nodes;

    if (strchr(list, ':') != NULL) {
        (void)snprintf(reason, reason_size, MESSAGE_KEPT_ON_COUNTS, list);
        return BEBIDA_FAILED;
    }
    nodes = nodes_expand(list);
    if (nodes == NULL) {
        (void)snprintf(reason, reason_size, MESSAGE_NO_MEMORY_FOR_KEPT_ON);
        return BEBIDA_FAILED;
    }
    for (char **node = nodes; *node != NULL; node++)
        take(context, *node);
    nodes_free(nodes);
    return BEBIDA_DONE;
}

int32_t slurm_changes_kept_on(bebida_take_node take, void *context, char *reason, uint32_t reason_size)
{
    slurm_conf_t *configuration = NULL;
    int32_t outcome = BEBIDA_FAILED;

    if (slurm_load_ctl_conf(0, &configuration) == SLURM_SUCCESS)
        outcome = give_all(configuration->suspend_exc_nodes == NULL ? "" : configuration->suspend_exc_nodes,
                           take, context, reason, reason_size);
    else
        (void)snprintf(reason, reason_size, MESSAGE_KEPT_ON_NOT_READ, slurm_strerror(errno));
    slurm_free_ctl_conf(configuration);
    return outcome;
}

int32_t slurm_changes_keep_on(const char *nodes, int32_t keep, char *reason, uint32_t reason_size)
{
    if (slurm_update_suspend_exc_nodes((char *)nodes, keep != 0 ? UPDATE_ADD : UPDATE_REMOVE) ==
        SLURM_SUCCESS)
        return BEBIDA_DONE;
    (void)snprintf(reason, reason_size, MESSAGE_KEPT_ON_NOT_CHANGED, nodes, slurm_strerror(errno));
    return BEBIDA_FAILED;
}

#else

/* slurmctld changes SuspendExcNodes from 23.02 on. */
int32_t slurm_changes_kept_on(bebida_take_node take, void *context, char *reason, uint32_t reason_size)
{
    (void)take;
    (void)context;
    (void)snprintf(reason, reason_size, MESSAGE_KEPT_ON_TOO_OLD);
    return BEBIDA_FAILED;
}

int32_t slurm_changes_keep_on(const char *nodes, int32_t keep, char *reason, uint32_t reason_size)
{
    (void)nodes;
    (void)keep;
    (void)snprintf(reason, reason_size, MESSAGE_KEPT_ON_TOO_OLD);
    return BEBIDA_FAILED;
}

#endif
