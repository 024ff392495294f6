/*
 * bebida-recover: what systemd starts on a node while /run/bebida has entries; see
 * packaging/systemd/recover. It is no Slurm plugin, but asks slurmctld by libslurm as the plugins do.
 */
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "bebida.h"
#include "log.h"
#include "messages.h"
#include "node_library.h"

enum { LONGEST_REASON = 1024 };

/* It is installed beside the library. path has room for PATH_MAX. */
static const char *own_folder(char *path)
{
    const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

    path[length < 0 ? 0 : length] = '\0';
    return dirname(path);
}

int main(void)
{
    const struct bebida_node_host host = node_library_host();
    struct node_library node;
    char path[PATH_MAX];
    char reason[LONGEST_REASON] = "";
    int status = EXIT_FAILURE;

    if (!node_library_open(own_folder(path), &node))
        goto end;
    if (node.recover(&host, (const char *const *)environ, reason, sizeof(reason)) == BEBIDA_DONE)
        status = EXIT_SUCCESS;
    else
        log_error(MESSAGE_NODE_NOT_RECOVERED, reason);
end:
    return status;
}
