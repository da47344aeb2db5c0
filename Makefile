# Everything below works on a fresh clone: nothing but Python 3.11 and make is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# pip reads these too where it builds a package in an environment of its own.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help:
	@echo "make run           a DM and two agents exchange messages: edit etc/ meanwhile"
	@echo "make test          the gate and every test"
	@echo "make check         the gate: format, lint, types, architecture"
	@echo "make format        format the sources"
	@echo "make test-nightly  every test, with many more generated cases"
	@echo "make dist          build the source archive and the wheel in dist/"
	@echo "make clean         remove what make made, $(VENV) included"

.PHONY: run
run: $(STAMP)
	@$(BIN)/python -m config_admin.messaging demo

.PHONY: test
test: check system-packages
	@$(BIN)/python -m pytest

.PHONY: test-nightly
test-nightly: check system-packages
	@HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest

.PHONY: check
check: $(STAMP)
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/test_architecture.py

.PHONY: format
format: $(STAMP)
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

.PHONY: dist
dist: $(STAMP)
	@$(BIN)/python -m build --no-isolation

.PHONY: clean
clean:
	@rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or newer is needed. Name it: make PYTHON=python3.11"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	    echo "Making $(VENV) ..."; $(PYTHON) -m venv --clear $(VENV); } || { \
	    echo "No virtual environment can be made. On Debian and Ubuntu this cures it:"; \
	    echo "    apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --quiet --editable '.[dev]'
	@touch $@

# What tests start besides Python.
.PHONY: system-packages
system-packages:
	@.ci/install-tools
