# podlore: every chore in one place. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.podlore-stamp
# kind uses the Docker or podman that runs; where none does, the lab starts a daemon of its own and ends it.
OWN_DOCKERD ?= $(shell docker version >/dev/null 2>&1 || podman version >/dev/null 2>&1 || echo --own-dockerd)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-kind test test-kind lint bench results lock clean

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Make .venv with everything in it (locked, hashes checked)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "podlore needs Python 3.11 or newer; call make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true  # on all cores; else the first operator is slow to start
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
	@if [ -d $(DATA)/pollux ]; then $(BIN)/python benchmarks/queueing.py --pollux $(DATA)/pollux; else echo "no $(DATA)/pollux: queueing is not measured"; fi
	@if [ -d $(DATA)/cre/open ]; then $(BIN)/python benchmarks/rules.py $(DATA)/cre/open --megabytes 20; else echo "no $(DATA)/cre/open: rules are not measured"; fi

OPENB := --nodes $(DATA)/openb/openb_node_list_gpu_node.csv
DEFAULT := $(DATA)/openb/openb_pod_list_default.csv
OTHERS := $(addprefix --pods ,$(filter-out $(DEFAULT),$(sort $(wildcard $(DATA)/openb/openb_pod_list_*.csv))))
OUT := build/results

results: setup  ## Every table and figure of docs/results-simulation.md, into build/results (PODLORE_DATA: the public traces; hours)
	mkdir -p $(OUT)
	@export PODLORE_DATA=$(abspath $(DATA)); for plan in results/simulate/experiments/*.yaml; do name=$$(basename $$plan .yaml); \
		$(BIN)/podlore simulate $$plan --out $(OUT)/$$name && $(BIN)/podlore report $(OUT)/$$name || exit 1; done
	@if [ -d $(DATA)/openb ]; then \
		$(BIN)/podlore simulate published $(OPENB) --pods $(DEFAULT) --folder $(DATA)/fgd | tee $(OUT)/published.txt && \
		$(BIN)/podlore simulate ladder $(OPENB) $(OTHERS) | tee $(OUT)/ladder-lists.txt && \
		$(BIN)/podlore simulate ladder $(OPENB) --pods $(DEFAULT) --seeds 47,48,49,50,51 --orders $(DATA)/fgd/arrival_order | tee $(OUT)/ladder-default.txt && \
		$(BIN)/podlore simulate migration $(OPENB) --pods $(DEFAULT) --seeds 47,48 --orders $(DATA)/fgd/arrival_order | tee $(OUT)/migration.txt && \
		$(BIN)/podlore simulate timed $(OPENB) --pods $(DEFAULT) --pods $(DATA)/openb/openb_pod_list_gpuspec33.csv --seeds 47,48,49,50,51 | tee $(OUT)/timed.txt && \
		$(BIN)/podlore simulate quantization $(OPENB) --pods $(DEFAULT) --folder $(DATA)/fgd --seeds 42,43,44,45,46,47,48,49,50,51 | tee $(OUT)/quantization.txt && \
		$(BIN)/python benchmarks/placement.py --openb $(DATA)/openb --plot $(OUT)/placement-cost.png | tee $(OUT)/placement-cost.txt && \
		$(BIN)/podlore trace describe $(DEFAULT) --plot $(OUT)/openb.png | tee $(OUT)/openb.txt; \
	else echo "no $(DATA)/openb: placement is left out"; fi
	@if [ -d $(DATA)/pollux ]; then for policy in Tiresias Optimus Pollux; do for n in 1 2 3 4; do \
		$(BIN)/podlore simulate queueing --workload $(DATA)/pollux/workloads/workload-$$n.csv --profiles $(DATA)/pollux/profiles --policy $$policy --output json > $(OUT)/$$policy-$$n.json || exit 1; done; done; \
	else echo "no $(DATA)/pollux: training workloads are left out"; fi

lock:  ## Renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --quiet --generate-hashes --extra dev --python-version 3.11 pyproject.toml -o requirements.lock

clean:  ## Remove what was built here; the control plane's cache stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
