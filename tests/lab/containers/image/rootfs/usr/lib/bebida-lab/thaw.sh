#!/bin/sh
# Thaws all that is frozen on this machine. To be run before its container is killed: what the freezer of cgroup v1
# holds not even SIGKILL ends, so Docker would wait for it in vain. (That of cgroup v2 lets it through.)
find /sys/fs/cgroup/freezer -name freezer.state -exec sh -c 'echo THAWED >"$1"' sh {} \; 2>/dev/null
exit 0
