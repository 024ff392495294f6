/* What the plugin does to the process that it is loaded into. */
#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "promise.h"
#include "standin_slurmctld.h"

PROMISE(A_fork_answers_for_its_jobs_and_leaves_the_library_alone)
{
    int status = 0;
    pid_t child;

    site_configuration("controller: {deadline: 50s, onFailure: requeue}");
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(slurmctld_told(1).status == 0);

    child = slurmctld_forks();
    if (child == 0) {
        keep(slurmctld_prolog(2, "n1"));
        keep(slurmctld_told(2).job_id == 2 && slurmctld_told(2).status == 1 << 8);
        keep(library_handed_so_far() == 1);
        keep(slurmctld_logged("error", "before it forked") == 1);
        _exit(0);
    }
    keep(waitpid(child, &status, 0) == child && status == 0);

    keep(slurmctld_prolog(3, "n1"));
    keep(slurmctld_told(2).job_id == 3 && slurmctld_told(2).status == 0);
    slurmctld_stops();
}

static int32_t must_not_be_stopped(uint32_t grace_ms)
{
    (void)grace_ms;
    keep(!"stopped");
    return BEBIDA_OK;
}

PROMISE(A_fork_that_exits_does_not_stop_the_library_of_its_parent)
{
    int status = 0;
    pid_t child;

    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    (void)slurmctld_told(1);
    child = slurmctld_forks();
    if (child == 0) {
        controller.stop = must_not_be_stopped;
        exit(0);
    }
    keep(waitpid(child, &status, 0) == child && status == 0);
    keep(slurmctld_prolog(2, "n1"));
    keep(slurmctld_told(2).status == 0);
    slurmctld_stops();
}

/* The signal mask of our thread of that name, or 0. Only asleep it is the thread's own under valgrind. */
static uint64_t mask_of(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    uint64_t blocked = 0;

    keep(tasks != NULL);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char path[512];
        char line[256];
        bool ours = false;
        FILE *status;

        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
        status = fopen(path, "re");
        while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
            if (strncmp(line, "Name:\t", 6) == 0)
                ours = strncmp(line + 6, name, strlen(name)) == 0;
            else if (ours && strncmp(line, "SigBlk:\t", 8) == 0)
                blocked = strtoull(line + 8, NULL, 16);
        }
        if (status != NULL)
            (void)fclose(status);
    }
    (void)closedir(tasks);
    return blocked;
}

static uint64_t blocked_by(const char *name, uint64_t open)
{
    uint64_t blocked = mask_of(name);

    for (int i = 0; (blocked & open) != 0 && i < 1000; i++) {
        (void)usleep(5000);
        blocked = mask_of(name);
    }
    return blocked;
}

PROMISE(Our_threads_take_no_signal_of_slurmctld_and_let_the_runtimes_through)
{
    static const char *const threads[] = {"bebida_submit", "bebida_complete"};
    static const int of_slurmctld[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGABRT, SIGPIPE, SIGALRM, SIGTERM,
                                       SIGCHLD, SIGTSTP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPROF};
    /* A fault that is blocked ends slurmctld where managed code would have caught an exception. */
    const int of_the_runtime[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGRTMIN, SIGRTMIN + 1};

    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    (void)slurmctld_told(1);
    for (size_t t = 0; t < sizeof(threads) / sizeof(threads[0]); t++) {
        uint64_t open = 0;
        uint64_t blocked;

        for (size_t i = 0; i < sizeof(of_the_runtime) / sizeof(of_the_runtime[0]); i++)
            open |= UINT64_C(1) << (of_the_runtime[i] - 1);
        blocked = blocked_by(threads[t], open);
        for (size_t i = 0; i < sizeof(of_slurmctld) / sizeof(of_slurmctld[0]); i++)
            keep((blocked & UINT64_C(1) << (of_slurmctld[i] - 1)) != 0);
        keep((blocked & open) == 0);
    }
    slurmctld_stops();
}

PROMISE(The_library_is_found_under_whatever_prefix_both_were_installed)
{
    site_prefix();
    slurmctld_starts();
    keep(slurmctld_prolog(1, "n1"));
    keep(library_handed(1).job_id == 1);
    (void)slurmctld_told(1);
    slurmctld_stops();
}

PROMISE(Only_what_Slurm_looks_up_is_exported)
{
    static const char expected[] = "fini init plugin_name plugin_type plugin_version prep_p_epilog "
                                   "prep_p_epilog_slurmctld prep_p_prolog prep_p_prolog_slurmctld "
                                   "prep_p_register_callbacks prep_p_required ";
    FILE *symbols =
        popen("LC_ALL=C nm -D --defined-only --format=posix " PREP_BEBIDA " | LC_ALL=C sort", "re");
    char found[4096] = "";
    char line[512];

    keep(symbols != NULL);
    while (fgets(line, sizeof(line), symbols) != NULL) {
        line[strcspn(line, " ")] = '\0';
        (void)strncat(found, line, sizeof(found) - strlen(found) - 2);
        (void)strcat(found, " ");
    }
    keep(pclose(symbols) == 0);
    if (strcmp(found, expected) != 0)
        (void)fprintf(stderr, "exported: %s\n", found);
    keep(strcmp(found, expected) == 0);
}
