#!/usr/bin/env bash
# To be sourced. The Docker that the lab uses: the system's where one answers, otherwise one of our own, which keeps its
# images in BEBIDA_CACHE, has its socket and all else in /run/bebida-docker, and runs only as long as there are labs.

images=${BEBIDA_CACHE:-/var/cache/bebida-tests}/docker
own=/run/bebida-docker

docker_answers() {
    docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

own_daemon_runs() {
    [[ -e $own/pid ]] && kill -0 "$(cat "$own/pid")" 2>/dev/null
}

# Starts our own if none answers, and lets docker and docker-compose find the one in use. Returns with a lock on it
# held (fd 9), so that nobody stops it before there is a container; docker_release lets go of it.
docker_acquire() {
    mkdir -p "$own"
    exec 9>"$own/lock"
    flock 9
    docker_answers && return
    export DOCKER_HOST=unix://$own/docker.sock
    docker_answers && return
    local program
    program=$(PATH=$PATH:/usr/sbin command -v dockerd) || {
        echo "docker.sh: no Docker answers, and there is no dockerd to start; tests/setup.sh installs it" >&2
        return 1
    }
    mkdir -p "$images"
    rm -f "$own/pid"
    # No default bridge: each lab brings its network, and the image is built on the host's.
    PATH=$PATH:/usr/sbin setsid "$program" --host "$DOCKER_HOST" --data-root "$images" --exec-root "$own/exec" \
        --pidfile "$own/pid" --bridge none >"$own/log" 2>&1 </dev/null 9>&- &
    local tenths
    for ((tenths = 0; tenths < 1800; tenths++)); do
        docker_answers && return
        sleep 0.1
    done
    echo "docker.sh: dockerd did not start; the end of $own/log:" >&2
    tail -n 20 "$own/log" >&2
    return 1
}

docker_release() {
    exec 9>&-
}

# Stops our own, if it runs and has nothing left to run.
docker_stop_unused() {
    [[ ${DOCKER_HOST-} == "unix://$own/docker.sock" ]] && own_daemon_runs || return 0
    [[ -z $(docker ps --quiet) ]] || return 0
    local pid
    pid=$(cat "$own/pid")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}
