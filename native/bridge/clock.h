/* Milliseconds of CLOCK_MONOTONIC, which nobody sets back while a job waits. */
#ifndef BEBIDA_CLOCK_H
#define BEBIDA_CLOCK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#define NEVER INT64_MAX

int64_t clock_now(void);

/* A condition whose clock_wait is by this clock. Returns an errno. */
int clock_condition(pthread_cond_t *condition);

/* pthread_cond_timedwait() until a moment of clock_now(). Returns an errno, ETIMEDOUT among them. */
int clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until);

/* Returns when the semaphore is posted, at a moment of clock_now() or NEVER, or early. */
void clock_await(sem_t *posted, int64_t until);

#endif
