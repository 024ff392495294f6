/* What the stand-in for libbebida_controller.so does: the test says it. */
#ifndef STANDIN_CONTROLLER_H
#define STANDIN_CONTROLLER_H

#include <stdint.h>

#include "bebida.h"

struct controller {
    struct bebida_host host; /* as bebida_start() got it */
    int32_t (*start)(void);
    int32_t (*hand_over)(uint64_t request, int32_t direction, const char *const *environment,
                         const char *const *nodes, uint32_t budget_ms);
    int32_t (*stop)(uint32_t grace_ms);
};

/* Of the test program. */
extern struct controller controller;

#endif
