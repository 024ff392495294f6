/* The names of a job's nodes. */
#ifndef BEBIDA_NODES_H
#define BEBIDA_NODES_H

/* Spells out what Slurm writes as ranges (n[1-3]). Takes long for a long list, so no lock is to be held.
 * Returns a NULL-terminated array for nodes_free(), or NULL without memory or where ranges is no such list.
 */
char **nodes_expand(const char *ranges);
void nodes_free(char **nodes);

#endif
