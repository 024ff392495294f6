/* slurmctld is told exactly once how a hand-over ended. */
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "promise.h"
#include "standin_slurmctld.h"

PROMISE(A_job_starts_when_Kubernetes_has_let_go_of_its_nodes)
{
    struct told told;
    struct handed handed;

    slurmctld_starts();
    keep(slurmctld_prolog(17, "n[1-2],gpu7"));
    told = slurmctld_told(1);
    keep(told.status == 0 && told.job_id == 17 && !told.timed_out);
    handed = library_handed(1);
    keep(handed.direction == BEBIDA_DECOMMISSION && handed.job_id == 17);
    keep(strcmp(handed.nodes, "n1 n2 gpu7 ") == 0);
    slurmctld_stops();
    keep(slurmctld_logged("error", "") == 0);
}

PROMISE(A_job_ends_without_waiting_until_its_nodes_are_back_in_Kubernetes)
{
    slurmctld_starts();
    keep(!slurmctld_epilog(17, "n1"));
    keep(library_handed(1).direction == BEBIDA_RECOMMISSION && library_handed(1).job_id == 17);
    keep(slurmctld_prolog(18, "n1"));
    keep(slurmctld_told(1).job_id == 18);
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 1);
    keep(slurmctld_logged("error", "") == 0);
}

static int32_t answers_twice(uint64_t request, int32_t direction, const char *const *environment,
                             const char *const *nodes, uint32_t budget_ms)
{
    (void)answers_done(request, direction, environment, nodes, budget_ms);
    controller.host.answer(request, BEBIDA_FAILED);
    controller.host.answer(request + 1000, BEBIDA_DONE);
    return BEBIDA_ERROR_INTERNAL;
}

PROMISE(slurmctld_is_told_once_however_often_the_library_answers)
{
    controller.hand_over = answers_twice;
    slurmctld_starts();
    for (uint32_t job = 1; job <= 100; job++) {
        keep(slurmctld_prolog(job, "n1"));
        /* Ends come in order: a second one for the job before would have been told by now. */
        keep(slurmctld_told(job).job_id == job);
        keep(slurmctld_told(job).status == 0);
    }
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 100);
}

static void *answer_done(void *request)
{
    controller.host.answer(*(uint64_t *)request, BEBIDA_DONE);
    return NULL;
}

static int32_t answers_from_elsewhere(uint64_t request, int32_t direction, const char *const *environment,
                                      const char *const *nodes, uint32_t budget_ms)
{
    pthread_t thread;

    takes_note(request, direction, environment, nodes, budget_ms);
    keep(pthread_create(&thread, NULL, answer_done, &request) == 0);
    keep(pthread_join(thread, NULL) == 0);
    return BEBIDA_OK;
}

PROMISE(The_library_may_answer_from_any_thread)
{
    controller.hand_over = answers_from_elsewhere;
    slurmctld_starts();
    for (uint32_t job = 1; job <= 100; job++)
        keep(slurmctld_prolog(job, "n1"));
    keep(slurmctld_told(100).status == 0);
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 100);
}

PROMISE(An_answer_after_the_deadline_changes_nothing)
{
    controller.hand_over = never_answers;
    site_configuration("controller: {deadline: 200ms, onFailure: requeue}");
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(slurmctld_told(1).status == 1 << 8);
    controller.host.answer(library_handed(1).request, BEBIDA_DONE);
    keep(slurmctld_logged("debug", "too late") == 1);
    keep(slurmctld_prolog(2, "n1"));
    keep(slurmctld_told(2).job_id == 2);
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 2);
}

PROMISE(A_job_without_nodes_is_not_waited_for)
{
    slurmctld_starts();
    keep(!slurmctld_prolog(1, NULL));
    keep(!slurmctld_epilog(1, ""));
    slurmctld_stops();
    keep(library_handed_so_far() == 0);
    keep(slurmctld_told_so_far() == 0);
    keep(slurmctld_logged("error", "") == 0);
}

PROMISE(The_hand_overs_of_a_job_keep_their_order)
{
    slurmctld_starts();
    for (uint32_t turn = 0; turn < 500; turn++) {
        keep(slurmctld_prolog(turn % 7 + 1, "n1"));
        keep(!slurmctld_epilog(turn % 7 + 1, "n1"));
    }
    for (uint32_t turn = 0; turn < 500; turn++) {
        struct handed out = library_handed(2 * turn + 1);
        struct handed back = library_handed(2 * turn + 2);

        keep(out.job_id == turn % 7 + 1 && out.direction == BEBIDA_DECOMMISSION);
        keep(back.job_id == turn % 7 + 1 && back.direction == BEBIDA_RECOMMISSION);
    }
    (void)slurmctld_told(500);
    slurmctld_stops();
}

PROMISE(The_library_is_given_less_time_than_slurmctld_waits)
{
    site_configuration("controller:\n  deadline: 40s\n");
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(library_handed(1).budget_ms <= 39500);
    keep(library_handed(1).budget_ms > 0);
    (void)slurmctld_told(1);
    slurmctld_stops();
}

static size_t memory_after(size_t jobs)
{
    for (size_t job = 1; job <= jobs; job++) {
        keep(slurmctld_prolog((uint32_t)job, "n[1-64]"));
        keep(!slurmctld_epilog((uint32_t)job, "n[1-64]"));
    }
    /* Ends come in order: those of all ways back but the last have been told of. */
    (void)slurmctld_told(jobs);
    slurmctld_forgets();
    return mallinfo2().uordblks;
}

PROMISE(Ten_thousand_hand_overs_leave_no_memory_behind)
{
    size_t before;
    size_t after;

    slurmctld_starts();
    before = memory_after(500);
    after = memory_after(5000);
    keep(after < before + 65536);
    slurmctld_stops();
}
