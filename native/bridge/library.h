/* libbebida_controller.so, found and started. */
#ifndef BEBIDA_LIBRARY_H
#define BEBIDA_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include "bebida.h"

struct library {
    int32_t (*start)(const struct bebida_host *host);
    int32_t (*hand_over)(uint64_t request, int32_t direction, const char *const *environment,
                         const char *const *nodes, uint32_t budget_ms);
    int32_t (*stop)(uint32_t grace_ms);
};

/* Where the library is: in BEBIDA_LIBDIR of the environment, or where it was installed with this plugin. path
 * has room for PATH_MAX. */
void library_path(char *path);

/* Opens and starts it. It is never unloaded: a NativeAOT library cannot be. Returns whether it runs;
 * otherwise one error has been logged. */
bool library_start(const char *path, const struct bebida_host *host, struct library *library);

#endif
