/* The queue of hand-overs under any order of what its two threads and the library do to it: no hand-over is
 * lost, reported twice, or leaked. */
#include "handovers.h"

#include <string.h>

#include "slurm_log.h"

enum { HANDS = 4 };

enum step { ADD, TAKE, CARRIED, END, OVERDUE, TELL, TOLD, DROP, STEPS };

static struct {
    struct handovers handovers;
    uint64_t requests;
    size_t added;
    size_t reported;
    struct hand_over *submitting;
    struct hand_over *reporting;
} world;

static void add(uint8_t size)
{
    static const char *const strings[HANDS + 1] = {"SLURM_JOB_ID=1", "A=", "", "n1", NULL};
    const char *nodes = size % 2 == 0 ? "" : "n[1-3]";
    struct hand_over *hand_over = hand_over_make(1, 0, strings + size % HANDS, nodes);

    must(hand_over != NULL);
    for (size_t i = 0; strings[size % HANDS + i] != NULL; i++)
        must(strcmp(hand_over->environment[i], strings[size % HANDS + i]) == 0);
    must(strcmp(hand_over->nodes, nodes) == 0);
    hand_over->request = ++world.requests;
    handovers_add(&world.handovers, hand_over);
    world.added++;
}

static void submitted(void)
{
    if (world.submitting != NULL)
        handovers_submitted(world.submitting);
    world.submitting = NULL;
}

static void reported(void)
{
    if (world.reporting != NULL) {
        (void)handovers_reported(&world.handovers, world.reporting);
        world.reported++;
    }
    world.reporting = NULL;
}

static void end(struct hand_over *waiting)
{
    if (waiting != NULL) {
        uint64_t request = waiting->request;

        handovers_end(&world.handovers, waiting, ENDED_DONE);
        must(handovers_find(&world.handovers, request) == NULL);
    }
}

static void do_step(enum step step, uint8_t argument)
{
    switch (step) {
    case ADD:
        add(argument);
        break;
    case TAKE:
        if (world.submitting == NULL)
            world.submitting = handovers_next_to_submit(&world.handovers);
        break;
    case CARRIED:
        submitted();
        break;
    case END: /* the library answers, perhaps a number that is none */
        end(handovers_find(&world.handovers, argument));
        break;
    case OVERDUE:
        end(handovers_next_deadline(&world.handovers));
        break;
    case TELL:
        if (world.reporting == NULL)
            world.reporting = handovers_next_to_report(&world.handovers);
        break;
    case TOLD:
        reported();
        break;
    case DROP:
    case STEPS:
        world.reported += handovers_drop(&world.handovers);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&world, 0, sizeof(world));
    handovers_init(&world.handovers);
    for (size_t i = 0; i + 1 < size; i += 2)
        do_step(data[i] % STEPS, data[i + 1]);
    submitted();
    reported();
    world.reported += handovers_drop(&world.handovers);
    must(world.reported == world.added);
    return 0;
}
