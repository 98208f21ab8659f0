#!/usr/bin/env bash
# Builds the virtual environment VENV with PYTHON, and installs the versions pinned in constraints.txt, unless that is done.
# It is rebuilt if it is not usable (incomplete, without pip, or its Python is missing or too old), or if PYTHON was given
# (PYTHON_GIVEN is not empty) and has another minor version. The version of the default `python3` does not matter.
# torch comes from the package index TORCH_INDEX_URL, if that is set, and everything else from the index that pip uses.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PYTHON=${PYTHON:-python3} VENV=${VENV:-.venv} GIVEN=${PYTHON_GIVEN:-}
readonly MARK=$VENV/.installed # made last, so an environment without it is incomplete
LOWEST=$(sed -n 's/^requires-python = ">=\(.*\)"$/\1/p' pyproject.toml)
readonly LOWEST

main() {
    if [[ -n $GIVEN ]] || ! usable; then
        check_python
    fi
    if ! usable || [[ -n $GIVEN && $(minor "$VENV/bin/python") != "$(minor "$PYTHON")" ]]; then
        remove
        show "$PYTHON" -m venv "$VENV"
    elif [[ $MARK -nt pyproject.toml && $MARK -nt constraints.txt ]]; then
        return
    fi
    install
}

usable() {
    [[ -e $MARK ]] && new_enough "$VENV/bin/python" \
        && "$VENV/bin/python" -c 'import sys, importlib.util; sys.exit(importlib.util.find_spec("pip") is None)'
}

check_python() {
    local version
    version=$("$PYTHON" -c 'import sys; print("%d.%d.%d" % tuple(sys.version_info[:3]))' 2>/dev/null) \
        || refuse "there is no Python that runs as $PYTHON; Splitwave needs $LOWEST or newer"
    new_enough "$PYTHON" || refuse "$PYTHON is Python $version; Splitwave needs $LOWEST or newer"
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null \
        || refuse "$PYTHON (Python $version) lacks the module venv or ensurepip (Debian: the package python3-venv)"
}

new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info[:2] < (${LOWEST/./, }))" 2>/dev/null
}

minor() {
    "$1" -c 'import sys; print("%d.%d" % tuple(sys.version_info[:2]))'
}

refuse() {
    echo "$1: make … PYTHON=python$LOWEST" >&2
    exit 1
}

remove() {
    [[ -e $VENV || -L $VENV ]] || return 0
    # Never remove a folder that is not a virtual environment.
    if [[ ! -f $VENV/pyvenv.cfg ]] && [[ -n $(ls -A "$VENV") ]]; then
        echo "VENV=$VENV is no virtual environment, and is not overwritten: delete it, or name another" >&2
        exit 1
    fi
    echo "building $VENV anew" >&2
    rm -rf "$VENV"
}

# If the installation fails, for example offline, a complete environment keeps its mark; it still works, and the next run
# tries again.
install() {
    # Its dependencies follow with everything else: an index of torch alone lacks their pinned versions.
    show "$VENV/bin/python" -m pip install --quiet --constraint constraints.txt \
        ${TORCH_INDEX_URL:+--no-deps --index-url "$TORCH_INDEX_URL"} torch
    show "$VENV/bin/python" -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
    touch "$MARK"
}

# Prints a command that takes long, and runs it.
show() {
    echo "$*"
    "$@"
}

main
