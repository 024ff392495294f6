#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include <slurm/spank.h> /* where Slurm's public headers declare its log */

#include "bebida.h"

enum { LONGEST_LINE = 4096 };

void log_clean(char *line)
{
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    }
}

static void write_to_slurm(int32_t level, char *line)
{
    log_clean(line);
    switch (level) {
    case BEBIDA_LOG_ERROR:
        slurm_error("bebida: %s", line);
        break;
    case BEBIDA_LOG_INFO:
        slurm_info("bebida: %s", line);
        break;
    case BEBIDA_LOG_VERBOSE:
        slurm_verbose("bebida: %s", line);
        break;
    default:
        slurm_debug("bebida: %s", line);
        break;
    }
}

void log_line(int32_t level, const char *line)
{
    log_write(level, "%s", line == NULL ? "" : line);
}

void log_write(int32_t level, const char *format, ...)
{
    char line[LONGEST_LINE];
    va_list arguments;

    va_start(arguments, format);
    /* The analyzer overlooks va_start(). NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    if (vsnprintf(line, sizeof(line), format, arguments) >= 0)
        write_to_slurm(level, line);
    va_end(arguments);
}
