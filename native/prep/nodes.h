/* Slurm's lists of nodes, as n[1-4]. */
#ifndef BEBIDA_NODES_H
#define BEBIDA_NODES_H

/* The names in such a list, one each, as a NULL-terminated array for nodes_free(); NULL without memory. */
char **nodes_expand(const char *ranges);

void nodes_free(char **nodes);

#endif
