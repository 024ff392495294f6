/* In slurmstepd: what the node's prolog has to tell the job's user. */
#ifndef BEBIDA_USER_MESSAGE_H
#define BEBIDA_USER_MESSAGE_H

#include <slurm/spank.h>

/* Makes the option known: srun passes on to the nodes what it was given. */
int user_message_register(spank_t spank);

/* Takes the prolog's message, if there is one and nobody has taken it yet; as root, before the job's user is
 * anybody. */
void user_message_take(spank_t spank);

/* Writes what was taken to the job's error output. */
void user_message_give(void);

#endif
