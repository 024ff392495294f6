/* The keys of bebida.yaml that the shim needs itself, even where the library that reads the file is missing.
 */
#ifndef BEBIDA_POLICY_H
#define BEBIDA_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* controller.onFailure: what happens to a job whose nodes did not leave Kubernetes in time. */
enum on_failure {
    ON_FAILURE_START,
    ON_FAILURE_REQUEUE,
};

struct policy {
    uint32_t deadline_ms; /* controller.deadline */
    enum on_failure on_failure;
};

/* Reads the file that BEBIDA_CONFIG names, or /etc/bebida/bebida.yaml. Where there is none, the defaults hold
 * (30 s, start); where it cannot be used, or could have been written by others than root and this process's
 * user, they hold too, and one error says why. */
struct policy policy_read(void);

/* A duration as 30s, 1m30s or 500ms, up to an hour. Returns whether text is one. */
bool policy_duration(const char *text, uint32_t *milliseconds);

#endif
