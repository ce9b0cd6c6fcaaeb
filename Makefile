# Everything sets itself up: a fresh machine needs Python 3.11 or later and git, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

.PHONY: demo test check format bench lock clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(VENV)/.installed  ## the whole life of a model on real sales data, in about two minutes
	$(BIN)/spalje demo

test: $(VENV)/.installed  ## every test, examples in docstrings included
	$(BIN)/pytest -n 2 --dist worksteal

check: $(VENV)/.installed  ## format, lint, types, import contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed  ## put the code into its format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/.installed  ## one benchmark beside its peers: make bench NAME=overhead
	$(BIN)/python -m bench.$(NAME)

lock: $(UV)  ## resolve the dependencies anew
	$(UV) pip compile -q pyproject.toml --all-extras --group dev --universal --generate-hashes \
	  --python-version 3.11 --custom-compile-command "make lock" -o requirements.lock

clean:  ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(UV):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Spaljé needs Python 3.11 or later; found " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.installed: $(UV) pyproject.toml requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@
