/* The hand-overs of this process: what is to be submitted to the library, what waits for its answer, and
 * what has ended and is to be reported. Not locked here: bridge.c holds its lock around every call. */
#ifndef BEBIDA_HANDOVERS_H
#define BEBIDA_HANDOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* How a hand-over ended, as the shim saw it. */
enum ending {
    NOT_ENDED,
    ENDED_DONE,        /* the library has done it */
    ENDED_FAILED,      /* the library could not */
    ENDED_REFUSED,     /* the library would not begin it */
    ENDED_NOT_RUNNING, /* no library runs */
    ENDED_TIMED_OUT,   /* the shim's own timer ended it */
};

/* One hand-over, all in one piece of memory: slurmctld's locks are held while it is made. */
struct hand_over {
    uint64_t request;
    uint32_t job_id;
    int32_t direction; /* enum bebida_direction */
    int64_t deadline;  /* a moment of clock_now() */
    enum ending ending;
    bool in_queue;          /* in to_submit */
    bool submitted;         /* the submitter will not touch it any more */
    bool reported;          /* nor will the completer */
    struct hand_over *next; /* in the hook queue */
    TAILQ_ENTRY(hand_over) to_submit;
    TAILQ_ENTRY(hand_over) to_end; /* among those that wait for their end, or for being reported */
    LIST_ENTRY(hand_over) same_slot;
    const char *const *environment;
    const char *nodes; /* as ranges: expanding a thousand names takes longer than those locks may be held */
};

TAILQ_HEAD(hand_over_queue, hand_over);
LIST_HEAD(hand_over_slot, hand_over);

enum {
    HAND_OVER_SLOTS = 1024,
    HAND_OVERS_REPORTED_IN_QUEUE = 1000, /* at most: each is as large as its job's environment */
};

struct handovers {
    struct hand_over_queue to_submit;             /* in the order of the hooks: the order per job */
    size_t reported_in_queue;                     /* how many of these have been reported already */
    struct hand_over_queue waiting;               /* in the order of the deadlines, which is the same */
    struct hand_over_queue ended;                 /* in the order of their ends */
    struct hand_over_slot slots[HAND_OVER_SLOTS]; /* those that wait, by request number */
};

/* Copies the NULL-terminated array and the nodes' ranges. Returns NULL without memory. */
struct hand_over *hand_over_make(uint32_t job_id, int32_t direction, const char *const *environment,
                                 const char *nodes);

void handovers_init(struct handovers *handovers);

/* Takes ownership of it. */
void handovers_add(struct handovers *handovers, struct hand_over *hand_over);

/* The next to submit to the library, or NULL. The caller gives it back by handovers_submitted(). */
struct hand_over *handovers_next_to_submit(struct handovers *handovers);
void handovers_submitted(struct hand_over *hand_over);

/* The one with the next deadline, or NULL. */
struct hand_over *handovers_next_deadline(const struct handovers *handovers);

/* The one that still waits under this number, or NULL. */
struct hand_over *handovers_find(const struct handovers *handovers, uint64_t request);
void handovers_end(struct handovers *handovers, struct hand_over *hand_over, enum ending ending);

/* The next that has ended, or NULL. The caller reports it and gives it back by handovers_reported(). One that
 * is reported before it is submitted stays in the queue, for its nodes' sake; of too many of these the oldest
 * is dropped. Returns whether one was. */
struct hand_over *handovers_next_to_report(struct handovers *handovers);
bool handovers_reported(struct handovers *handovers, struct hand_over *hand_over);

/* Drops all, unreported. The submitter and the completer give back what they still work on. Returns how many
 * were not reported. */
size_t handovers_drop(struct handovers *handovers);

#endif
