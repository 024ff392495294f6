/* From slurmctld's hooks into the controller library and back. Two threads of ours do it, so that none of
 * slurmctld's ever enters managed code: the submitter calls the library, the completer reports the outcomes
 * to slurmctld and enforces the deadlines. */
#ifndef BEBIDA_BRIDGE_H
#define BEBIDA_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "bebida.h"
#include "handovers.h"
#include "policy.h"

/* Called by the completer, which holds no lock, exactly once for each hand-over that bridge_hand_over() has
 * taken, unless the process ends first or has handed over to another slurmctld. */
typedef void (*bridge_report)(const struct hand_over *hand_over, const struct policy *policy);

/* Whether slurmctld is told to requeue the job. */
bool bridge_requeues(const struct hand_over *hand_over, const struct policy *policy);

/* What is asked of slurmctld, by the library (the functions of those names in struct bebida_host) and by the
 * bridge. */
struct bridge_queries {
    int32_t (*presence)(uint32_t job_id, bebida_take_node take, void *context);
    int32_t (*jobs)(bebida_take_job take, void *context, char *cluster, uint32_t cluster_size, char *reason,
                    uint32_t reason_size);
    int32_t (*conditions)(struct bebida_look *last, bebida_take_condition take,
                          bebida_take_reservation take_reservation, void *context, char *cluster,
                          uint32_t cluster_size, char *reason, uint32_t reason_size);
    int32_t (*change_nodes)(const char *nodes, int32_t change, const char *because, char *reason,
                            uint32_t reason_size);
    int32_t (*nodes_kept_on)(bebida_take_node take, void *context, char *reason, uint32_t reason_size);
    int32_t (*keep_nodes_on)(const char *nodes, int32_t keep, char *reason, uint32_t reason_size);
    int32_t (*plans)(bebida_take_plan take, void *context, struct bebida_backfill *backfill, char *reason,
                     uint32_t reason_size);
    bool (*is_in_charge)(void); /* whether the slurmctld that answers for the cluster is this process */
};

/* Once in a process. Reads the policy and starts both threads; the submitter opens the library at once, so
 * that an error in it shows when slurmctld starts. Returns whether they run; otherwise one error has been
 * logged.
 *
 * When the process exits, the bridge stops both threads and the library, and waits for them a moment at most.
 * Open hand-overs are dropped unreported: after its restart slurmctld repeats the prologs, and the reconciler
 * does the rest. */
bool bridge_open(bridge_report report, struct bridge_queries queries);

/* Takes a hand-over in and returns at once. Opens the bridge again in a fork of the process that opened it,
 * since threads do not survive a fork. Where it was never opened, it stays closed. Returns whether the
 * hand-over was taken; otherwise it has been freed. */
bool bridge_hand_over(struct hand_over *hand_over);

#endif
