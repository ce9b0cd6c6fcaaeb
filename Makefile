# Everything sets itself up: a fresh machine needs Python 3.11 or later and git, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
COMPILE := $(UV) pip compile -q pyproject.toml --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"

.PHONY: demo test check format bench lock clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(VENV)/.installed  ## the whole life of a model on real sales data, in about two minutes
	$(BIN)/spalje demo

test: $(VENV)/.installed-dev  ## every test, examples in docstrings included
	$(BIN)/pytest -n 2 --dist worksteal

check: $(VENV)/.installed-dev  ## format, lint, types, import contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## put the code into its format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/.installed-dev  ## one benchmark beside its peers: make bench NAME=overhead
	$(BIN)/python -m bench.$(NAME)

lock: $(UV)  ## resolve the dependencies anew
	$(COMPILE) --all-extras -o requirements.lock
	$(COMPILE) --all-extras --group dev --constraint requirements.lock -o requirements-dev.lock

clean:  ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(UV):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Spaljé needs Python 3.11 or later; found " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.installed: $(UV) pyproject.toml requirements.lock
	$(INSTALL) --compile-bytecode --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(INSTALL) --compile-bytecode --require-hashes -r requirements-dev.lock
	@touch $@
