#include "inbox.h"

#include <stddef.h>

#include "handovers.h"

void inbox_put(struct inbox *inbox, struct hand_over *hand_over)
{
    hand_over->next = atomic_load(&inbox->newest);
    while (!atomic_compare_exchange_weak(&inbox->newest, &hand_over->next, hand_over))
        ;
}

struct hand_over *inbox_take(struct inbox *inbox)
{
    struct hand_over *newest = atomic_exchange(&inbox->newest, NULL);
    struct hand_over *oldest = NULL;

    while (newest != NULL) {
        struct hand_over *before = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    return oldest;
}
