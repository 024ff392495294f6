/* Whatever fails, slurmctld lives, the job is decided by controller.onFailure, and the log says why. */
#include <malloc.h>
#include <string.h>

#include "promise.h"
#include "standin_slurmctld.h"

PROMISE(A_failed_hand_over_starts_the_job_by_default)
{
    controller.hand_over = answers_failed;
    slurmctld_starts();
    keep(slurmctld_prolog(5, "n1"));
    keep(slurmctld_told(1).status == 0);
    keep(slurmctld_logged("error", "job 5") == 1);
    keep(slurmctld_logged("error", "the job starts") == 1);
    slurmctld_stops();
}

PROMISE(A_failed_hand_over_requeues_the_job_where_the_site_wants_that)
{
    controller.hand_over = answers_failed;
    site_configuration("controller:\n  onFailure: requeue\n");
    slurmctld_starts();
    keep(slurmctld_prolog(5, "n1"));
    keep(slurmctld_told(1).status == 1 << 8); /* a wait status: exited with 1 */
    keep(slurmctld_logged("error", "the job is requeued") == 1);
    slurmctld_stops();
}

PROMISE(A_failed_way_back_is_an_error_and_not_the_jobs)
{
    controller.hand_over = answers_failed;
    site_configuration("controller:\n  onFailure: requeue\n");
    slurmctld_starts();
    keep(!slurmctld_epilog(5, "n1"));
    slurmctld_awaits_log("error", "job 5: its nodes are not back in Kubernetes");
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 0);
}

PROMISE(A_library_that_never_answers_holds_up_no_job_beyond_the_deadline)
{
    controller.hand_over = never_answers;
    site_configuration("controller:\n  deadline: 200ms\n");
    slurmctld_starts();
    keep(slurmctld_prolog(5, "n1"));
    keep(slurmctld_told(1).status == 0 && slurmctld_told(1).timed_out);
    keep(!slurmctld_epilog(5, "n1"));
    slurmctld_awaits_log("error", "job 5: its nodes are not back in Kubernetes: no answer");
    keep(slurmctld_logged("error", "job 5") == 2);
    slurmctld_stops();
}

PROMISE(A_library_that_refuses_a_hand_over_is_answered_for_at_once)
{
    controller.hand_over = refuses;
    site_configuration("controller: {deadline: 50s, onFailure: requeue}");
    slurmctld_starts();
    keep(slurmctld_prolog(5, "n1"));
    keep(slurmctld_told(1).status == 1 << 8 && !slurmctld_told(1).timed_out);
    keep(slurmctld_logged("error", "job 5") == 1);
    slurmctld_stops();
}

static int32_t hangs_at_the_first(uint64_t request, int32_t direction, const char *const *environment,
                                  const char *const *nodes, uint32_t budget_ms)
{
    takes_note(request, direction, environment, nodes, budget_ms);
    if (library_handed_so_far() == 1)
        gate_wait();
    return BEBIDA_OK;
}

PROMISE(A_library_that_hangs_in_a_hand_over_holds_up_no_job_and_loses_none)
{
    controller.hand_over = hangs_at_the_first;
    site_configuration("controller:\n  deadline: 200ms\n");
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    gate_awaits_visitors(1);
    keep(slurmctld_prolog(2, "n2"));
    keep(!slurmctld_epilog(1, "n1"));
    keep(slurmctld_told(2).timed_out && slurmctld_told(2).status == 0);
    keep(library_handed_so_far() == 1);
    /* The nodes are still to be held and released, in their order, with time to do it in. */
    gate_open();
    keep(library_handed(2).job_id == 2 && library_handed(2).budget_ms == 180);
    keep(library_handed(3).job_id == 1 && library_handed(3).direction == BEBIDA_RECOMMISSION);
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 2);
}

/* In use when slurmctld waits for none of them any more, and the stand-in has forgotten them. */
static size_t memory_after(uint32_t first, uint32_t last)
{
    for (uint32_t job = first; job <= last; job++)
        keep(slurmctld_prolog(job, "n1"));
    (void)slurmctld_told(last - first + 1);
    slurmctld_forgets();
    return mallinfo2().uordblks;
}

PROMISE(A_library_that_never_returns_is_one_error_and_does_not_take_more_memory_with_each_job)
{
    enum { KEPT = 1000 };
    size_t before;
    size_t after;
    uint32_t oldest;

    controller.hand_over = hangs_at_the_first;
    site_configuration("controller:\n  deadline: 50ms\n");
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    gate_awaits_visitors(1);
    for (uint32_t job = 2; job <= KEPT + 1; job++)
        keep(slurmctld_prolog(job, "n1"));
    (void)slurmctld_told(KEPT + 1);
    keep(slurmctld_logged("error", "not responding") == 0);
    for (uint32_t job = KEPT + 2; job <= KEPT + 100; job++)
        keep(slurmctld_prolog(job, "n1"));
    (void)slurmctld_told(KEPT + 100);
    slurmctld_awaits_log("error", "Restart slurmctld");
    keep(slurmctld_logged("error", "not responding") == 1);
    slurmctld_forgets();

    before = memory_after(KEPT + 101, 2 * KEPT);
    after = memory_after(2 * KEPT + 1, 5 * KEPT);
    keep(after < before + 65536);

    /* What is kept is done when the library comes back, the newest among it. */
    gate_open();
    oldest = library_handed(1).job_id;
    keep(oldest == 4 * KEPT || oldest == 4 * KEPT + 1); /* told is the last job, yet perhaps not counted */
    keep(library_handed(5 * KEPT - oldest + 1).job_id == 5 * KEPT);
    slurmctld_stops();
}

static int32_t hangs_in_start(void)
{
    gate_wait();
    return BEBIDA_OK;
}

PROMISE(A_library_that_hangs_in_start_holds_up_no_job_beyond_the_deadline)
{
    controller.start = hangs_in_start;
    site_configuration("controller:\n  deadline: 200ms\n");
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(slurmctld_told(1).timed_out && slurmctld_told(1).status == 0);
    gate_open();
    keep(library_handed(1).job_id == 1);
    slurmctld_stops();
    keep(slurmctld_told_so_far() == 1);
}

/* One clear error when slurmctld starts, one for each job, and each job as the site wants it. */
static void a_library_that_does_not_run(const char *said_at_start)
{
    site_configuration("controller: {deadline: 50s, onFailure: requeue}");
    slurmctld_starts();
    slurmctld_awaits_log("error", said_at_start);
    for (uint32_t job = 1; job <= 3; job++) {
        keep(slurmctld_prolog(job, "n1"));
        keep(slurmctld_told(job).status == 1 << 8 && !slurmctld_told(job).timed_out);
    }
    keep(!slurmctld_epilog(3, "n1"));
    slurmctld_awaits_log("error", "job 3: its nodes are not back in Kubernetes: the library is not running");
    keep(slurmctld_logged("error", said_at_start) == 1);
    keep(slurmctld_logged("error", "libbebida_controller.so") == 1);
    keep(slurmctld_logged("error", "bebida: job ") == 4);
    keep(slurmctld_logged("error", "") == 5);
    slurmctld_stops();
}

PROMISE(A_missing_library_is_one_error_at_start_and_one_per_job)
{
    site_library("nowhere");
    a_library_that_does_not_run("nowhere/libbebida_controller.so");
}

PROMISE(A_library_without_a_function_is_one_error_at_start_and_one_per_job)
{
    site_library("without_hand_over");
    a_library_that_does_not_run("has no bebida_hand_over");
}

static int32_t must_not_be_started(void)
{
    keep(!"started");
    return BEBIDA_OK;
}

PROMISE(A_library_of_another_ABI_is_not_started)
{
    site_library("of_another_abi");
    controller.start = must_not_be_started;
    a_library_that_does_not_run("this plugin needs ");
}

static int32_t refuses_this_abi(void)
{
    return BEBIDA_ERROR_ABI;
}

PROMISE(A_library_that_refuses_this_ABI_is_one_error_at_start_and_one_per_job)
{
    controller.start = refuses_this_abi;
    a_library_that_does_not_run("of another release than this plugin");
    keep(library_handed_so_far() == 0);
    keep(library_stopped_so_far() == 0);
}

static int32_t refuses_its_configuration(void)
{
    return BEBIDA_ERROR_CONFIGURATION;
}

PROMISE(A_refused_configuration_is_one_error_at_start_and_one_per_job)
{
    controller.start = refuses_its_configuration;
    a_library_that_does_not_run("its configuration is invalid");
}

PROMISE(A_library_that_cannot_run_starts_the_job_by_default)
{
    site_library("nowhere");
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(slurmctld_told(1).status == 0);
    slurmctld_stops();
}
