#!/usr/bin/env bash
# A Docker Engine with Compose where none runs: installed if need be (Debian's packages), started by hand, stopped again.
#
#   tools/docker-engine.sh start    leaves an engine alone that answers already; exit code 69: this machine cannot run one
#   tools/docker-engine.sh ours     exit code 0 if `start` started the one that runs
#   tools/docker-engine.sh stop     stops it if it is ours
#
# $DOCKERD_FLAGS is handed to dockerd.
set -euo pipefail

readonly PID_FILE=/run/splitwave-dockerd.pid
readonly LOG=/var/log/splitwave-dockerd.log
readonly READY_LIMIT_S=300 STOP_LIMIT_S=300 # of a busy machine
readonly UNAVAILABLE=69 # EX_UNAVAILABLE of sysexits.h

start() {
    if answers; then
        echo "engine: one answers already"
    else
        [[ -z ${DOCKER_HOST:-} ]] || cannot "no Docker Engine answers at DOCKER_HOST $DOCKER_HOST"
        [[ $EUID -eq 0 ]] || cannot "no Docker Engine answers, and starting one takes root"
        [[ -e /sys/fs/cgroup/cgroup.controllers || -d /sys/fs/cgroup/memory ]] || cannot "this machine has no cgroups"
        command -v dockerd >/dev/null || install_packages docker.io
        answers || start_dockerd # where systemd runs, the package has started it
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
    [[ $EUID -eq 0 ]] || cannot "$* is not installed, and installing it takes root"
    command -v apt-get >/dev/null || cannot "$* is not installed, and this is not a Debian to install it on"
    echo "engine: installing $*"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } \
        >"$LOG" 2>&1 || cannot "apt-get could not install $*: $(tail -n 1 "$LOG")"
}

start_dockerd() {
    # A session of its own: Ctrl-C in this terminal is for the tests, which still need the engine to clean up.
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
    # The name, lest the number belong to somebody else by now.
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
