/* What stands behind spank_bebida.so in plugstack.conf. */
#ifndef BEBIDA_ARGUMENTS_H
#define BEBIDA_ARGUMENTS_H

struct arguments {
    const char *libdir; /* libdir=: the folder of libbebida_node.so; or NULL */
    const char *config; /* config=: the configuration's file; or NULL */
};

/* Reads them; one that is not known is an error in Slurm's log and otherwise ignored. */
struct arguments arguments_read(int count, char **words);

/* Puts into this process's environment, as BEBIDA_CONFIG and BEBIDA_LIBDIR, what the arguments say or, where
 * they do not, what the environment of slurmd says: Slurm gives its prologs an environment of their own. Only
 * for a process that slurmd has started for a prolog or epilog, and before it has a second thread. */
void arguments_settle(const struct arguments *arguments);

#endif
