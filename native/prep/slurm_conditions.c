#include "slurm_conditions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include <slurm/slurm_version.h>

#include "messages.h"
#include "nodes.h"
#include "slurm_api.h"
#include "slurm_queries.h"

static bool has(uint32_t state, uint32_t flags)
{
    return (state & flags) != 0;
}

static uint32_t conditions_of(uint32_t state)
{
    uint32_t conditions = 0;

    if ((state & NODE_STATE_BASE) == NODE_STATE_DOWN)
        conditions |= BEBIDA_NODE_DOWN;
    if (has(state, NODE_STATE_DRAIN))
        conditions |= BEBIDA_NODE_DRAIN;
    if (has(state, NODE_STATE_FAIL))
        conditions |= BEBIDA_NODE_FAIL;
    if (has(state, NODE_STATE_MAINT))
        conditions |= BEBIDA_NODE_MAINTENANCE;
    if (has(state, NODE_STATE_REBOOT_REQUESTED | NODE_STATE_REBOOT_ISSUED))
        conditions |= BEBIDA_NODE_REBOOT;
    if (has(state, NODE_STATE_POWER_DOWN | NODE_STATE_POWERING_DOWN | NODE_STATE_POWERED_DOWN |
                       NODE_STATE_POWERING_UP))
        conditions |= BEBIDA_NODE_POWER;
    if ((state & NODE_STATE_BASE) == NODE_STATE_IDLE &&
        !has(state, NODE_STATE_COMPLETING | NODE_STATE_NO_RESPOND)) {
        conditions |= BEBIDA_NODE_IDLE;
        if (has(state, NODE_STATE_PLANNED))
            conditions |= BEBIDA_NODE_PLANNED;
    }
    return conditions;
}

/* A node that slurm.conf had and has no more leaves an entry without a name. */
static void give_node(const node_info_t *node, bebida_take_condition take, void *context)
{
    const struct bebida_node given = {
        .name = node->name,
        .conditions = conditions_of(node->node_state),
        .reason = node->reason == NULL ? "" : node->reason,
    };

    if (node->name != NULL && *node->name != '\0')
        take(context, &given);
}

static bool give_reservation(const reserve_info_t *reservation, bebida_take_reservation take, void *context)
{
    char **nodes = nodes_expand(reservation->node_list == NULL ? "" : reservation->node_list);
    const struct bebida_reservation given = {
        .name = reservation->name == NULL ? "" : reservation->name,
        .maintenance = (reservation->flags & RESERVE_FLAG_MAINT) != 0,
        .begin = reservation->start_time,
        .end = reservation->end_time,
        .nodes = (const char *const *)nodes,
    };

    if (nodes != NULL)
        take(context, &given);
    nodes_free(nodes);
    return nodes != NULL;
}

/* One that floats begins a while after now, whenever that is: never. */
static bool has_times(const reserve_info_t *reservation)
{
    return (reservation->flags & RESERVE_FLAG_TIME_FLOAT) == 0;
}

enum answer { NONE, SAME, NEW };

static enum answer answer_of(int code)
{
    return code == SLURM_SUCCESS ? NEW : errno == SLURM_NO_CHANGE_IN_DATA ? SAME : NONE;
}

/* Nodes in hidden partitions too. Power saving changes nodes without a trace in their time before 23.02
 * (Slurm's commit ac16e9f3ac). */
static enum answer load_nodes(time_t since, node_info_msg_t **nodes)
{
#if SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(23, 2, 0)
    since = 0;
#endif
    return answer_of(slurm_load_node(since, nodes, SHOW_ALL | SHOW_LOCAL));
}

static enum answer load_reservations(time_t since, reserve_info_msg_t **reservations)
{
    return answer_of(slurm_load_reservations(since, reservations));
}

/* Both, or neither where both are the same as at the last look. */
static bool load(struct bebida_look *last, node_info_msg_t **nodes, reserve_info_msg_t **reservations)
{
    enum answer of_nodes = load_nodes(last->nodes, nodes);
    enum answer of_reservations =
        of_nodes == NONE ? NONE : load_reservations(last->reservations, reservations);

    last->unchanged = of_nodes == SAME && of_reservations == SAME;
    if (last->unchanged)
        return true;
    if (of_nodes == SAME)
        of_nodes = load_nodes(0, nodes);
    if (of_reservations == SAME)
        of_reservations = load_reservations(0, reservations);
    return of_nodes == NEW && of_reservations == NEW;
}

int32_t slurm_conditions(struct bebida_look *last, bebida_take_condition take,
                         bebida_take_reservation take_reservation, void *context, char *cluster,
                         uint32_t cluster_size, char *reason, uint32_t reason_size)
{
    node_info_msg_t *nodes = NULL;
    reserve_info_msg_t *reservations = NULL;
    int32_t outcome = BEBIDA_FAILED;

    if (!load(last, &nodes, &reservations) ||
        (!last->unchanged && !slurm_queries_cluster(cluster, cluster_size))) {
        (void)snprintf(reason, reason_size, MESSAGE_NODES_NOT_LISTED, slurm_strerror(errno));
        goto end;
    }
    for (uint32_t i = 0; nodes != NULL && i < nodes->record_count; i++)
        give_node(&nodes->node_array[i], take, context);
    for (uint32_t i = 0; reservations != NULL && i < reservations->record_count; i++) {
        const reserve_info_t *reservation = &reservations->reservation_array[i];

        if (has_times(reservation) && !give_reservation(reservation, take_reservation, context)) {
            (void)snprintf(reason, reason_size, MESSAGE_NO_MEMORY_FOR_RESERVATION);
            goto end;
        }
    }
    if (nodes != NULL && reservations != NULL) {
        last->nodes = nodes->last_update;
        last->reservations = reservations->last_update;
    }
    outcome = BEBIDA_DONE;
end:
    if (nodes != NULL)
        slurm_free_node_info_msg(nodes);
    if (reservations != NULL)
        slurm_free_reservation_info_msg(reservations);
    return outcome;
}
