#!/usr/bin/env bash
# Runs the end-to-end tests: provides an engine, base image, wheels and images, runs `pytest -m e2e`, in two processes where
# the tests need no containers, and checks that they leave nothing behind. On machines that cannot run an engine, only the tests without containers are run.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PYTEST=${VENV:-.venv}/bin/pytest
readonly UNAVAILABLE=69 # of tools/docker-engine.sh

main() {
    scratch=$(mktemp -d)
    trap finish EXIT
    local code=0
    tools/docker-engine.sh start 2>"$scratch/why" || code=$?
    if ((code == UNAVAILABLE)); then
        skipped=$(<"$scratch/why")
        announce_skip
        without_containers
    elif ((code == 0)); then
        with_engine
    else
        cat "$scratch/why" >&2
        return "$code"
    fi
}

with_engine() {
    leftovers >"$scratch/before"
    make images
    without_containers
    "$PYTEST" -m 'e2e and compose' --durations 20
    docker image ls --filter reference='splitwave/*' --format 'image {{.Repository}}:{{.Tag}} {{.Size}}'
}

without_containers() {
    "$PYTEST" -n 2 --dist loadfile -m 'e2e and not compose' --durations 20
}

# Prints what compose made for a testbed, with one line "KIND ID" per resource.
leftovers() {
    local kind
    for kind in container network volume; do
        list "$kind" | awk -v kind="$kind" '$2 ~ /^splitwave/ { print kind, $1 }'
    done | sort
}

list() {
    local format='{{.ID}}' all=()
    case $1 in
        container) all=(--all) ;;
        volume) format='{{.Name}}' ;;
    esac
    docker "$1" ls "${all[@]}" --filter label=com.docker.compose.project \
        --format "$format {{.Label \"com.docker.compose.project\"}}"
}

finish() {
    local code=$?
    trap - EXIT
    if [[ -e $scratch/before ]]; then
        check_leftovers || code=1
    fi
    tools/docker-engine.sh stop || code=1
    rm -rf "$scratch"
    [[ -z ${skipped:-} ]] || announce_skip
    echo "end-to-end tests: exit code $code after $SECONDS s"
    exit "$code"
}

# On an engine that was not started by us, left-over resources are reported but never removed.
check_leftovers() {
    local kind id clean=0
    while read -r kind id; do
        clean=1
        echo "tools/e2e.sh: the tests left the $kind $id behind" >&2
        ! tools/docker-engine.sh ours || docker "$kind" rm --force "$id" >/dev/null || true
    done < <(leftovers | comm -13 "$scratch/before" -)
    return "$clean"
}

announce_skip() {
    echo "SKIPPED: compose end-to-end tests: $skipped" >&2
}

main
