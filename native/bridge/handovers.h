/* The hand-overs of this process: what is to be carried into the library, what waits for its end, and what
 * has ended and is to be told. Not locked here: bridge.c holds its lock around every call. */
#ifndef BEBIDA_HANDOVERS_H
#define BEBIDA_HANDOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* How a hand-over ended, as the shim saw it. */
enum ending {
    NOT_ENDED,
    ENDED_DONE,    /* the library has done it */
    ENDED_FAILED,  /* the library could not */
    ENDED_REFUSED, /* the library would not begin it */
    ENDED_NOWHERE, /* no library runs */
    ENDED_OVERDUE, /* the shim's own timer ended it */
};

/* One hand-over, all in one piece of memory: slurmctld's locks are held while it is made. */
struct hand_over {
    uint64_t request;
    uint32_t job_id;
    int32_t direction; /* enum bebida_direction */
    int64_t deadline;  /* a moment of clock_now() */
    enum ending ending;
    bool in_line;           /* in to_carry */
    bool carried;           /* the carrier will not touch it any more */
    bool told;              /* nor will the answerer */
    struct hand_over *next; /* in the inbox */
    TAILQ_ENTRY(hand_over) to_carry;
    TAILQ_ENTRY(hand_over) to_end; /* among those that wait for their end, or for being told of it */
    LIST_ENTRY(hand_over) same_slot;
    const char *const *environment;
    const char
        *nodes; /* as ranges: to spell out a thousand names takes longer than those locks may be held */
};

TAILQ_HEAD(hand_over_line, hand_over);
LIST_HEAD(hand_over_slot, hand_over);

enum {
    HAND_OVER_SLOTS = 1024,
    HAND_OVERS_TOLD_IN_LINE = 1000, /* at most: each is as large as its job's environment */
};

struct handovers {
    struct hand_over_line to_carry;               /* in the order of the hooks: the order per job */
    size_t told_in_line;                          /* how many of these have been told of already */
    struct hand_over_line waiting;                /* in the order of the deadlines, which is the same */
    struct hand_over_line ended;                  /* in the order of their ends */
    struct hand_over_slot slots[HAND_OVER_SLOTS]; /* those that wait, by request number */
};

/* Copies the NULL-terminated array and the nodes' ranges. Returns NULL without memory. */
struct hand_over *hand_over_make(uint32_t job_id, int32_t direction, const char *const *environment,
                                 const char *nodes);

void handovers_empty(struct handovers *handovers);

/* Takes it in: from here on it belongs to handovers. */
void handovers_add(struct handovers *handovers, struct hand_over *hand_over);

/* The next to carry into the library, or NULL. To be given back by handovers_carried(). */
struct hand_over *handovers_next_to_carry(struct handovers *handovers);
void handovers_carried(struct hand_over *hand_over);

/* The first to become overdue, or NULL. */
struct hand_over *handovers_next_to_end(const struct handovers *handovers);

/* The one that still waits for its end under this number, or NULL. */
struct hand_over *handovers_waiting(const struct handovers *handovers, uint64_t request);
void handovers_end(struct handovers *handovers, struct hand_over *hand_over, enum ending ending);

/* The next whose end is to be told, or NULL. To be given back by handovers_told(): what was told and not
 * carried yet is still to be, for the nodes' sake; where too many of these have come together, the oldest is
 * let go. Returns whether one was. */
struct hand_over *handovers_next_to_tell(struct handovers *handovers);
bool handovers_told(struct handovers *handovers, struct hand_over *hand_over);

/* Lets go of all, untold. What the carrier or the answerer has in hand is theirs to give back. Returns how
 * many were not told. */
size_t handovers_drop(struct handovers *handovers);

#endif
