/*
 * Times, on a node, what slurmd starts before each job (slurmstepd spank prolog) with one plugin and with
 * another, in turn, and the start of the .NET runtime in a process of its own.
 *
 * usage: node ROUNDS SLURM_CONF_OF_THE_EMPTY_PLUGIN SLURM_CONF_OF_OURS LIBRARY
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

enum { MOST_ROUNDS = 10000 };

static double milliseconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "node: %s\n", what);
    exit(EXIT_FAILURE);
}

static double prolog(const char *slurm_conf)
{
    char conf[4096];
    char *const environment[] = {conf,
                                 "SLURM_JOB_ID=4711",
                                 "SLURM_JOBID=4711",
                                 "SLURM_JOB_UID=0",
                                 "SLURM_UID=0",
                                 "SLURM_JOB_GID=0",
                                 "SLURM_JOB_USER=nobody",
                                 "SLURM_JOB_PARTITION=batch",
                                 "SLURMD_NODENAME=n1",
                                 NULL};
    char *const command[] = {"/usr/sbin/slurmstepd", "spank", "prolog", NULL};
    double began;
    int status = 0;
    pid_t child;

    (void)snprintf(conf, sizeof(conf), "SLURM_CONF=%s", slurm_conf);
    began = milliseconds();
    child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);

        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(nothing, STDERR_FILENO);
        (void)execve(command[0], command, environment);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        die("slurmstepd spank prolog failed");
    return milliseconds() - began;
}

/* In a process of its own: from dlopen() until the first call into managed code has returned, written to
 * standard output. */
static void start_here(const char *library)
{
    double began = milliseconds();
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    uint32_t (*version)(void) = NULL;
    double took;

    if (handle != NULL)
        *(void **)&version = dlsym(handle, "bebida_abi_version");
    if (version == NULL)
        die("no such library");
    memory_populate((const void *)(uintptr_t)version);
    if (version() == 0)
        die("the library does not start");
    took = milliseconds() - began;
    if (write(STDOUT_FILENO, &took, sizeof(took)) != sizeof(took))
        die("nowhere to write to");
}

/* As a prolog does it: after exec, not in a fork that has to copy each page first. */
static double start(const char *library)
{
    char *const command[] = {"node", "--start", (char *)library, NULL};
    double took = -1;
    int ends[2];
    int status = 0;
    pid_t child;

    if (pipe(ends) != 0)
        die("no pipe");
    child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execv("/proc/self/exe", command);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 ||
        read(ends[0], &took, sizeof(took)) != sizeof(took))
        die("the library does not start");
    (void)close(ends[0]);
    (void)close(ends[1]);
    return took;
}

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;

    return (difference > 0) - (difference < 0);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return values[count / 2];
}

int main(int count, char **words)
{
    static double empty[MOST_ROUNDS], ours[MOST_ROUNDS], runtime[MOST_ROUNDS];
    int rounds = count == 5 ? atoi(words[1]) : 0;
    double without, with, started;

    if (count == 3 && strcmp(words[1], "--start") == 0) {
        start_here(words[2]);
        return 0;
    }
    if (rounds < 1 || rounds > MOST_ROUNDS)
        die("usage: node ROUNDS SLURM_CONF_OF_THE_EMPTY_PLUGIN SLURM_CONF_OF_OURS LIBRARY");
    /* The first one has something to stop. */
    (void)prolog(words[2]);
    (void)prolog(words[3]);
    for (int i = 0; i < rounds; i++) {
        empty[i] = prolog(words[2]);
        ours[i] = prolog(words[3]);
        runtime[i] = start(words[4]);
    }
    without = median(empty, rounds);
    with = median(ours, rounds);
    started = median(runtime, rounds);
    (void)printf("a job prolog that has nothing to stop, medians of %d rounds, one after the other in turn\n",
                 rounds);
    (void)printf("  an empty SPANK plugin      %7.2f ms\n", without);
    (void)printf(
        "  spank_bebida.so            %7.2f ms  %.2f times, %.2f ms more (target: at most 10 ms, %s)\n", with,
        with / without, with - without, with - without <= 10 ? "met" : "MISSED");
    (void)printf(
        "    in a process that does nothing else, the runtime starts in %4.2f ms (target: under 5 ms, %s)\n",
        started, started < 5 ? "met" : "MISSED");
    return 0;
}
