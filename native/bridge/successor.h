/* From 23.11 on, scontrol reconfigure starts another slurmctld: this one saves its state, its main thread
 * forks, and the process lives on until the successor has started (_try_to_reconfig() in Slurm's
 * controller.c). What it is told in between changes only its own memory and the jobs' nodes, while the
 * successor repeats the prologs of what was configuring. Where the successor does not start, this slurmctld
 * goes on, and repeats nothing. */
#ifndef BEBIDA_SUCCESSOR_H
#define BEBIDA_SUCCESSOR_H

#include <stdbool.h>

/* From now on, forks of the main thread are noted. Returns an errno. */
int successor_watch(void);

/* Whether the main thread has forked since a successor was ruled out last. */
bool successor_is_possible(void);

/* Returns whether is_in_charge, which asks slurmctld, rules a successor out. */
bool successor_is_none(bool (*is_in_charge)(void));

/* There is none, whatever slurmctld says. */
void successor_rule_out(void);

#endif
