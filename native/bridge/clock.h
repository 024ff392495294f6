/* Milliseconds of CLOCK_MONOTONIC, which nobody sets back while a job waits. */
#ifndef BEBIDA_CLOCK_H
#define BEBIDA_CLOCK_H

#include <semaphore.h>
#include <stdint.h>
#include <time.h>

#define NEVER INT64_MAX

int64_t clock_now(void);

/* Returns when the semaphore is posted, at a moment of clock_now() or NEVER, or early. */
void clock_await(sem_t *posted, int64_t until);

/* A moment of clock_now() by the wall clock, for a function that takes no other. */
struct timespec clock_wall_time(int64_t moment);

#endif
