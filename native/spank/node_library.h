/* libbebida_node.so, found and opened. */
#ifndef BEBIDA_NODE_LIBRARY_H
#define BEBIDA_NODE_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include "bebida.h"

typedef int32_t node_call(const struct bebida_node_host *host, const char *const *environment, char *reason,
                          uint32_t reason_size);

struct node_library {
    node_call *prolog;
    node_call *epilog;
    node_call *recover;
    node_call *may_keep;
};

/* Whether it is installed where this process looks for it. folder: another place than beside this plugin, or
 * NULL. */
bool node_library_exists(const char *folder);

/* Opens it. Returns whether it can be used; otherwise one error has been logged. */
bool node_library_open(const char *folder, struct node_library *node);

/* What this shim lends it. */
struct bebida_node_host node_library_host(void);

#endif
