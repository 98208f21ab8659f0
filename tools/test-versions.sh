#!/usr/bin/env bash
# Runs the tests with other versions than those of constraints.txt:
#
#   tools/test-versions.sh lowest     the lower bounds of pyproject.toml (constraints-lowest.txt), on the Python of VENV
#   tools/test-versions.sh pythons    the newest NumPy, on every other Python that pyproject.toml lists and this machine has
#
# Pythons are looked for in PATH (python3.12), and where pyenv and uv keep them. torch comes from TORCH_INDEX_URL, or from a file
# that pip is configured to find; without either, the tests that need it are skipped, because pip's index may hold a CUDA build.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=${VENV:-.venv} INDEX=${TORCH_INDEX_URL:-}
TORCH=$(grep '^torch==' constraints.txt)
readonly TORCH

main() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    case ${1:-} in
        lowest | pythons) "$1" ;;
        *) echo "usage: tools/test-versions.sh lowest|pythons" >&2 && exit 2 ;;
    esac
}

lowest() {
    install "$VENV/bin/python" constraints-lowest.txt
    # Old packages call what the newer packages below them deprecate.
    run_tests tests/unit tests/integration -W default::DeprecationWarning
}

pythons() {
    local own version python missing=()
    own=$(minor "$VENV/bin/python")
    grep -v -e '^numpy==' -e '^torch==' constraints.txt >"$scratch/constraints.txt"
    for version in $(sed -n 's/^ *"Programming Language :: Python :: \(3\.[0-9]*\)",$/\1/p' pyproject.toml); do
        [[ $version != "$own" ]] || continue # `make test` uses it
        if python=$(find_python "$version"); then
            install "$python" "$scratch/constraints.txt"
            run_tests tests/unit
        else
            missing+=("$version")
        fi
    done
    ((${#missing[@]} == 0)) || echo "SKIPPED: this machine has no Python ${missing[*]}" >&2
}

find_python() {
    local candidate
    for candidate in "python$1" "$(pyenv root 2>/dev/null)/versions/$1".*/bin/python \
        "$(uv python find --no-python-downloads "$1" 2>/dev/null)"; do
        if [[ $(minor "$candidate") == "$1" ]] && "$candidate" -c 'import ensurepip, venv'; then
            echo "$candidate"
            return
        fi
    done 2>/dev/null
    return 1
}

minor() {
    "$1" -c 'import sys; print("%d.%d" % tuple(sys.version_info[:2]))' || true
}

# Builds the environment $scratch/venv for the tests, and sets `plugins` to pytest's options for it.
install() {
    local pip=("$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
    local source=(--no-index)
    [[ -z $INDEX ]] || source=(--index-url "$INDEX")
    "$1" -m venv --clear "$scratch/venv"
    if "${pip[@]}" --no-deps "${source[@]}" "$TORCH" 2>/dev/null; then
        plugins=()
    else
        plugins=(-p tests.without_torch)
        echo "SKIPPED: the tests that need torch, on $("$1" --version): $TORCH is not at hand for it (TORCH_INDEX_URL)" >&2
    fi
    without_torch >"$scratch/packages.txt"
    "${pip[@]}" --constraint "$2" --requirement "$scratch/packages.txt"
    "${pip[@]}" --no-deps --no-build-isolation --editable .
}

# What Splitwave and its tests need; torch's own dependencies only where it is installed.
without_torch() {
    "$scratch/venv/bin/python" - <<'END'
import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
extras = project["optional-dependencies"]
needed = project["dependencies"] + extras["device"] + extras["export"] + extras["testbed"] + extras["test"]
try:
    needed += [line for line in requires("torch") if "extra ==" not in line]
except PackageNotFoundError:
    pass
print(*(line for line in needed if not re.match(r"(torch|splitwave)\b", line)), sep="\n")
END
}

run_tests() {
    local python=$scratch/venv/bin/python
    echo "$("$python" --version): $("$python" -m pip freeze | grep -E '^(numpy|torch|grpcio|protobuf)[= ]' | xargs)"
    # The repository's own tools run with the versions of constraints.txt only.
    "$python" -m pytest --quiet -n 2 --dist loadfile -m 'not e2e' "${plugins[@]}" "$@" --ignore tests/unit/project --ignore tests/unit/tools
}

main "$@"
