/* On the node, before and after a job. */
#ifndef BEBIDA_NODE_H
#define BEBIDA_NODE_H

#include "arguments.h"

/* Stops what must not run beside the job. Returns 0, or -1 when the job would not have the node for itself:
 * then the node is drained with the reason, and Slurm is told so by this process's exit status too, since it
 * does not listen to what an optional plugin returns. */
int node_prolog(const struct arguments *arguments);

/* Starts it again after the node's last job. Returns 0: a node that does not come back to Kubernetes is no
 * reason to take it from Slurm. */
int node_epilog(const struct arguments *arguments);

#endif
