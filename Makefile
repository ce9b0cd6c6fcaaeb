# Everything sets itself up: a fresh machine needs Python 3.11 or later and git, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
AIRFLOW := .venv-airflow
COMPILE := $(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"
# not Airflow: it has an environment of its own
EXTRAS := --extra demo --extra explain --extra hosts --extra studio

.PHONY: demo test check format bench lock clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(VENV)/.installed  ## the whole life of a model on real sales data, in about two minutes
	$(BIN)/spalje demo

test: $(VENV)/.installed-dev $(AIRFLOW)/.installed  ## every test, examples in docstrings included
	SPALJE_TEST_AIRFLOW=required $(BIN)/pytest -n 2 --dist worksteal
	$(AIRFLOW)/bin/pytest -c tests/airflow/inside/pytest.toml tests/airflow/inside src/spalje/airflow -n 2 --dist worksteal

check: $(VENV)/.installed-dev  ## format, lint, types, import contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## put the code into its format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/.installed-dev $(if $(filter airflow,$(NAME)),$(AIRFLOW)/.installed)  ## one benchmark beside its peers: make bench NAME=overhead
	$(BIN)/python -m bench.$(NAME)

lock: $(UV)  ## resolve the dependencies anew
	$(COMPILE) pyproject.toml $(EXTRAS) -o requirements.lock
	$(COMPILE) pyproject.toml $(EXTRAS) --group dev --constraint requirements.lock -o requirements-dev.lock
	$(COMPILE) --group airflow -o requirements-airflow.lock

clean:  ## remove what make made
	rm -rf $(VENV) $(AIRFLOW) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

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

# Airflow, an initialised database that tests copy, and Spaljé without what it depends on.
$(AIRFLOW)/.dependencies: $(UV) requirements-airflow.lock
	$(UV) venv --quiet --clear --python $(BIN)/python $(AIRFLOW)
	$(UV) pip install --quiet --python $(AIRFLOW)/bin/python --compile-bytecode --require-hashes -r requirements-airflow.lock
	cd $(AIRFLOW) && AIRFLOW_HOME=$$PWD/home AIRFLOW__CORE__LOAD_EXAMPLES=False bin/airflow db migrate > migrate.log 2>&1 || { cat migrate.log; exit 1; }
	@touch $@

$(AIRFLOW)/.installed: $(AIRFLOW)/.dependencies pyproject.toml
	$(UV) pip install --quiet --python $(AIRFLOW)/bin/python --no-deps --editable .
	@touch $@
