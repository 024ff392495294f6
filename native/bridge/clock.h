/* Milliseconds of CLOCK_MONOTONIC, which nobody sets back while a job waits. */
#ifndef BEBIDA_CLOCK_H
#define BEBIDA_CLOCK_H

#include <pthread.h>
#include <stdint.h>

int64_t clock_now(void);

/* A condition whose clock_wait is by this clock. Returns an errno. */
int clock_condition(pthread_cond_t *condition);

/* pthread_cond_timedwait() until a moment of clock_now(). Returns an errno, ETIMEDOUT among them. */
int clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until);

#endif
