#include "node.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <slurm/spank.h>

#include "log.h"
#include "messages.h"
#include "node_library.h"
#include "slurmctld.h"

enum { LONGEST_REASON = 256 };

/* Replaces the exit status that main() would return. Slurm has closed its plugins by then, but this one stays
 * in memory: it is linked with -z nodelete. */
static void exit_failed(void)
{
    (void)fflush(NULL);
    _exit(EXIT_FAILURE);
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? "?" : value;
}

static int fail(const char *reason)
{
    log_error(MESSAGE_JOB_NOT_STARTED, variable("SLURM_JOB_ID"), reason);
    slurmctld_drain(variable("SLURMD_NODENAME"), reason);
    if (atexit(exit_failed) != 0)
        exit_failed();
    return -1;
}

/* Without a usable library the job starts all the same, beside kubelet, and the log has an error. */
static bool open_library(const struct arguments *arguments, struct node_library *node)
{
    arguments_export(arguments);
    return node_library_open(NULL, node);
}

int node_prolog(const struct arguments *arguments)
{
    const struct bebida_node_host host = node_library_host();
    struct node_library node;
    char reason[LONGEST_REASON] = "";
    int result = 0;

    if (open_library(arguments, &node) &&
        node.prolog(&host, (const char *const *)environ, reason, sizeof(reason)) != BEBIDA_DONE)
        result = fail(reason);
    return result;
}

int node_epilog(const struct arguments *arguments)
{
    const struct bebida_node_host host = node_library_host();
    struct node_library node;
    char reason[LONGEST_REASON] = "";

    if (open_library(arguments, &node) &&
        node.epilog(&host, (const char *const *)environ, reason, sizeof(reason)) != BEBIDA_DONE)
        log_error(MESSAGE_NODE_NOT_BACK, variable("SLURMD_NODENAME"), reason);
    return 0;
}
