#include "library.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bebida.h"
#include "log.h"
#include "memory.h"
#include "messages.h"

/* The process that has opened the library. The runtime's threads do not survive a fork. */
static pid_t opened_by;

/* A path that does not fit could not be opened either. */
static void join(char *path, const char *folder, const char *file)
{
    if (snprintf(path, PATH_MAX, "%s/%s", folder, file) >= PATH_MAX)
        path[0] = '\0';
}

/* The prefix may have been chosen at installation: then only the library's place relative to this plugin is
 * known. */
static bool beside_this_plugin(const char *file, char *path)
{
    char here[PATH_MAX];
    char folder[PATH_MAX];
    Dl_info plugin;
    bool known = dladdr(&opened_by, &plugin) != 0 && plugin.dli_fname != NULL &&
                 realpath(plugin.dli_fname, here) != NULL;

    if (known) {
        join(folder, dirname(here), BEBIDA_LIBDIR_FROM_PLUGIN);
        join(path, folder, file);
        known = access(path, F_OK) == 0;
    }
    return known;
}

void library_path(const struct library *library, char *path)
{
    const char *folder = getenv("BEBIDA_LIBDIR");

    if (folder == NULL || *folder == '\0')
        folder = library->folder;
    if (folder != NULL && *folder != '\0')
        join(path, folder, library->file);
    else if (!beside_this_plugin(library->file, path))
        join(path, BEBIDA_LIBDIR, library->file);
}

static bool find(const struct library *library, void *handle, const char *path,
                 const struct library_function *function)
{
    void *found = dlsym(handle, function->name);

    if (found == NULL)
        log_error(MESSAGE_LIBRARY_WITHOUT_FUNCTION, path, function->name, library->without);
    else
        *(void **)function->address = found;
    return found != NULL;
}

static bool abi_fits(const struct library *library, void *handle, const char *path)
{
    uint32_t (*version)(void) = NULL;
    const struct library_function function = {"bebida_abi_version", &version};
    bool fits = false;

    if (find(library, handle, path, &function)) {
        uint32_t theirs;

        /* The first call starts the runtime. */
        memory_populate((uintptr_t)version);
        theirs = version();

        fits = theirs == BEBIDA_ABI_VERSION;
        if (!fits)
            log_error(MESSAGE_LIBRARY_OF_OTHER_ABI, path, theirs, BEBIDA_ABI_VERSION, library->without);
    }
    return fits;
}

bool library_open(const struct library *library, const char *path, const struct library_function *functions,
                  size_t count)
{
    void *handle = NULL;
    bool usable = opened_by == 0 || opened_by == getpid();

    if (!usable) {
        log_error(MESSAGE_LIBRARY_AFTER_FORK, path, (int)opened_by, library->without);
        goto end;
    }
    opened_by = getpid();
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    usable = handle != NULL;
    if (!usable) {
        const char *why = dlerror();

        log_error(MESSAGE_LIBRARY_NOT_FOUND, library->file, why == NULL ? path : why, library->without);
        goto end;
    }
    usable = abi_fits(library, handle, path);
    for (size_t i = 0; usable && i < count; i++)
        usable = find(library, handle, path, &functions[i]);
end:
    return usable;
}
