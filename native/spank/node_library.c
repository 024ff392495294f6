#include "node_library.h"

#include <limits.h>
#include <unistd.h>

#include "library.h"
#include "log.h"
#include "messages.h"
#include "slurmctld.h"

static struct library library_in(const char *folder)
{
    return (struct library){
        .file = "libbebida_node.so",
        .folder = folder,
        .without = WITHOUT_NODE,
    };
}

bool node_library_exists(const char *folder)
{
    const struct library library = library_in(folder);
    char path[PATH_MAX];

    library_path(&library, path);
    return access(path, R_OK) == 0;
}

bool node_library_open(const char *folder, struct node_library *node)
{
    const struct library library = library_in(folder);
    const struct library_function functions[] = {
        {"bebida_node_prolog", &node->prolog},
        {"bebida_node_epilog", &node->epilog},
        {"bebida_node_recover", &node->recover},
        {"bebida_node_may_keep", &node->may_keep},
    };
    char path[PATH_MAX];

    library_path(&library, path);
    return library_open(&library, path, functions, sizeof(functions) / sizeof(functions[0]));
}

struct bebida_node_host node_library_host(void)
{
    return (struct bebida_node_host){
        .abi_version = BEBIDA_ABI_VERSION,
        .size = sizeof(struct bebida_node_host),
        .log = log_line,
        .find_job = slurmctld_find_job,
    };
}
