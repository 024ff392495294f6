/* slurmctld ends when it wants to. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "promise.h"
#include "standin_slurmctld.h"

PROMISE(slurmctld_ends_with_work_in_flight_and_is_told_nothing_after)
{
    uint64_t request;

    controller.hand_over = never_answers;
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    request = library_handed(1).request;
    slurmctld_stops();
    keep(library_stopped_so_far() == 1);
    controller.host.answer(request, BEBIDA_DONE);
    controller.host.log(BEBIDA_LOG_INFO, "a late line");
    keep(slurmctld_told_so_far() == 0);
    keep(slurmctld_logged("error", "") == 0);
}

static int32_t hangs(uint64_t request, int32_t direction, const char *const *environment,
                     const char *const *nodes, uint32_t budget_ms)
{
    takes_note(request, direction, environment, nodes, budget_ms);
    gate_wait();
    return BEBIDA_OK;
}

PROMISE(slurmctld_ends_although_a_hand_over_hangs)
{
    controller.hand_over = hangs;
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(slurmctld_prolog(2, "n1"));
    gate_awaits_visitors(1);
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 0);
    keep(slurmctld_logged("error", "does not stop") == 1);
    gate_open();
}

static int32_t hangs_in_stop(uint32_t grace_ms)
{
    (void)grace_ms;
    gate_wait();
    return BEBIDA_OK;
}

PROMISE(slurmctld_ends_although_the_library_does_not_stop)
{
    controller.stop = hangs_in_stop;
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    (void)slurmctld_told(1);
    slurmctld_stops();
    keep(slurmctld_logged("error", "does not stop") == 1);
    gate_open();
}

PROMISE(A_hook_after_the_end_is_not_waited_for)
{
    slurmctld_starts();
    slurmctld_stops();
    keep(!slurmctld_prolog(1, "n1"));
    keep(slurmctld_logged("error", "job 1") == 1);
}

static int stopped_by_exit;

static int32_t says_that_it_stops(uint32_t grace_ms)
{
    keep(write(stopped_by_exit, "s", 1) == 1);
    return stops(grace_ms);
}

PROMISE(The_library_is_stopped_when_slurmctld_just_exits)
{
    int ends[2];
    int status = 0;
    char read_back = 0;
    pid_t child;

    keep(pipe(ends) == 0);
    child = slurmctld_forks();
    if (child == 0) {
        stopped_by_exit = ends[1];
        controller.stop = says_that_it_stops;
        controller.hand_over = never_answers;
        slurmctld_starts();
        keep(slurmctld_prolog(1, "n1"));
        (void)library_handed(1);
        exit(0);
    }
    (void)close(ends[1]);
    keep(read(ends[0], &read_back, 1) == 1 && read_back == 's');
    keep(read(ends[0], &read_back, 1) == 0);
    keep(waitpid(child, &status, 0) == child && status == 0);
}
