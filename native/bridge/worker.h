/* A thread of ours in slurmctld. It takes none of slurmctld's signals, and yields to its threads. */
#ifndef BEBIDA_WORKER_H
#define BEBIDA_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct worker {
    const char *name; /* at most 15 characters */
    void (*run)(void);
    pthread_t thread;
    bool started;
};

/* Starts the thread, which calls run. Returns 0, or an error number. */
int worker_start(struct worker *worker);

/* Waits until run has returned, at most until a moment of clock_now(); then leaves the thread to itself.
 * Returns whether it has returned, or was never started. */
bool worker_join(struct worker *worker, int64_t until);

#endif
