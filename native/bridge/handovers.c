#include "handovers.h"

#include <stdlib.h>
#include <string.h>

struct size {
    size_t count;
    size_t bytes;
};

static struct size size_of(const char *const *strings)
{
    struct size size = {0};

    for (; strings[size.count] != NULL; size.count++)
        size.bytes += strlen(strings[size.count]) + 1;
    return size;
}

/* Returns where the next string goes. */
static char *copy(const char *const *strings, char **pointers, char *text)
{
    for (; *strings != NULL; strings++) {
        size_t bytes = strlen(*strings) + 1;

        *pointers++ = memcpy(text, *strings, bytes);
        text += bytes;
    }
    *pointers = NULL;
    return text;
}

struct hand_over *hand_over_make(uint32_t job_id, int32_t direction, const char *const *environment,
                                 const char *nodes)
{
    struct size size = size_of(environment);
    size_t nodes_bytes = strlen(nodes) + 1;
    struct hand_over *hand_over =
        malloc(sizeof(*hand_over) + (size.count + 1) * sizeof(char *) + size.bytes + nodes_bytes);

    if (hand_over != NULL) {
        char **pointers = (char **)(hand_over + 1);
        char *text = copy(environment, pointers, (char *)(pointers + size.count + 1));

        *hand_over = (struct hand_over){
            .job_id = job_id,
            .direction = direction,
            .environment = (const char *const *)pointers,
            .nodes = memcpy(text, nodes, nodes_bytes),
        };
    }
    return hand_over;
}

/* Both threads use it. */
static void free_if_done(struct hand_over *hand_over)
{
    if (hand_over->submitted && hand_over->reported)
        free(hand_over);
}

static struct hand_over_slot *slot_of(const struct handovers *handovers, uint64_t request)
{
    return (struct hand_over_slot *)&handovers->slots[request % HAND_OVER_SLOTS];
}

void handovers_init(struct handovers *handovers)
{
    TAILQ_INIT(&handovers->to_submit);
    handovers->reported_in_queue = 0;
    TAILQ_INIT(&handovers->waiting);
    TAILQ_INIT(&handovers->ended);
    for (size_t i = 0; i < HAND_OVER_SLOTS; i++)
        LIST_INIT(&handovers->slots[i]);
}

void handovers_add(struct handovers *handovers, struct hand_over *hand_over)
{
    TAILQ_INSERT_TAIL(&handovers->to_submit, hand_over, to_submit);
    hand_over->in_queue = true;
    TAILQ_INSERT_TAIL(&handovers->waiting, hand_over, to_end);
    LIST_INSERT_HEAD(slot_of(handovers, hand_over->request), hand_over, same_slot);
}

static void leave_queue(struct handovers *handovers, struct hand_over *hand_over)
{
    TAILQ_REMOVE(&handovers->to_submit, hand_over, to_submit);
    hand_over->in_queue = false;
    if (hand_over->reported)
        handovers->reported_in_queue--;
}

struct hand_over *handovers_next_to_submit(struct handovers *handovers)
{
    struct hand_over *hand_over = TAILQ_FIRST(&handovers->to_submit);

    /* The analyzer does not see that what was freed had left the queue before. */
    if (hand_over != NULL)
        leave_queue(handovers, hand_over); /* NOLINT(clang-analyzer-unix.Malloc) */
    return hand_over;
}

void handovers_submitted(struct hand_over *hand_over)
{
    hand_over->submitted = true;
    free_if_done(hand_over);
}

struct hand_over *handovers_next_deadline(const struct handovers *handovers)
{
    return TAILQ_FIRST(&handovers->waiting);
}

struct hand_over *handovers_find(const struct handovers *handovers, uint64_t request)
{
    struct hand_over *hand_over = LIST_FIRST(slot_of(handovers, request));

    while (hand_over != NULL && hand_over->request != request)
        hand_over = LIST_NEXT(hand_over, same_slot);
    return hand_over;
}

void handovers_end(struct handovers *handovers, struct hand_over *hand_over, enum ending ending)
{
    LIST_REMOVE(hand_over, same_slot);
    TAILQ_REMOVE(&handovers->waiting, hand_over, to_end);
    hand_over->ending = ending;
    TAILQ_INSERT_TAIL(&handovers->ended, hand_over, to_end);
}

struct hand_over *handovers_next_to_report(struct handovers *handovers)
{
    struct hand_over *hand_over = TAILQ_FIRST(&handovers->ended);

    if (hand_over != NULL)
        TAILQ_REMOVE(&handovers->ended, hand_over, to_end);
    return hand_over;
}

/* The first in line, as a rule: what waits for the library is ended by its deadline, in the same order. */
static struct hand_over *oldest_reported(const struct handovers *handovers)
{
    struct hand_over *hand_over = TAILQ_FIRST(&handovers->to_submit);

    while (hand_over != NULL && !hand_over->reported)
        hand_over = TAILQ_NEXT(hand_over, to_submit);
    return hand_over;
}

bool handovers_reported(struct handovers *handovers, struct hand_over *hand_over)
{
    struct hand_over *oldest = NULL;

    hand_over->reported = true;
    if (hand_over->in_queue)
        handovers->reported_in_queue++;
    free_if_done(hand_over);
    if (handovers->reported_in_queue > HAND_OVERS_REPORTED_IN_QUEUE)
        oldest = oldest_reported(handovers);
    if (oldest != NULL) {
        leave_queue(handovers, oldest);
        handovers_submitted(oldest);
    }
    return oldest != NULL;
}

size_t handovers_drop(struct handovers *handovers)
{
    struct hand_over *hand_over;
    size_t unreported = 0;

    while ((hand_over = handovers_next_to_submit(handovers)) != NULL)
        handovers_submitted(hand_over);
    while ((hand_over = handovers_next_deadline(handovers)) != NULL)
        handovers_end(handovers, hand_over, ENDED_TIMED_OUT);
    while ((hand_over = handovers_next_to_report(handovers)) != NULL) {
        unreported++;
        (void)handovers_reported(handovers, hand_over);
    }
    return unreported;
}
