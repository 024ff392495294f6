/*
 * prep/timed, for tests: stands between slurmctld and the plugin that BEBIDA_TIMED_PLUGIN names, passes every
 * call on, and writes down how long each hook took while slurmctld held its locks.
 */
#include "timed.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <slurm/spank.h> /* where Slurm's public headers declare its log */

#include "prep_abi.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char plugin_name[] = "Times another PrEp plugin";
EXPORTED const char plugin_type[] = "prep/timed";
EXPORTED const uint32_t plugin_version = SLURM_VERSION_NUMBER;

static struct timed *timed;
static job_common_env_vars_t describe;

static struct {
    int (*init)(void);
    void (*fini)(void);
    void (*register_callbacks)(prep_callbacks_t *callbacks);
    int (*prolog)(void *job_env, void *cred);
    int (*epilog)(void *job_env, void *cred);
    int (*prolog_slurmctld)(job_record_t *job, bool *async);
    int (*epilog_slurmctld)(job_record_t *job, bool *async);
    void (*required)(prep_call_type_t type, bool *required);
} plugin;

static uint64_t now(clockid_t clock)
{
    struct timespec moment = {0};

    (void)clock_gettime(clock, &moment);
    return (uint64_t)moment.tv_sec * 1000000000 + (uint64_t)moment.tv_nsec;
}

static struct timed *map(const char *path)
{
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *address = MAP_FAILED;

    if (file >= 0 && ftruncate(file, sizeof(struct timed)) == 0)
        address = mmap(NULL, sizeof(struct timed), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0)
        (void)close(file);
    return address == MAP_FAILED ? NULL : address;
}

static bool load(const char *path)
{
    const struct {
        const char *name;
        void *address;
    } functions[] = {
        {"init", &plugin.init},
        {"fini", &plugin.fini},
        {"prep_p_register_callbacks", &plugin.register_callbacks},
        {"prep_p_prolog", &plugin.prolog},
        {"prep_p_epilog", &plugin.epilog},
        {"prep_p_prolog_slurmctld", &plugin.prolog_slurmctld},
        {"prep_p_epilog_slurmctld", &plugin.epilog_slurmctld},
        {"prep_p_required", &plugin.required},
    };
    void *handle = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    bool loaded = handle != NULL;

    for (size_t i = 0; loaded && i < sizeof(functions) / sizeof(functions[0]); i++) {
        *(void **)functions[i].address = dlsym(handle, functions[i].name);
        loaded = *(void **)functions[i].address != NULL;
    }
    return loaded;
}

EXPORTED int init(void)
{
    const char *path = getenv("BEBIDA_TIMED_PLUGIN");
    bool ready = load(path) && (timed = map(getenv("BEBIDA_TIMED_FILE"))) != NULL;

    *(void **)&describe = dlsym(RTLD_DEFAULT, "job_common_env_vars");
    if (!ready)
        slurm_error(
            "prep/timed: BEBIDA_TIMED_PLUGIN names the plugin to time, BEBIDA_TIMED_FILE where to write");
    return ready ? plugin.init() : SLURM_ERROR;
}

EXPORTED void fini(void)
{
    plugin.fini();
}

EXPORTED void prep_p_register_callbacks(prep_callbacks_t *callbacks)
{
    plugin.register_callbacks(callbacks);
}

/* prep_bebida.so, like prep/script, has slurmctld describe the job. */
static uint64_t time_description(job_record_t *job, bool is_complete)
{
    uint64_t began = now(CLOCK_THREAD_CPUTIME_ID);
    char **environment = describe(job, is_complete);

    for (char **variable = environment; variable != NULL && *variable != NULL; variable++)
        slurm_xfree((void **)variable);
    slurm_xfree((void **)&environment);
    return now(CLOCK_THREAD_CPUTIME_ID) - began;
}

static int time_call(int (*hook)(job_record_t *, bool *), uint64_t epilog, job_record_t *job, bool *async)
{
    uint64_t cpu = now(CLOCK_THREAD_CPUTIME_ID);
    uint64_t wall = now(CLOCK_MONOTONIC);
    int result = hook(job, async);
    uint64_t place;

    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
    place = __atomic_fetch_add(&timed->count, 1, __ATOMIC_ACQ_REL);
    if (place < TIMED_CALLS)
        timed->calls[place] = (struct timed_call){
            .epilog = epilog,
            .wall_ns = wall,
            .cpu_ns = cpu,
            .describe_ns = time_description(job, epilog != 0),
        };
    return result;
}

EXPORTED int prep_p_prolog_slurmctld(job_record_t *job, bool *async)
{
    return time_call(plugin.prolog_slurmctld, 0, job, async);
}

EXPORTED int prep_p_epilog_slurmctld(job_record_t *job, bool *async)
{
    return time_call(plugin.epilog_slurmctld, 1, job, async);
}

EXPORTED int prep_p_prolog(void *job_env, void *cred)
{
    return plugin.prolog(job_env, cred);
}

EXPORTED int prep_p_epilog(void *job_env, void *cred)
{
    return plugin.epilog(job_env, cred);
}

EXPORTED void prep_p_required(prep_call_type_t type, bool *required)
{
    plugin.required(type, required);
}
