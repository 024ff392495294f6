/* A thread of ours in slurmctld. */
#ifndef BEBIDA_WORKER_H
#define BEBIDA_WORKER_H

#include <pthread.h>
#include <stdbool.h>

struct worker {
    pthread_t thread;
    bool started;
    bool runs;
};

/* Starts it with the signals that it may take. Returns 0, or an error number. */
int worker_start(struct worker *worker, void *(*run)(void *));

/* What the thread calls first. name: at most 15 characters. */
void worker_begin(const char *name);

/* What the thread calls last, with the lock held that guards left. */
void worker_end(struct worker *worker, pthread_cond_t *left);

/* Called with that lock held, once no more is waited for. Sets thread and returns true if it is to be joined;
 * one that still runs is stuck in the library or in a callback of Slurm's, and is left to itself. */
bool worker_release(struct worker *worker, pthread_t *thread);

#endif
