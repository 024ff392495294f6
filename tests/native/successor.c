/* From 23.11 on, scontrol reconfigure starts a new slurmctld beside the one that runs. */
#include <sys/wait.h>
#include <unistd.h>

#include "promise.h"
#include "standin_slurmctld.h"

static void starts_a_successor(void)
{
    pid_t child = slurmctld_forks();

    if (child == 0)
        _exit(0);
    keep(waitpid(child, NULL, 0) == child);
}

PROMISE(A_slurmctld_that_has_a_successor_answers_no_job)
{
    uint64_t request;

    site_configuration("controller:\n  deadline: 300ms\n  onFailure: requeue\n");
    controller.hand_over = never_answers;
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(slurmctld_prolog(2, "n2"));
    request = library_handed(2).request;
    (void)slurmctld_answers_as(A_SUCCESSOR);
    main_thread_does(starts_a_successor);
    controller.host.answer(request, BEBIDA_DONE);
    slurmctld_awaits_questions(5);
    keep(slurmctld_told_so_far() == 0);
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 0);
    keep(slurmctld_logged("error", "") == 0);
}

PROMISE(A_slurmctld_whose_successor_does_not_start_goes_on)
{
    uint64_t request;
    size_t asked;

    controller.hand_over = never_answers;
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    request = library_handed(1).request;
    (void)slurmctld_answers_as(NOBODY);
    main_thread_does(starts_a_successor);
    controller.host.answer(request, BEBIDA_DONE);
    slurmctld_awaits_questions(2);
    keep(slurmctld_told_so_far() == 0);
    (void)slurmctld_answers_as(THIS_SLURMCTLD);
    keep(slurmctld_told(1).job_id == 1 && slurmctld_told(1).status == 0);

    asked = slurmctld_answers_as(THIS_SLURMCTLD);
    controller.hand_over = answers_done;
    keep(slurmctld_prolog(2, "n2"));
    keep(slurmctld_told(2).job_id == 2);
    keep(slurmctld_answers_as(THIS_SLURMCTLD) == asked);
    slurmctld_stops();
}

/* It has saved its state and not forked yet: the job is configuring in what the successor will read. */
PROMISE(A_job_is_requeued_only_by_a_slurmctld_that_answers)
{
    site_configuration("controller:\n  deadline: 300ms\n  onFailure: requeue\n");
    controller.hand_over = answers_failed;
    slurmctld_starts();
    (void)slurmctld_answers_as(NOBODY);
    keep(slurmctld_prolog(1, "n1"));
    slurmctld_awaits_questions(2);
    keep(slurmctld_told_so_far() == 0);
    (void)slurmctld_answers_as(THIS_SLURMCTLD);
    keep(slurmctld_told(1).job_id == 1 && slurmctld_told(1).status != 0);
    slurmctld_stops();
}

PROMISE(A_slurmctld_that_answers_nobody_does_not_keep_its_job_waiting_for_ever)
{
    site_configuration("controller:\n  deadline: 300ms\n  onFailure: requeue\n");
    controller.hand_over = answers_failed;
    (void)slurmctld_answers_as(NOBODY);
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    slurmctld_awaits_log("info", "job 1");
    keep(slurmctld_told(1).job_id == 1 && slurmctld_told(1).status != 0);
    slurmctld_stops();
}
