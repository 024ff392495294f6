/* Slurm's log, in memory: what the code under test says. */
#ifndef FUZZ_SLURM_LOG_H
#define FUZZ_SLURM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A NUL-terminated copy, for free(). */
char *text_of_input(const uint8_t *data, size_t size);

/* Forgets what was logged. */
void slurm_log_forget(void);

/* How many lines were logged as errors. Each line is checked as it comes: no control character is in it. */
size_t slurm_log_errors(void);

/* Ends the program as a sanitizer would where it does not hold. */
void must(bool holds);

#endif
