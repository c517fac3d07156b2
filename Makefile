# Everything the project does, one word each. Every target sets up what it needs.
# PyPI is all that is reached; nothing needs root, a browser, LaTeX, R or a display.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help report test test-quick bench limits lint lab strip simulate reproduce audit clean guard
.DEFAULT_GOAL := help

PYTHON ?= python3
PARAMS ?= params/demo.yml
RUNS ?= 5
UV_VERSION := 0.13.9
UV := .uv/bin/uv
BIN := .venv/bin
SYNCED := .venv/.synced
PLAIN := $(PYTHON) -I src/csrkit/inputs/plain_notebook.py
EXPORT := --frozen --quiet --no-dev --no-hashes --no-emit-project --no-annotate --no-header
# The files that take longest go first, each file to one worker, since the tests of a file share what they read.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --dist loadfile --no-loadscope-reorder
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
# Without compiled modules kept, each process would compile a thousand of them again.
unexport PYTHONDONTWRITEBYTECODE

help:  ## show the targets
	@grep -E '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

report: $(SYNCED)  ## run the notebooks, render and publish the report (PARAMS=params/demo.yml)
	$(BIN)/itpcsr build $(PARAMS)

test: $(SYNCED)  ## run all tests (TESTS: options of pytest, such as --examples 100 or a folder)
	$(PYTEST) --durations 10 $(TESTS)

test-quick: $(SYNCED)  ## run the tests that need neither a whole report nor half a second, for the loop of change and test
	$(PYTEST) --maxprocesses 4 -m "not build and not slow" $(TESTS)

bench: $(SYNCED)  ## measure against plain papermill, an hour (RUNS=1 ONLY="no-change nca" for a try)
	$(BIN)/python -m tests.bench.against_plain --runs $(RUNS) $(if $(ONLY),--only $(ONLY))

limits: $(SYNCED)  ## hold the parts to their limits of time, memory and error, which takes minutes
	$(BIN)/python -m pytest -s tests/bench/bench_*.py

lint: $(SYNCED)  ## check style and types
	$(PLAIN) --check notebooks/*.ipynb
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lab: $(SYNCED)  ## open the notebooks in JupyterLab, which saves them without outputs
	JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter" $(BIN)/jupyter lab notebooks

strip:  ## take the outputs out of the notebooks
	$(PLAIN) notebooks/*.ipynb

simulate: $(SYNCED)  ## write the simulated trial again (data/simulated)
	$(BIN)/itpcsr simulate data/simulated

reproduce: $(SYNCED)  ## build twice under different circumstances and compare every byte (PARAMS=params/demo.yml)
	.ci/reproduce $(PARAMS) $(BUILT)

audit: | $(UV)  ## ask an advisory database for known faults of the locked packages (AUDIT: options of pip-audit)
	AUDIT="$(AUDIT)" PYTHON="$(PYTHON)" .ci/audit

environment.yml: uv.lock pyproject.toml | $(UV)  ## write environment.yml from the lock file
	@{ sed '/- pip:/q' $@; $(UV) export $(EXPORT) | sed -n 's/^\([a-z].*\)/      - "\1"/p'; echo '      - -e .'; } > $@.new
	@mv $@.new $@

clean:  ## remove intermediate files; published versions and data stay
	rm -rf work .pytest_cache .mypy_cache .ruff_cache

# Outputs name subjects, so git takes them out of each notebook that it stores (.gitattributes names the filter). It
# runs a copy of its own, so that every commit can be checked out, also one that has the program elsewhere.
# A copy that is no checkout has no git to guard.
FILTER := "$$(git rev-parse --git-common-dir)/plain_notebook.py"
guard:
	@[ ! -e .git ] || { cp $(lastword $(PLAIN)) $(FILTER) \
	  && git config filter.plain-notebook.clean '$(PYTHON) -I $(FILTER) --filter %f' \
	  && git config filter.plain-notebook.smudge cat && git config filter.plain-notebook.required true; } \
	  || echo "git couldn't be told to take outputs out of notebooks: commit none with outputs (make strip)." >&2

$(SYNCED): uv.lock pyproject.toml | $(UV) guard
	@echo "Setting up the environment from uv.lock ..."
	$(UV) sync --frozen --python $(PYTHON)
	@touch $@

$(UV):
	@echo "Fetching uv $(UV_VERSION), which installs the locked packages ..."
	@$(PYTHON) -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
	  || { rm -rf .uv; $(PYTHON) -m pip install --quiet --disable-pip-version-check --target .uv uv==$(UV_VERSION); } \
	  || { rm -rf .uv; echo "$(PYTHON) can make no virtual environment: install the package python3-venv." >&2; exit 1; }
