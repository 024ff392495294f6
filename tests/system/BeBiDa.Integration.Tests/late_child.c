/* Preloaded into slurmctld. One that was made by scontrol reconfigure tells its parent that it has taken over
 * only when the file BEBIDA_TOLD is there: as late as one that has much to read. Its parent goes on until
 * then. */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t write(int file, const void *data, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    const char *parent = getenv("SLURMCTLD_RECONF_PARENT_FD");
    const char *told = getenv("BEBIDA_TOLD");

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    while (parent != NULL && told != NULL && file == atoi(parent) && size == sizeof(pid_t) &&
           access(told, F_OK) != 0)
        (void)usleep(10000);
    return real(file, data, size);
}
