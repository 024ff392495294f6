#include "nodes.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

#include "slurm_api.h"

/* A number with more digits may not fit libslurm's type. It then overflows the check of the range's size, and
 * the range is expanded without end.
 */
enum { MOST_DIGITS = 18 };

static bool has_huge_number(const char *text)
{
    int digits = 0;

    for (; *text != '\0' && digits <= MOST_DIGITS; text++)
        digits = isdigit((unsigned char)*text) ? digits + 1 : 0;
    return digits > MOST_DIGITS;
}

char **nodes_expand(const char *ranges)
{
    hostlist list = NULL;
    char **nodes = NULL;
    int count;

    if (!has_huge_number(ranges))
        list = slurm_hostlist_create(ranges);
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
