# shellcheck shell=bash
# What the user is told.

say() { printf '%s\n' "$*"; }

warn() { printf 'bebida-node: warning: %s\n' "$*" >&2; }

# die WHAT-FAILED: with what to do next.
die() {
    printf 'bebida-node: %s\n' "$*" >&2
    exit 1
}

wrong() {
    printf 'bebida-node: %s\nTry bebida-node --help.\n' "$*" >&2
    exit 2
}
