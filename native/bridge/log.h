/* Slurm's log, ours under one prefix. */
#ifndef BEBIDA_LOG_H
#define BEBIDA_LOG_H

#include <stdint.h>

#include "bebida.h"

/* Turns line breaks and other control characters into spaces: a user who names a job could forge a line of
 * slurmctld's log, or send commands to a terminal. */
void log_clean(char *line);

/* One line at an enum bebida_log_level. This is bebida_host.log. */
void log_line(int32_t level, const char *line);

/* The same, formatted as by printf. */
void log_write(int32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(BEBIDA_LOG_ERROR, __VA_ARGS__)
#define log_info(...) log_write(BEBIDA_LOG_INFO, __VA_ARGS__)
#define log_verbose(...) log_write(BEBIDA_LOG_VERBOSE, __VA_ARGS__)
#define log_debug(...) log_write(BEBIDA_LOG_DEBUG, __VA_ARGS__)

#endif
