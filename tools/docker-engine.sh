#!/usr/bin/env bash
# Starts a Docker Engine with Compose if none is running, installing Debian's packages if needed, and stops it again.
#
#   tools/docker-engine.sh start    does nothing if an engine answers already; exit code 69 if this machine cannot run one
#   tools/docker-engine.sh ours     exit code 0 if the running engine was started by `start`
#   tools/docker-engine.sh stop     stops the engine if it was started by `start`
#
# $DOCKERD_FLAGS is passed to dockerd.
set -euo pipefail

readonly PID_FILE=/run/splitwave-dockerd.pid
readonly LOG=/var/log/splitwave-dockerd.log
readonly READY_LIMIT_S=300 STOP_LIMIT_S=300 # long enough for a busy machine
readonly UNAVAILABLE=69 # EX_UNAVAILABLE of sysexits.h

start() {
    if answers; then
        echo "engine: one answers already"
    else
        [[ -z ${DOCKER_HOST:-} ]] || cannot "no Docker Engine answers at DOCKER_HOST $DOCKER_HOST"
        [[ $EUID -eq 0 ]] || cannot "no Docker Engine answers, and starting one requires root"
        [[ -e /sys/fs/cgroup/cgroup.controllers || -d /sys/fs/cgroup/memory ]] || cannot "this machine has no cgroups"
        command -v dockerd >/dev/null || install_packages docker.io
        answers || start_dockerd # with systemd, installing the package has already started it
    fi
    has_compose || install_packages docker-compose
}

answers() {
    timeout 60 docker info >/dev/null 2>&1
}

has_compose() {
    docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null
}

install_packages() {
    [[ $EUID -eq 0 ]] || cannot "$* is not installed, and installing it requires root"
    command -v apt-get >/dev/null || cannot "$* is not installed, and there is no apt-get to install it"
    echo "engine: installing $*"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } \
        >"$LOG" 2>&1 || cannot "apt-get could not install $*: $(tail -n 1 "$LOG")"
}

start_dockerd() {
    # A separate session, so that Ctrl-C in this terminal does not stop the engine, which the tests need to clean up.
    # shellcheck disable=SC2086 # flags are words
    setsid dockerd ${DOCKERD_FLAGS:-} >"$LOG" 2>&1 </dev/null &
    local dockerd=$! deadline=$((SECONDS + READY_LIMIT_S))
    until answers; do
        kill -0 "$dockerd" 2>/dev/null || cannot "dockerd ended at once: $(tail -n 1 "$LOG")"
        if ((SECONDS >= deadline)); then
            kill "$dockerd"
            cannot "dockerd did not answer within $READY_LIMIT_S s: $(tail -n 1 "$LOG")"
        fi
        sleep 0.5
    done
    echo "$dockerd" >"$PID_FILE"
    echo "engine: started, process $dockerd, log $LOG"
}

ours() {
    # Check the name, because the process id may have been reused.
    [[ -e $PID_FILE && $(cat "/proc/$(<"$PID_FILE")/comm" 2>/dev/null) == dockerd ]]
}

stop() {
    ours || return 0
    local dockerd
    dockerd=$(<"$PID_FILE")
    kill "$dockerd"
    timeout "$STOP_LIMIT_S" tail --pid="$dockerd" -f /dev/null \
        || { echo "tools/docker-engine.sh: process $dockerd did not end within $STOP_LIMIT_S s" >&2; exit 1; }
    rm -f "$PID_FILE"
    echo "engine: stopped"
}

cannot() {
    echo "$*" >&2
    exit "$UNAVAILABLE"
}

case ${1:-} in
    start | ours | stop) "$1" ;;
    *) echo "usage: tools/docker-engine.sh start|ours|stop" >&2 && exit 2 ;;
esac
