/*
 * The few types of Slurm's PrEp interface, which its public headers leave out.
 * Source: src/interfaces/prep.h (src/common/prep.h before 23.02) and src/slurmctld/slurmctld.h of
 * Slurm 22.05, 24.11 and 26.05, the same in all three. Nothing is known here of what is in a job record.
 */
#ifndef BEBIDA_PREP_ABI_H
#define BEBIDA_PREP_ABI_H

#include <stdbool.h>
#include <stdint.h>

typedef struct job_record job_record_t;

/* rc is a wait status. Both take slurmctld's job and node locks. */
typedef struct {
    void (*prolog_slurmctld)(int rc, uint32_t job_id, bool timed_out);
    void (*epilog_slurmctld)(int rc, uint32_t job_id, bool timed_out);
} prep_callbacks_t;

typedef enum {
    PREP_REGISTER_CALLBACKS = 0,
    PREP_PROLOG,
    PREP_EPILOG,
    PREP_PROLOG_SLURMCTLD,
    PREP_EPILOG_SLURMCTLD,
} prep_call_type_t;

/* What prep.c of Slurm looks up. */
extern const char plugin_name[];
extern const char plugin_type[];
extern const uint32_t plugin_version;
int init(void);
void fini(void);
void prep_p_register_callbacks(prep_callbacks_t *callbacks);
int prep_p_prolog(void *job_env, void *cred);
int prep_p_epilog(void *job_env, void *cred);
int prep_p_prolog_slurmctld(job_record_t *job, bool *async);
int prep_p_epilog_slurmctld(job_record_t *job, bool *async);
void prep_p_required(prep_call_type_t type, bool *required);

/* Of slurmctld alone (src/slurmctld/slurmctld.h), and therefore looked up and not linked: the environment of
 * PrologSlurmctld and EpilogSlurmctld, each entry and the array to be freed by slurm_xfree(). */
typedef char **(*job_common_env_vars_t)(job_record_t *job, bool is_complete);

/* Of libslurm (src/common/xmalloc.h): frees and sets to NULL. */
void slurm_xfree(void **pointer);

#endif
