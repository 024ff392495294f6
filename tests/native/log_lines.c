/* Slurm's log. */
#include <string.h>

#include "log.h"
#include "promise.h"
#include "standin_slurmctld.h"

PROMISE(A_line_of_the_library_is_in_Slurms_log_at_its_level)
{
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    (void)slurmctld_told(1);
    controller.host.log(BEBIDA_LOG_ERROR, "one");
    controller.host.log(BEBIDA_LOG_INFO, "two");
    controller.host.log(BEBIDA_LOG_VERBOSE, "three");
    controller.host.log(BEBIDA_LOG_DEBUG, "four 100%s");
    slurmctld_stops();
    keep(slurmctld_logged("error", "bebida: one") == 1);
    keep(slurmctld_logged("info", "bebida: two") == 1);
    keep(slurmctld_logged("verbose", "bebida: three") == 1);
    keep(slurmctld_logged("debug", "bebida: four 100%s") == 1);
}

PROMISE(A_line_break_forges_no_line_of_the_log)
{
    log_line(BEBIDA_LOG_INFO, "a job\n[date] error: named badly\r\x1b[31m");
    keep(slurmctld_logged("info", "bebida: a job [date] error: named badly") == 1);
    keep(slurmctld_logged("info", "\n") == 0);
    keep(slurmctld_logged("info", "\r") == 0);
    keep(slurmctld_logged("info", "\x1b") == 0);
}

PROMISE(A_line_without_end_is_cut_and_harms_nothing)
{
    char *line = malloc(1 << 20);

    keep(line != NULL);
    memset(line, 'x', (1 << 20) - 1);
    line[(1 << 20) - 1] = '\0';
    log_line(BEBIDA_LOG_INFO, line);
    log_line(BEBIDA_LOG_INFO, NULL);
    free(line);
    keep(slurmctld_logged("info", "bebida: xxxx") == 1);
    keep(slurmctld_logged("info", "bebida: ") == 2);
}
