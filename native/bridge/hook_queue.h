/* What the hooks leave for our threads, without a lock: a hook holds slurmctld's locks, and the holder of one
 * of ours might be waiting for a processor. */
#ifndef BEBIDA_HOOK_QUEUE_H
#define BEBIDA_HOOK_QUEUE_H

#include <stdatomic.h>

struct hand_over;

struct hook_queue {
    _Atomic(struct hand_over *) newest; /* and by hand_over.next the ones before it */
};

/* From any thread, waiting for none. */
void hook_queue_push(struct hook_queue *queue, struct hand_over *hand_over);

/* Takes all that is there, the oldest first, linked by hand_over.next; NULL if there is nothing. */
struct hand_over *hook_queue_take_all(struct hook_queue *queue);

#endif
