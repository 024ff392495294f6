#include "submit.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <slurm/slurm_errno.h>

#include "log.h"
#include "node_library.h"

#define TAKE "take"
#define KEEP "keep"

static struct {
    const char *libdir;
    const char *mode; /* TAKE or KEEP once the user has chosen */
} submission;

/* A courtesy to the user, who hears it now instead of after hours in the queue; slurmctld and the nodes
 * decide for themselves. Where this host has no configuration, they alone do. */
static bool may_keep(void)
{
    const struct bebida_node_host host = node_library_host();
    const struct passwd *user = getpwuid(getuid());
    struct node_library node;
    char name[256];
    const char *const environment[] = {name, NULL};
    char reason[256] = "";
    bool allowed = true;

    if (user == NULL || !node_library_exists(submission.libdir))
        goto end;
    (void)snprintf(name, sizeof(name), "SLURM_JOB_USER=%s", user->pw_name);
    if (node_library_open(submission.libdir, &node))
        allowed = node.may_keep(&host, environment, reason, sizeof(reason)) == BEBIDA_DONE;
    if (!allowed)
        log_error("--bebida=" KEEP ": %s", reason);
end:
    return allowed;
}

static int choose(int value, const char *mode, int remote)
{
    int result = ESPANK_SUCCESS;

    (void)value;
    (void)remote;
    if (mode != NULL && strcmp(mode, TAKE) == 0) {
        submission.mode = TAKE;
    } else if (mode != NULL && strcmp(mode, KEEP) == 0) {
        submission.mode = KEEP;
        result = may_keep() ? ESPANK_SUCCESS : ESPANK_ERROR;
    } else {
        log_error("--bebida=%s: a job can " TAKE " its nodes from Kubernetes or " KEEP " them there",
                  mode == NULL ? "" : mode);
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
        .usage = "whether the job's nodes leave Kubernetes: take (the default) them from it, or keep them "
                 "there beside the job, where the site allows that",
        .has_arg = 1,
        .cb = callback,
    };
}

int submit_register(spank_t spank, const struct arguments *arguments)
{
    struct spank_option option = submit_option(choose);

    submission.libdir = arguments->libdir;
    if (arguments->config != NULL)
        (void)setenv("BEBIDA_CONFIG", arguments->config, 0);
    return spank_option_register(spank, &option) == ESPANK_SUCCESS ? 0 : -1;
}

int submit_pass_on(spank_t spank)
{
    spank_err_t error = ESPANK_SUCCESS;

    if (submission.mode != NULL)
        error = spank_job_control_setenv(spank, "BEBIDA", submission.mode, 1);
    if (error != ESPANK_SUCCESS)
        log_error("--bebida=%s: %s", submission.mode, spank_strerror(error));
    return error == ESPANK_SUCCESS ? 0 : -1;
}
