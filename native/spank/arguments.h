/* The arguments of spank_bebida.so in plugstack.conf. */
#ifndef BEBIDA_ARGUMENTS_H
#define BEBIDA_ARGUMENTS_H

struct arguments {
    const char *libdir; /* libdir=: the folder of libbebida_node.so; or NULL */
    const char *config; /* config=: the configuration's file; or NULL */
};

/* Reads them. An unknown one is logged as an error and ignored. */
struct arguments arguments_read(int count, char **words);

/* Sets BEBIDA_CONFIG and BEBIDA_LIBDIR from the arguments or, where they say nothing, from slurmd's
 * environment, which Slurm does not pass on to prologs. Only for a process that slurmd has started for a
 * prolog or epilog, and before it has a second thread. */
void arguments_export(const struct arguments *arguments);

#endif
