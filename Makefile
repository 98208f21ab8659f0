# `make help` lists the targets. All work happens in .venv, which `make setup` builds.

PYTHON ?= python3
# Empty unless PYTHON comes from the command line or the environment.
PYTHON_GIVEN := $(filter-out file,$(origin PYTHON))
VENV ?= .venv
# A package index that torch comes from, such as the one of its CPU builds; empty for the index that pip uses.
TORCH_INDEX_URL ?=
BIN := $(VENV)/bin
PROTOS := $(wildcard proto/splitwave/common/wire/pb/*.proto)
# It has an environment of its own, because it requires an older protobuf than the one that the tests use.
GENERATOR := $(VENV)/generator
PROTOC = PATH="$(abspath $(BIN)):$$PATH" $(GENERATOR)/bin/python -m grpc_tools.protoc -I proto $(PROTOS) \
	--python_out=$(1) --grpc_python_out=$(1) --mypy_out=quiet:$(1) --mypy_grpc_out=quiet:$(1)
# The images' Python, not this one's.
DOWNLOAD = $(BIN)/python -m pip download --quiet --python-version 3.11 --only-binary :all: \
	--constraint constraints.txt --dest wheels

.DEFAULT_GOAL := help
.PHONY: help setup demo train-mnist test test-versions lint docs format proto check-proto bench bench-quick base-image wheels images e2e notebooks clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## build .venv with everything pinned in constraints.txt (PYTHON=python3.12 for another Python)
	@PYTHON='$(PYTHON)' PYTHON_GIVEN='$(PYTHON_GIVEN)' VENV='$(VENV)' TORCH_INDEX_URL='$(TORCH_INDEX_URL)' \
		tools/environment.sh

demo: setup ## train four processes on 5,000 digits over a noisy channel, and let them answer
	$(BIN)/splitwave demo

train-mnist: setup ## the same on full MNIST (SPLITWAVE_DATA_DIR, or downloaded)
	$(BIN)/splitwave train -c configs/mnist-k2.yaml

test: setup ## run the tests (under 5 minutes; the long ones are in e2e)
	$(BIN)/pytest -n 2 --dist loadfile -m 'not e2e'

test-versions: setup ## run the tests with the oldest packages, and with the other Pythons of this machine
	VENV='$(VENV)' TORCH_INDEX_URL='$(TORCH_INDEX_URL)' tools/test-versions.sh lowest
	VENV='$(VENV)' TORCH_INDEX_URL='$(TORCH_INDEX_URL)' tools/test-versions.sh pythons

base-image: ## see to the images' base image: pulled, or made of Debian's packages
	tools/base-image.sh

wheels: wheels/.complete ## download what the images install, for their Python

wheels/.complete: constraints.txt $(wildcard requirements/*.txt) | setup
	rm -f wheels/*.whl
	$(if $(TORCH_INDEX_URL),$(DOWNLOAD) --no-deps --index-url '$(TORCH_INDEX_URL)' torch)
	$(DOWNLOAD) $(if $(TORCH_INDEX_URL),--find-links wheels) --requirement requirements/torch.txt
	$(DOWNLOAD) $(if $(TORCH_INDEX_URL),--find-links wheels) --requirement requirements/certs.txt
	$(DOWNLOAD) --no-deps --requirement requirements/data.txt
	$(DOWNLOAD) --no-deps --requirement requirements/board.txt
	@touch $@

images: base-image wheels ## build the images and print their sizes
	tools/images.sh

e2e: setup ## run the long tests: whole testbeds, as processes and in containers
	VENV=$(VENV) tools/e2e.sh

notebooks: setup ## execute the notebooks, each in under 2 minutes
	VENV='$(VENV)' tools/notebooks.sh

lint: setup docs ## ruff, mypy --strict, import contracts, the documentation's links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup ## build the documentation site in site/; a broken link or anchor is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(GENERATOR)/.complete: requirements/generator.txt constraints-lowest.txt | setup
	$(BIN)/python -m venv --clear $(GENERATOR)
	$(GENERATOR)/bin/python -m pip install --quiet --only-binary :all: --constraint constraints-lowest.txt \
		--requirement requirements/generator.txt
	@touch $@

proto: $(GENERATOR)/.complete ## regenerate common/wire/pb from proto/
	$(call PROTOC,src)

check-proto: $(GENERATOR)/.complete ## fail if common/wire/pb is not what proto/ generates
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(call PROTOC,$$fresh) \
	&& diff --recursive --exclude=__init__.py --exclude=__pycache__ $$fresh/splitwave/common/wire/pb common/wire/pb \
	&& echo "common/wire/pb is up to date"

bench: setup ## what everything costs, as ratios to minimal counterparts (docs/benchmarks.md)
	$(BIN)/python -m splitwave.benchmarks.core
	$(BIN)/python -m splitwave.benchmarks.encoding
	$(BIN)/python -m splitwave.benchmarks.checkpoints
	$(BIN)/splitwave bench all

bench-quick: setup ## a smoke run of all benchmarks, compared with the published result
	@results=$$(mktemp -d) && trap 'rm -rf "$$results"' EXIT && $(BIN)/splitwave bench all --quick --results "$$results"

clean: ## remove what the tools cached (not .venv, not results)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info site
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
