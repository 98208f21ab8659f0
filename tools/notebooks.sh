#!/usr/bin/env bash
# Executes a copy of the notebooks, each cell within two minutes; a cell that fails is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

pytest=$(realpath "${VENV:-.venv}/bin/pytest")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cp docs/notebooks/*.ipynb "$scratch"
unset SPLITWAVE_DATA_DIR # their digits are embedded
cd "$scratch"
"$pytest" --nbmake --nbmake-timeout=120 --durations=0 --durations-min=1 .
