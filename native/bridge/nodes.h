/* The names of a job's nodes. */
#ifndef BEBIDA_NODES_H
#define BEBIDA_NODES_H

/* Expands Slurm's ranges (n[1-3]). A long list takes long, so the caller holds no lock. Returns a
 * NULL-terminated array for nodes_free(), or NULL without memory or where ranges is no such list.
 */
char **nodes_expand(const char *ranges);
void nodes_free(char **nodes);

#endif
