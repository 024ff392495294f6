#!/usr/bin/env bash
# Makes a Debian 12 with some packages in a folder, if it is not there yet, and prints its path. It is not to be written
# to: mount something over it.
#
# usage: sudo tests/lab/chroot.sh NAME PACKAGE...
set -euo pipefail
# shellcheck disable=SC1091 # It is checked by itself.
source "$(dirname "${BASH_SOURCE[0]}")/../../packaging/chroot.sh"

complete bookworm "$@"
echo "$CHROOTS/bookworm/$1"
