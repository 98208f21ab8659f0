#!/usr/bin/env bash
# Checks that pip's package index has a wheel for a 64-bit ARM board of everything in requirements/board.txt, in the versions of
# constraints.txt and with all that they require, for each Python that pyproject.toml lists; prints the wheels and their sizes.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PYTHON=${PYTHON:-python3} ARCHITECTURE=${ARCHITECTURE:-aarch64}
readonly OLDEST_GLIBC=17 NEWEST_GLIBC=36 # 2.17 of the oldest wheels, 2.36 of Debian 12

main() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    local version
    echo "# $(date -u +%F), $ARCHITECTURE, glibc 2.$NEWEST_GLIBC: wheels of requirements/board.txt, bytes"
    for version in $(sed -n 's/^ *"Programming Language :: Python :: \(3\.[0-9]*\)",$/\1/p' pyproject.toml); do
        download "$version" "$scratch/$version"
        check_names "$version" "$scratch/$version"
        echo "Python $version"
        (cd "$scratch/$version" && stat --format '%10s  %n' -- *.whl)
        printf '%10d  together\n' "$(cat "$scratch/$version"/*.whl | wc -c)"
    done
}

download() {
    local platforms=(--platform "manylinux2014_$ARCHITECTURE") minor
    for ((minor = OLDEST_GLIBC; minor <= NEWEST_GLIBC; minor++)); do
        platforms+=(--platform "manylinux_2_${minor}_$ARCHITECTURE")
    done
    "$PYTHON" -m pip download --quiet --disable-pip-version-check --only-binary :all: --python-version "$1" "${platforms[@]}" \
        --constraint constraints.txt --requirement requirements/board.txt --dest "$2" \
        || fail "the index lacks a wheel for Python $1 on $ARCHITECTURE"
}

# The list is installed without looking at what its packages require, so it must be complete.
check_names() {
    diff <(grep -v '^#' requirements/board.txt | normal) <(cd "$2" && printf '%s\n' *.whl | sed 's/-.*//' | normal) \
        || fail "requirements/board.txt (<) is not what is needed on Python $1 (>)"
}

normal() {
    tr '[:upper:]_' '[:lower:]-' | sort
}

fail() {
    echo "tools/board-wheels.sh: $*" >&2
    exit 1
}

main
