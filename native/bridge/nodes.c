#include "nodes.h"

#include <stdlib.h>

#include "slurm_api.h"

char **nodes_expand(const char *ranges)
{
    hostlist list = slurm_hostlist_create(ranges);
    char **nodes = NULL;
    int count;

    if (list == NULL)
        goto end;
    count = slurm_hostlist_count(list);
    nodes = calloc((size_t)count + 1, sizeof(*nodes));
    if (nodes == NULL)
        goto end;
    for (int i = 0; i < count; i++)
        nodes[i] = slurm_hostlist_shift(list);
end:
    if (list != NULL)
        slurm_hostlist_destroy(list);
    return nodes;
}

void nodes_free(char **nodes)
{
    for (char **node = nodes; node != NULL && *node != NULL; node++)
        free(*node);
    free(nodes);
}
