/* A slurmctld of a few lines: it exports what the plugin looks up in the real one, loads the plugin as that
 * does, calls its hooks under a lock that its callbacks take too, and remembers what it was told and what was
 * logged. */
#ifndef STANDIN_SLURMCTLD_H
#define STANDIN_SLURMCTLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "standin_controller.h"

struct told {
    int status; /* a wait status */
    uint32_t job_id;
    bool timed_out;
};

struct handed {
    uint64_t request;
    int32_t direction;
    uint32_t job_id;
    char nodes[256]; /* with a space after each */
    uint32_t budget_ms;
};

/* Where the controller library is (good, without_hand_over, of_another_abi, or a folder that is not there),
 * and what bebida.yaml says; before slurmctld_starts(). */
void site_library(const char *kind);
void site_configuration(const char *yaml);

/* Installs plugin and library under a prefix of their own, and says so nowhere. */
void site_prefix(void);

/* slurmctld ends by exit(), and returns here when its exit handlers have run. */
void slurmctld_starts(void);
void slurmctld_stops(void);

/* What slurmctld does until 23.02 when PrEpPlugins was changed and read again: it closes all plugins of the
 * former list, with its locks, and then opens those of the new one as a process does that has no callbacks
 * for them. Returns whether it is going to call the hooks. */
void slurmctld_closes_plugin(void);
bool slurmctld_opens_plugin(void);

/* The hooks. Return whether slurmctld would wait for a callback. */
bool slurmctld_prolog(uint32_t job_id, const char *nodes);
bool slurmctld_epilog(uint32_t job_id, const char *nodes);

/* fork(), with no lock of the stand-in's held by a thread that the child does not have. */
pid_t slurmctld_forks(void);

/* Which slurmctld answers for the cluster from now on: the one that loaded the plugin (as at first), a later
 * one, or none. Returns how often one was asked before. */
enum who { THIS_SLURMCTLD, A_SUCCESSOR, NOBODY };
size_t slurmctld_answers_as(enum who who);
void slurmctld_awaits_questions(size_t count);

/* Waits until slurmctld has been told count times, and returns the last of these. */
struct told slurmctld_told(size_t count);
size_t slurmctld_told_so_far(void);
void slurmctld_forgets(void);

/* How many lines of the log are of this level and contain text. Levels: error, info, verbose, debug. */
size_t slurmctld_logged(const char *level, const char *text);
void slurmctld_awaits_log(const char *level, const char *text);

/* What the library was handed, by those of the behaviours below that take note. */
struct handed library_handed(size_t count);
size_t library_handed_so_far(void);

/* Behaviours of the library. */
int32_t starts(void);
int32_t stops(uint32_t grace_ms);
int32_t answers_done(uint64_t request, int32_t direction, const char *const *environment,
                     const char *const *nodes, uint32_t budget_ms);
int32_t answers_failed(uint64_t request, int32_t direction, const char *const *environment,
                       const char *const *nodes, uint32_t budget_ms);
int32_t never_answers(uint64_t request, int32_t direction, const char *const *environment,
                      const char *const *nodes, uint32_t budget_ms);
int32_t refuses(uint64_t request, int32_t direction, const char *const *environment, const char *const *nodes,
                uint32_t budget_ms);
void takes_note(uint64_t request, int32_t direction, const char *const *environment, const char *const *nodes,
                uint32_t budget_ms);
size_t library_stopped_so_far(void);

/* Where a library hangs. */
void gate_wait(void);
void gate_open(void);
void gate_awaits_visitors(size_t count);

#endif
