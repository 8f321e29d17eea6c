# podlore: every chore in one place. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.podlore-stamp
# kind uses the Docker or podman that runs; where none does, the lab starts a daemon of its own and ends it.
OWN_DOCKERD ?= $(shell docker version >/dev/null 2>&1 || podman version >/dev/null 2>&1 || echo --own-dockerd)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-kind test test-kind lint bench lock clean

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Make .venv with everything in it (locked, hashes checked)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "podlore needs Python 3.11 or newer; call make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup  ## Run the main job end to end on a control plane on this machine (minutes; the first time builds it)
	$(BIN)/podlore lab demo

demo-kind: setup  ## The same on a real kind cluster, the operator a pod of its own image (needs Linux; says what is missing)
	$(BIN)/podlore lab demo --on kind $(OWN_DOCKERD)

test-kind: setup  ## The tests on a real kind cluster: minutes, as root, with docker.io and debootstrap installed
	PODLORE_TEST_KIND=1 $(BIN)/pytest tests/podlore_lab/kind

test: setup  ## All checks: ruff, mypy --strict, import contracts, pytest (the control plane is built once)
	$(MAKE) --no-print-directory lint
	$(BIN)/podlore lab build
	$(BIN)/pytest -n 2 --dist loadgroup

lint: setup  ## Only the static checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

DATA := $(or $(PODLORE_DATA),../shared/data)

bench: setup  ## The measurements of benchmarks/, as ratios in one run (PODLORE_DATA: folder of public traces and rules)
	$(BIN)/python benchmarks/observe.py
	@if [ -d $(DATA)/openb ]; then $(BIN)/python benchmarks/placement.py --openb $(DATA)/openb; else echo "no $(DATA)/openb: placement is not measured"; fi
	@if [ -d $(DATA)/cre/open ]; then $(BIN)/python benchmarks/rules.py $(DATA)/cre/open --megabytes 20; else echo "no $(DATA)/cre/open: rules are not measured"; fi

lock:  ## Renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --quiet --generate-hashes --extra dev --python-version 3.11 pyproject.toml -o requirements.lock

clean:  ## Remove what was built here; the control plane's cache stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
