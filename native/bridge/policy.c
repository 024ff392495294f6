#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <yaml.h>

#include "bebida.h"
#include "log.h"
#include "messages.h"

#define CONFIGURATION_FILE "/etc/bebida/bebida.yaml"

enum { LONGEST_DEADLINE_MS = 60 * 60 * 1000 };

static const struct policy defaults = {.deadline_ms = 30000, .on_failure = ON_FAILURE_START};

bool policy_duration(const char *text, uint32_t *milliseconds)
{
    static const struct {
        const char *name;
        uint32_t milliseconds;
    } units[] = {{"ms", 1}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
    const size_t count = sizeof(units) / sizeof(units[0]);
    uint64_t total = 0;
    bool valid = *text != '\0';

    while (valid && *text != '\0') {
        uint64_t number = 0;
        size_t digits = strspn(text, "0123456789");
        size_t unit = 0;

        for (size_t i = 0; i < digits && number <= LONGEST_DEADLINE_MS; i++)
            number = number * 10 + (uint64_t)(text[i] - '0');
        text += digits;
        while (unit < count && strncmp(text, units[unit].name, strlen(units[unit].name)) != 0)
            unit++;
        valid = digits > 0 && unit < count && number <= LONGEST_DEADLINE_MS;
        if (valid) {
            total += number * units[unit].milliseconds;
            text += strlen(units[unit].name);
            valid = total <= LONGEST_DEADLINE_MS;
        }
    }
    if (valid)
        *milliseconds = (uint32_t)total;
    return valid;
}

static void refuse(const char *file, size_t line, const char *what, const char *found)
{
    log_error(MESSAGE_CONFIGURATION, file, line + 1, what, found == NULL ? "" : ", not ",
              found == NULL ? "" : found);
}

static yaml_node_t *value_of(yaml_document_t *document, const yaml_node_t *mapping, const char *key)
{
    yaml_node_t *value = NULL;

    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         value == NULL && pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(document, pair->key);

        if (name != NULL && name->type == YAML_SCALAR_NODE &&
            strcmp((const char *)name->data.scalar.value, key) == 0)
            value = yaml_document_get_node(document, pair->value);
    }
    return value;
}

/* A key without a value counts as a key that is not set. */
static bool is_null(const yaml_node_t *node)
{
    const char *text = node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;

    return text != NULL && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (*text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static const char *text_of(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "a list or mapping";
}

static bool read_deadline(const char *file, const yaml_node_t *node, struct policy *policy)
{
    bool valid = node->type == YAML_SCALAR_NODE && policy_duration(text_of(node), &policy->deadline_ms) &&
                 policy->deadline_ms > 0;

    if (!valid)
        refuse(file, node->start_mark.line, CONFIGURATION_DEADLINE, text_of(node));
    return valid;
}

static bool read_on_failure(const char *file, const yaml_node_t *node, struct policy *policy)
{
    bool valid = true;

    if (strcmp(text_of(node), "start") == 0)
        policy->on_failure = ON_FAILURE_START;
    else if (strcmp(text_of(node), "requeue") == 0)
        policy->on_failure = ON_FAILURE_REQUEUE;
    else
        valid = false;
    if (!valid)
        refuse(file, node->start_mark.line, CONFIGURATION_ON_FAILURE, text_of(node));
    return valid;
}

static bool read_controller(const char *file, yaml_document_t *document, const yaml_node_t *controller,
                            struct policy *policy)
{
    bool valid = controller->type == YAML_MAPPING_NODE;

    if (valid) {
        const yaml_node_t *deadline = value_of(document, controller, "deadline");
        const yaml_node_t *on_failure = value_of(document, controller, "onFailure");

        valid = (deadline == NULL || is_null(deadline) || read_deadline(file, deadline, policy)) &&
                (on_failure == NULL || is_null(on_failure) || read_on_failure(file, on_failure, policy));
    } else {
        refuse(file, controller->start_mark.line, CONFIGURATION_CONTROLLER, text_of(controller));
    }
    return valid;
}

static bool read_document(const char *file, yaml_document_t *document, struct policy *policy)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    const yaml_node_t *controller = NULL;
    bool valid = root == NULL || root->type == YAML_MAPPING_NODE || is_null(root);

    if (!valid)
        refuse(file, root->start_mark.line, CONFIGURATION_ROOT, text_of(root));
    else if (root != NULL && root->type == YAML_MAPPING_NODE)
        controller = value_of(document, root, "controller");
    if (controller != NULL && !is_null(controller))
        valid = read_controller(file, document, controller, policy);
    return valid;
}

static bool parse(const char *file, FILE *stream, struct policy *policy)
{
    yaml_parser_t parser;
    yaml_document_t document;
    bool valid = yaml_parser_initialize(&parser) != 0;

    if (!valid) {
        log_error(MESSAGE_CONFIGURATION_NO_MEMORY, file);
        goto end;
    }
    yaml_parser_set_input_file(&parser, stream);
    valid = yaml_parser_load(&parser, &document) != 0;
    if (valid) {
        valid = read_document(file, &document, policy);
        yaml_document_delete(&document);
    } else {
        refuse(file, parser.problem_mark.line,
               parser.problem == NULL ? CONFIGURATION_NOT_YAML : parser.problem, NULL);
    }
    yaml_parser_delete(&parser);
end:
    return valid;
}

/* TrustedFile.cs applies the same rule, so that shim and library trust the same files. */
static bool is_trusted(const char *file, FILE *stream)
{
    struct stat found;
    bool trusted = fstat(fileno(stream), &found) == 0;

    if (!trusted) {
        log_error(MESSAGE_CONFIGURATION_UNREADABLE, file, strerror(errno));
    } else if (found.st_uid != 0 && found.st_uid != geteuid()) {
        log_error(MESSAGE_CONFIGURATION_OWNER, file, (unsigned)found.st_uid, (unsigned)geteuid(), file);
        trusted = false;
    } else if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        log_error(MESSAGE_CONFIGURATION_MODE, file, (unsigned)(found.st_mode & ALLPERMS), file);
        trusted = false;
    }
    return trusted;
}

struct policy policy_read(void)
{
    const char *named = getenv("BEBIDA_CONFIG");
    const char *file = named != NULL && *named != '\0' ? named : CONFIGURATION_FILE;
    struct policy policy = defaults;
    FILE *stream = fopen(file, "re");

    if (stream == NULL) {
        if (errno != ENOENT)
            log_error(MESSAGE_CONFIGURATION_UNREADABLE, file, strerror(errno));
    } else {
        if (!is_trusted(file, stream) || !parse(file, stream, &policy))
            policy = defaults;
        (void)fclose(stream);
    }
    return policy;
}
