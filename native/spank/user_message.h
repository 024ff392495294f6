/* In slurmstepd: a message from the node's prolog to the job's user. */
#ifndef BEBIDA_USER_MESSAGE_H
#define BEBIDA_USER_MESSAGE_H

#include <slurm/spank.h>

/* Registers the option: srun passes its own options on to the nodes. */
int user_message_register(spank_t spank);

/* Reads the prolog's message, if there is one, and empties its file. Called while slurmstepd runs as root. */
void user_message_read(spank_t spank);

/* Writes the message to the job's standard error. */
void user_message_show(void);

#endif
