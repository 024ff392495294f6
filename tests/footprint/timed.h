/* What prep/timed writes into the file that BEBIDA_TIMED_FILE names, for whoever maps it. */
#ifndef BEBIDA_TIMED_H
#define BEBIDA_TIMED_H

#include <stdint.h>

struct timed_call {
    uint64_t epilog;    /* 0: the prolog hook, 1: the epilog hook */
    uint64_t described; /* 0: the hook; 1: only job_common_env_vars(), slurmctld's own part of it */
    uint64_t wall_ns;
    uint64_t cpu_ns; /* of the calling thread: without what other threads took of the machine meanwhile */
    uint64_t waits;  /* how often the thread gave its processor up: for a lock, for a disk */
};

enum { TIMED_CALLS = 1 << 17 };

struct timed {
    uint64_t count; /* how many calls were made; those above TIMED_CALLS have no room */
    struct timed_call calls[TIMED_CALLS];
};

#endif
