/* The two keys of bebida.yaml that the shim itself must know. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"
#include "promise.h"
#include "standin_slurmctld.h"

static struct policy read_from(const char *yaml)
{
    slurmctld_forgets();
    site_configuration(yaml);
    return policy_read();
}

static void is_default_without_an_error(const char *yaml)
{
    struct policy policy = read_from(yaml);

    keep(policy.deadline_ms == 30000 && policy.on_failure == ON_FAILURE_START);
    keep(slurmctld_logged("error", "") == 0);
}

static void is_default_with_an_error(const char *yaml, const char *where, const char *what)
{
    struct policy policy = read_from(yaml);

    keep(policy.deadline_ms == 30000 && policy.on_failure == ON_FAILURE_START);
    keep(slurmctld_logged("error", "") == 1);
    keep(slurmctld_logged("error", getenv("BEBIDA_CONFIG")) == 1);
    keep(slurmctld_logged("error", where) == 1);
    keep(slurmctld_logged("error", what) == 1);
}

PROMISE(Deadline_and_onFailure_are_read)
{
    struct policy policy =
        read_from("# a site\n"
                  "kubernetes:\n  kubeconfig: /etc/bebida/kubeconfig\n"
                  "controller:\n  deadline: 1m30s\n  onFailure: requeue\n  more: [1, 2]\n");

    keep(policy.deadline_ms == 90000 && policy.on_failure == ON_FAILURE_REQUEUE);
    keep(slurmctld_logged("error", "") == 0);

    policy = read_from("controller: {onFailure: \"start\", deadline: '500ms'}");
    keep(policy.deadline_ms == 500 && policy.on_failure == ON_FAILURE_START);
}

PROMISE(What_is_not_set_has_its_default)
{
    is_default_without_an_error("");
    is_default_without_an_error("---\n");
    is_default_without_an_error("kubernetes: {kubeconfig: x}\n");
    is_default_without_an_error("controller:\n");
    is_default_without_an_error("controller: {deadline: , onFailure: ~}\n");
    is_default_without_an_error("deadline: 1s\nonFailure: requeue\n");
}

PROMISE(A_missing_file_is_no_error)
{
    struct policy policy;

    keep(setenv("BEBIDA_CONFIG", "/nonexistent/bebida.yaml", 1) == 0);
    policy = policy_read();
    keep(policy.deadline_ms == 30000 && policy.on_failure == ON_FAILURE_START);
    keep(slurmctld_logged("error", "") == 0);
}

PROMISE(A_file_that_cannot_be_read_is_one_error_that_names_it)
{
    struct policy policy;

    keep(setenv("BEBIDA_CONFIG", "/proc/self", 1) == 0);
    policy = policy_read();
    keep(policy.deadline_ms == 30000 && policy.on_failure == ON_FAILURE_START);
    keep(slurmctld_logged("error", "/proc/self") == 1);
    keep(slurmctld_logged("error", "") == 1);
}

static void owned_by(uid_t owner, mode_t mode, const char *error)
{
    char path[64] = "/tmp/bebida.yaml.XXXXXX";
    int file = mkstemp(path);
    const char yaml[] = "controller: {deadline: 5s, onFailure: requeue}\n";
    struct policy policy;

    keep(file >= 0);
    keep(write(file, yaml, sizeof(yaml) - 1) == sizeof(yaml) - 1);
    keep(fchown(file, owner, (gid_t)-1) == 0);
    keep(fchmod(file, mode) == 0);
    keep(close(file) == 0);
    slurmctld_forgets();
    keep(setenv("BEBIDA_CONFIG", path, 1) == 0);
    policy = policy_read();
    keep(unlink(path) == 0);
    keep(policy.on_failure == (error == NULL ? ON_FAILURE_REQUEUE : ON_FAILURE_START));
    keep(policy.deadline_ms == (error == NULL ? 5000 : 30000));
    keep(slurmctld_logged("error", "") == (error == NULL ? 0 : 1));
    if (error != NULL) {
        keep(slurmctld_logged("error", path) == 1);
        keep(slurmctld_logged("error", error) == 1);
    }
}

PROMISE(A_file_that_others_could_have_written_is_one_error_that_says_what_to_run)
{
    owned_by(geteuid(), 0600, NULL);
    owned_by(geteuid(), 0644, NULL);
    owned_by(geteuid(), 0664, "its mode 664 lets others change it");
    owned_by(geteuid(), 0646, "run: chmod go-w /tmp/bebida.yaml.");
    if (geteuid() == 0) {
        owned_by(65534, 0644, "owned by user 65534");
        owned_by(65534, 0600, "run: chown root /tmp/bebida.yaml.");
        /* A daemon that is not root reads root's file, and its own. */
        keep(seteuid(65534) == 0);
        owned_by(65534, 0600, NULL);
        keep(seteuid(0) == 0);
        /* Lost with the change of user, and LeakSanitizer needs it at the end. */
        keep(prctl(PR_SET_DUMPABLE, 1) == 0);
    }
}

PROMISE(A_bad_value_is_one_error_that_names_file_and_line)
{
    is_default_with_an_error("controller:\n  onFailure: requeue\n  deadline: soon\n", ":3:", "soon");
    is_default_with_an_error("controller:\n  deadline: 5s\n  onFailure: explode\n", ":3:", "explode");
    is_default_with_an_error("controller:\n  deadline: 0s\n", ":2:", "controller.deadline");
    is_default_with_an_error("controller:\n  deadline: [5s]\n", ":2:", "controller.deadline");
    is_default_with_an_error("\n\ncontroller: 5s\n", ":3:", "controller must be a mapping");
    is_default_with_an_error("- controller\n", ":1:", "a mapping of keys");
}

PROMISE(What_is_not_YAML_is_one_error_that_names_file_and_line)
{
    is_default_with_an_error("controller:\n  deadline: 5s\n  onFailure: \"start\n", ":4:", "");
    is_default_with_an_error("controller: [a\n", ":2:", "");
    is_default_with_an_error("a: b: c\n", ":1:", "");
    is_default_with_an_error("\x80\xff\x01", ":1:", "");
}

PROMISE(Durations_are_whole_numbers_with_units)
{
    static const struct {
        const char *text;
        uint32_t milliseconds;
    } good[] = {{"30s", 30000}, {"1m30s", 90000},    {"500ms", 500},  {"1h", 3600000},
                {"0s", 0},      {"59m60s", 3600000}, {"1s5ms", 1005}, {"007s", 7000}};
    static const char *const bad[] = {"",
                                      "30",
                                      "s",
                                      "-1s",
                                      "1.5s",
                                      "1 s",
                                      "1s ",
                                      " 1s",
                                      "1d",
                                      "61m",
                                      "1h1ms",
                                      "1S",
                                      "18446744073709551616ms",
                                      "99999999999999999999999h",
                                      "1s1",
                                      "ms"};
    uint32_t milliseconds = 0;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        keep(policy_duration(good[i].text, &milliseconds));
        keep(milliseconds == good[i].milliseconds);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        milliseconds = 4711;
        keep(!policy_duration(bad[i], &milliseconds));
        keep(milliseconds == 4711);
    }
}
