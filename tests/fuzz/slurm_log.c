#include "slurm_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void slurm_error(const char *format, ...);
void slurm_info(const char *format, ...);
void slurm_verbose(const char *format, ...);
void slurm_debug(const char *format, ...);

static size_t errors;

void must(bool holds)
{
    if (!holds)
        abort();
}

char *text_of_input(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

void slurm_log_forget(void)
{
    errors = 0;
}

size_t slurm_log_errors(void)
{
    return errors;
}

static void check(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static void check(const char *format, va_list arguments)
{
    char line[8192];
    int length = vsnprintf(line, sizeof(line), format, arguments);

    must(length >= 0 && (size_t)length < sizeof(line));
    must(strncmp(line, "bebida: ", strlen("bebida: ")) == 0);
    for (const char *c = line; *c != '\0'; c++)
        must((unsigned char)*c >= ' ' && *c != 0x7f);
}

/* Formats are checked where they are written: see the declarations in Slurm's headers. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

#define LEVEL(level, counts)                                                                                 \
    void slurm_##level(const char *format, ...)                                                              \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        check(format, arguments);                                                                            \
        errors += (counts);                                                                                  \
        va_end(arguments);                                                                                   \
    }

LEVEL(error, 1)
LEVEL(info, 0)
LEVEL(verbose, 0)
LEVEL(debug, 0)
