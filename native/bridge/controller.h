/* libbebida_controller.so, found and started. */
#ifndef BEBIDA_CONTROLLER_H
#define BEBIDA_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "bebida.h"
#include "handovers.h"

struct controller {
    int32_t (*start)(const struct bebida_host *host);
    int32_t (*hand_over)(uint64_t request, int32_t direction, const char *const *environment,
                         const char *const *nodes, uint32_t budget_ms);
    int32_t (*stop)(uint32_t grace_ms);
};

/* Where it is; see library_path(). */
void controller_path(char *path);

/* Opens and starts it. Returns whether it runs; otherwise one error has been logged. */
bool controller_start(const char *path, const struct bebida_host *host, struct controller *controller);

/* Submits a hand-over, which the library answers later. deadline_ms: controller.deadline. Returns NOT_ENDED,
 * or ENDED_REFUSED where there will be no answer. May take long, or hang: the caller holds no lock. */
enum ending controller_submit(const struct controller *controller, const struct hand_over *hand_over,
                              uint32_t deadline_ms);

#endif
