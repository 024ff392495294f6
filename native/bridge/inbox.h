/* What the hooks leave for our threads. slurmctld's locks are held in a hook: it takes none of ours here,
 * since whoever had it might just be waiting for a processor. */
#ifndef BEBIDA_INBOX_H
#define BEBIDA_INBOX_H

#include <stdatomic.h>

struct hand_over;

struct inbox {
    _Atomic(struct hand_over *) newest; /* and by hand_over.next the ones before it */
};

/* From any thread, waiting for none. */
void inbox_put(struct inbox *inbox, struct hand_over *hand_over);

/* Takes all that is there, the oldest first, linked by hand_over.next; NULL if there is nothing. */
struct hand_over *inbox_take(struct inbox *inbox);

#endif
