/* The file that the node's prolog leaves for a job's user: whatever is in it, what its user reads is one
 * line. */
#include "user_message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "slurm_log.h"
#include "submit.h"

static const uint8_t *content;
static size_t content_size;
static bool looking;

/* In place of the C library's, for the one file that is opened; libFuzzer opens its own. */
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_truncate(const char *path, off_t length);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    FILE *file = NULL;

    if (!looking)
        file = __real_fopen(path, mode);
    else if (content_size > 0) /* which fmemopen() refuses otherwise */
        file = fmemopen((void *)content, content_size, "r");
    must(!looking || strcmp(path, "/run/bebida/jobs/7") == 0);
    return file;
}

int __wrap_truncate(const char *path, off_t length)
{
    must(strcmp(path, "/run/bebida/jobs/7") == 0 && length == 0);
    return 0;
}

/* Of slurmstepd. */

spank_err_t spank_get_item(spank_t spank, spank_item_t item, ...)
{
    va_list arguments;

    (void)spank;
    va_start(arguments, item);
    *va_arg(arguments, uint32_t *) = item == S_JOB_ID ? 7 : 0;
    va_end(arguments);
    return ESPANK_SUCCESS;
}

void slurm_spank_log(const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    must(vsnprintf(line, sizeof(line), format, arguments) > 0);
    va_end(arguments);
    for (const char *c = line; *c != '\0'; c++)
        must((unsigned char)*c >= ' ' && *c != 0x7f);
}

spank_err_t spank_option_register(spank_t spank, struct spank_option *option)
{
    (void)spank;
    (void)option;
    return ESPANK_SUCCESS;
}

struct spank_option submit_option(spank_opt_cb_f callback)
{
    return (struct spank_option){.name = (char *)"bebida", .cb = callback};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    content = data;
    content_size = size;
    looking = true;
    user_message_read(NULL);
    looking = false;
    user_message_show();
    return 0;
}
