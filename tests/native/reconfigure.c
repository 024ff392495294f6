/* Until 23.02, scontrol reconfigure closes all PrEp plugins when their list has changed, and opens those of
 * the new list without callbacks. */
#include "promise.h"
#include "standin_slurmctld.h"

PROMISE(A_job_that_is_configuring_while_the_plugins_change_is_answered_and_so_are_those_after_it)
{
    controller.hand_over = never_answers;
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    (void)library_handed(1);
    slurmctld_closes_plugin();
    keep(slurmctld_opens_plugin());
    controller.host.answer(library_handed(1).request, BEBIDA_DONE);
    keep(slurmctld_told(1).job_id == 1 && slurmctld_told(1).status == 0);

    controller.hand_over = answers_done;
    keep(slurmctld_prolog(2, "n1"));
    keep(slurmctld_told(2).job_id == 2 && slurmctld_told(2).status == 0);
    keep(!slurmctld_epilog(2, "n1"));
    keep(library_handed(3).direction == BEBIDA_RECOMMISSION);
    keep(library_stopped_so_far() == 0);
    slurmctld_stops();
    keep(library_stopped_so_far() == 1);
    keep(slurmctld_logged("error", "") == 0);
}

PROMISE(A_plugin_that_is_taken_from_the_list_answers_what_it_has_begun_and_goes_on_when_it_is_added_again)
{
    controller.hand_over = never_answers;
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    (void)library_handed(1);
    slurmctld_closes_plugin();
    controller.host.answer(library_handed(1).request, BEBIDA_DONE);
    keep(slurmctld_told(1).job_id == 1 && slurmctld_told(1).status == 0);

    controller.hand_over = answers_done;
    keep(slurmctld_opens_plugin());
    keep(slurmctld_prolog(2, "n1"));
    keep(slurmctld_told(2).job_id == 2);
    slurmctld_stops();
    keep(slurmctld_logged("error", "") == 0);
}

PROMISE(A_plugin_that_is_taken_from_the_list_is_stopped_when_slurmctld_exits)
{
    slurmctld_starts();
    slurmctld_closes_plugin();
    keep(library_stopped_so_far() == 0);
    slurmctld_stops();
    keep(library_stopped_so_far() == 1);
}

PROMISE(A_plugin_that_is_added_to_a_running_slurmctld_lets_jobs_be_and_says_once_that_a_restart_is_due)
{
    keep(!slurmctld_opens_plugin());
    keep(slurmctld_logged("error", "systemctl restart slurmctld") == 1);
    for (uint32_t job = 1; job <= 3; job++) {
        /* They come all the same where another plugin requires them. */
        keep(!slurmctld_prolog(job, "n1"));
        keep(!slurmctld_epilog(job, "n1"));
    }
    slurmctld_closes_plugin();
    keep(!slurmctld_opens_plugin());
    slurmctld_stops();
    keep(slurmctld_logged("error", "") == 1);
    keep(library_handed_so_far() == 0);
    keep(slurmctld_told_so_far() == 0);
    keep(library_stopped_so_far() == 0);
}
