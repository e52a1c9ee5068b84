# `make help` lists the targets. Only Python 3.11 or newer with pip, and make, need to be there.

PYTHON ?= python3
ENV ?= prod
ARGS ?=

UV := .venv/bin/uv
PYTEST := .venv/bin/pytest
SAM := .venv-sam/bin/sam
# Compiled at once: tests and the local AWS start many short processes.
SYNC := $(UV) pip sync --quiet --require-hashes --compile-bytecode
COMPILE := $(UV) pip compile --quiet --generate-hashes --no-header --no-emit-index-url

export SAM_CLI_TELEMETRY := 0
export UV_NO_PROGRESS := 1
# The machine's own pip only brings uv, into a virtual environment, so root is no risk.
export PIP_ROOT_USER_ACTION := ignore
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lock format check test build deploy demo bench stress explore clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready .venv-sam/.ready .venv-ministack/.ready ## Create the virtual environments

lock: .venv/.ready ## Renew the lock files after an edit of pyproject.toml or an .in file (ARGS=--upgrade: newest versions)
	$(COMPILE) $(ARGS) --output-file requirements/dev.txt --extra local pyproject.toml requirements/dev.in
	$(COMPILE) $(ARGS) --output-file requirements/sam.txt requirements/sam.in
	$(COMPILE) $(ARGS) --output-file requirements/ministack.txt requirements/ministack.in
	$(COMPILE) $(ARGS) --output-file layers/dependencies/requirements.txt layers/dependencies/requirements.in \
	  --python-version 3.13 --python-platform aarch64-manylinux2014

format: .venv/.ready ## Format the code and fix what can be fixed
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

check: .venv/.ready .venv-sam/.ready ## Formatting, lint, types, template, layering and size budgets
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	$(SAM) validate --lint --region us-east-1
	$(PYTEST) --quiet tests/test_layering.py tests/test_budgets.py

# Those on a stack wait more than they work, so two stacks share the machine; a file stays with one.
test: setup ## All tests, those on a deployed local stack included
	$(PYTEST) -n 2 --dist worksteal -m "not stack and not stress" $(ARGS)
	$(PYTEST) -n 2 --dist loadfile -m "stack and not stress" $(ARGS)

build: .venv/.ready .venv-sam/.ready ## Build the layers and functions (sam build)
	UV="$(CURDIR)/$(UV)" $(SAM) build

deploy: build ## Deploy to your AWS account (ENV=dev: that table of samconfig.toml; ARGS=--no-confirm-changeset: do not ask)
	$(SAM) deploy --config-env $(ENV) $(ARGS)

demo: setup ## Watch it work on a local AWS
	.venv/bin/toolgrant demo

bench: setup ## Measure time from change to alert, calls and cold start
	$(PYTEST) tests/bench -s $(ARGS)

stress: setup ## Long and hostile runs on a local AWS
	$(PYTEST) -m stress $(ARGS)
	TOOLGRANT_STRESS=1 $(PYTEST) -n 2 tests/unit/test_evaluate.py

explore: setup ## Every order of two edits, two crashes and a redelivery; goes on where it stopped
	.venv/bin/python -m tests.explore $(or $(ARGS),.explore.jsonl)

clean: ## Remove what was built; the virtual environments stay
	rm -rf .aws-sam build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .local .explore.jsonl
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------- virtual environments
# Each has a stamp inside, so that it goes when the environment goes.

# uv comes first, at the version and hash that the lock names; it installs the rest.
.venv/.uv: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "toolgrant needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	    "Name another one: make setup PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv --without-pip .venv
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements/dev.txt > $@.txt
	$(PYTHON) -m pip --python .venv/bin/python install --quiet --require-hashes --no-deps --requirement $@.txt
	@touch $@

.venv/.ready: .venv/.uv pyproject.toml
	$(SYNC) --python .venv/bin/python requirements/dev.txt
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv-%/.ready: requirements/%.txt | .venv/.uv
	$(PYTHON) -m venv --without-pip .venv-$*
	$(SYNC) --python .venv-$*/bin/python requirements/$*.txt
	@touch $@
