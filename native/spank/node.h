/* On the node, before and after a job. */
#ifndef BEBIDA_NODE_H
#define BEBIDA_NODE_H

#include "arguments.h"

/* Stops what must not run beside the job. Returns 0, or -1 when the job would not have the node for itself.
 * Then the node is drained with the reason, and this process exits with a failure too, since Slurm ignores
 * what an optional plugin returns. */
int node_prolog(const struct arguments *arguments);

/* Starts it again after the node's last job. Always returns 0: a node that does not return to Kubernetes
 * stays in Slurm. */
int node_epilog(const struct arguments *arguments);

#endif
