#include "arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "messages.h"

static const char *value_of(const char *word, const char *name)
{
    const size_t length = strlen(name);

    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

struct arguments arguments_read(int count, char **words)
{
    struct arguments arguments = {0};

    for (int i = 0; i < count; i++) {
        const char *libdir = value_of(words[i], "libdir");
        const char *config = value_of(words[i], "config");

        if (libdir != NULL)
            arguments.libdir = libdir;
        else if (config != NULL)
            arguments.config = config;
        else
            log_error(MESSAGE_ARGUMENT, words[i]);
    }
    return arguments;
}

static void copy_from_slurmd(const char *name)
{
    char path[64];
    char *variable = NULL;
    size_t size = 0;
    const char *value = NULL;
    FILE *environment;

    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
    environment = fopen(path, "re");
    if (environment == NULL)
        goto end;
    while (value == NULL && getdelim(&variable, &size, '\0', environment) > 0)
        value = value_of(variable, name);
    if (value != NULL)
        (void)setenv(name, value, 1);
    (void)fclose(environment);
end:
    free(variable);
}

static void export(const char *name, const char *argument)
{
    if (argument != NULL)
        (void)setenv(name, argument, 1);
    else
        copy_from_slurmd(name);
}

void arguments_export(const struct arguments *arguments)
{
    export("BEBIDA_CONFIG", arguments->config);
    export("BEBIDA_LIBDIR", arguments->libdir);
}
