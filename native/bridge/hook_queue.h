/* What the hooks leave for our threads, without a lock: a hook holds slurmctld's locks, and the holder of one
 * of ours might be waiting for a processor. */
#ifndef BEBIDA_HOOK_QUEUE_H
#define BEBIDA_HOOK_QUEUE_H

#include <stdatomic.h>

struct hand_over;

struct hook_queue {
    _Atomic(struct hand_over *) newest; /* and by hand_over.next the ones before it */
};

/* Called from any thread; never waits. */
void hook_queue_push(struct hook_queue *queue, struct hand_over *hand_over);

/* Takes all, linked by hand_over.next, the oldest first. Returns NULL if the queue is empty. */
struct hand_over *hook_queue_take_all(struct hook_queue *queue);

#endif
