#include "submit.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <slurm/slurm_errno.h>

#include "log.h"
#include "messages.h"
#include "node_library.h"

#define TAKE "take"
#define KEEP "keep"

static struct {
    struct arguments arguments;
    const char *mode; /* TAKE or KEEP once the user has chosen */
} submission;

/* Runs in a child: a .NET runtime changes the signal handling of its process, and salloc's command would
 * inherit that. Writes to the pipe why the user may not. */
static void ask_library(int answer)
{
    const struct bebida_node_host host = node_library_host();
    const struct passwd *user = getpwuid(getuid());
    struct node_library node;
    char name[256];
    const char *const environment[] = {name, NULL};
    char reason[256] = "";

    if (submission.arguments.config != NULL)
        (void)setenv("BEBIDA_CONFIG", submission.arguments.config, 0);
    (void)snprintf(name, sizeof(name), "SLURM_JOB_USER=%s", user == NULL ? "" : user->pw_name);
    if (user != NULL && node_library_exists(submission.arguments.libdir) &&
        node_library_open(submission.arguments.libdir, &node) &&
        node.may_keep(&host, environment, reason, sizeof(reason)) != BEBIDA_DONE &&
        write(answer, reason, strlen(reason)) < 0)
        log_error(MESSAGE_OPTION, KEEP, strerror(errno));
}

/* Fills reason, which is empty, by way of a pipe, and closes that. */
static void ask_in_child(const int ends[2], char *reason, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;
    pid_t child = fork();

    if (child == 0) {
        ask_library(ends[1]);
        _exit(EXIT_SUCCESS);
    }
    (void)close(ends[1]);
    while (child > 0 && length < size - 1 && (got > 0 || (got < 0 && errno == EINTR))) {
        got = read(ends[0], reason + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    (void)close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The user hears at submission what would otherwise show after hours in the queue. slurmctld and the nodes
 * decide for themselves; on a host without a configuration, only they do. */
static bool may_keep(void)
{
    char reason[256] = "";
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) == 0)
        ask_in_child(ends, reason, sizeof(reason));
    if (*reason != '\0')
        log_error(MESSAGE_OPTION, KEEP, reason);
    return *reason == '\0';
}

static int choose(int value, const char *mode, int remote)
{
    int result = ESPANK_SUCCESS;

    (void)value;
    (void)remote;
    /* sbatch and salloc make a new job within a job too. */
    if (spank_context() == S_CTX_LOCAL && getenv("SLURM_JOB_ID") != NULL)
        log_info(MESSAGE_OPTION_OF_STEP);
    if (mode != NULL && strcmp(mode, TAKE) == 0) {
        submission.mode = TAKE;
    } else if (mode != NULL && strcmp(mode, KEEP) == 0) {
        submission.mode = KEEP;
        result = may_keep() ? ESPANK_SUCCESS : ESPANK_ERROR;
    } else {
        log_error(MESSAGE_OPTION_UNKNOWN, mode == NULL ? "" : mode);
        result = ESPANK_BAD_ARG;
    }
    /* Slurm asks for a negative number. */
    return result == ESPANK_SUCCESS ? 0 : -1;
}

struct spank_option submit_option(spank_opt_cb_f callback)
{
    return (struct spank_option){
        .name = "bebida",
        .arginfo = "mode",
        .usage = USAGE_OPTION,
        .has_arg = 1,
        .cb = callback,
    };
}

int submit_register(spank_t spank, const struct arguments *arguments)
{
    struct spank_option option = submit_option(choose);

    submission.arguments = *arguments;
    return spank_option_register(spank, &option) == ESPANK_SUCCESS ? 0 : -1;
}

int submit_pass_on(spank_t spank)
{
    spank_err_t error = ESPANK_SUCCESS;

    if (submission.mode != NULL)
        error = spank_job_control_setenv(spank, "BEBIDA", submission.mode, 1);
    if (error != ESPANK_SUCCESS)
        log_error(MESSAGE_OPTION, submission.mode, spank_strerror(error));
    return error == ESPANK_SUCCESS ? 0 : -1;
}
