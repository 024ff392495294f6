#include "library.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

#define LIBRARY_NAME "libbebida_controller.so"
#define UNTIL_THEN "until slurmctld is restarted with it, jobs are treated as controller.onFailure says"

/* The process that has opened the library. A fork leaves the runtime's threads behind, and nothing brings
 * them back. */
static pid_t opened_by;

/* What does not fit is no path that anyone could open either. */
static void join(char *path, const char *folder, const char *file)
{
    if (snprintf(path, PATH_MAX, "%s/%s", folder, file) >= PATH_MAX)
        path[0] = '\0';
}

/* The prefix may have been chosen at installation: then only the way from this plugin to the library is
 * known. */
static bool beside_this_plugin(char *path)
{
    char here[PATH_MAX];
    Dl_info plugin;
    bool known = dladdr(&opened_by, &plugin) != 0 && plugin.dli_fname != NULL &&
                 realpath(plugin.dli_fname, here) != NULL;

    if (known) {
        join(path, dirname(here), BEBIDA_LIBDIR_FROM_PLUGIN "/" LIBRARY_NAME);
        known = access(path, F_OK) == 0;
    }
    return known;
}

void library_path(char *path)
{
    const char *named = getenv("BEBIDA_LIBDIR");

    if (named != NULL && *named != '\0')
        join(path, named, LIBRARY_NAME);
    else if (!beside_this_plugin(path))
        join(path, BEBIDA_LIBDIR, LIBRARY_NAME);
}

static void *find(void *handle, const char *path, const char *name)
{
    void *found = dlsym(handle, name);

    if (found == NULL)
        log_error("%s has no %s: it is not the library of this plugin; install both from one release; %s",
                  path, name, UNTIL_THEN);
    return found;
}

static bool abi_fits(void *handle, const char *path)
{
    uint32_t (*version)(void) = NULL;
    bool fits = false;

    *(void **)&version = find(handle, path, "bebida_abi_version");
    if (version != NULL) {
        uint32_t theirs = version();

        fits = theirs == BEBIDA_ABI_VERSION;
        if (!fits)
            log_error("%s speaks version %u of the border, this plugin version %u; install both from one "
                      "release; %s",
                      path, theirs, BEBIDA_ABI_VERSION, UNTIL_THEN);
    }
    return fits;
}

static bool library_open(const char *path, struct library *library)
{
    void *handle = NULL;
    bool usable = opened_by == 0 || opened_by == getpid();

    if (!usable) {
        log_error(
            "%s was opened by process %d, which has forked, and does not survive that; restart slurmctld; %s",
            path, (int)opened_by, UNTIL_THEN);
        goto end;
    }
    opened_by = getpid();
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    usable = handle != NULL;
    if (!usable) {
        const char *why = dlerror();

        log_error("cannot open the controller library: %s; install it there or name its folder in "
                  "BEBIDA_LIBDIR; %s",
                  why == NULL ? path : why, UNTIL_THEN);
        goto end;
    }
    usable = abi_fits(handle, path) &&
             (*(void **)&library->start = find(handle, path, "bebida_start")) != NULL &&
             (*(void **)&library->hand_over = find(handle, path, "bebida_hand_over")) != NULL &&
             (*(void **)&library->stop = find(handle, path, "bebida_stop")) != NULL;
end:
    return usable;
}

static const char *reason(int32_t status)
{
    static const char *const reasons[] = {
        [BEBIDA_OK] = "nothing",
        [BEBIDA_ERROR_ABI] = "it is of another release than this plugin; install both from one",
        [BEBIDA_ERROR_CONFIGURATION] = "the configuration cannot be used; see its own line above",
        [BEBIDA_ERROR_STATE] = "it runs already or cannot run again",
        [BEBIDA_ERROR_ARGUMENT] = "it does not understand this plugin",
        [BEBIDA_ERROR_INTERNAL] = "an error inside it; see its own line above",
    };
    const int32_t count = (int32_t)(sizeof(reasons) / sizeof(reasons[0]));

    return status >= 0 && status < count ? reasons[status] : "a reason this plugin does not know";
}

bool library_start(const char *path, const struct bebida_host *host, struct library *library)
{
    bool runs = library_open(path, library);

    if (runs) {
        int32_t status = library->start(host);

        runs = status == BEBIDA_OK;
        if (runs)
            log_verbose("%s runs", path);
        else
            log_error("%s does not start: %s; %s", path, reason(status), UNTIL_THEN);
    }
    return runs;
}
