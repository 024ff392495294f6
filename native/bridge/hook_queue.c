#include "hook_queue.h"

#include <stddef.h>

#include "handovers.h"

void hook_queue_push(struct hook_queue *queue, struct hand_over *hand_over)
{
    hand_over->next = atomic_load(&queue->newest);
    while (!atomic_compare_exchange_weak(&queue->newest, &hand_over->next, hand_over))
        ;
}

struct hand_over *hook_queue_take_all(struct hook_queue *queue)
{
    struct hand_over *newest = atomic_exchange(&queue->newest, NULL);
    struct hand_over *oldest = NULL;

    while (newest != NULL) {
        struct hand_over *before = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    return oldest;
}
