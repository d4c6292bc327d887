# Two commands: `make run` serves the demo at http://127.0.0.1:8080, `make test` runs every check.
# Nothing but Python 3.11+ and make is presumed: PostgreSQL and Node come as wheels.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help run test suite pages chromium lint fast bench prove mutants upgrade-test lock clean
# Many containers set it; each of the processes that the tests start would then compile the house anew.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make run   serve the demo company at http://127.0.0.1:8080"
	@echo "make test  run every check and test"
	@echo "make fast  lint, unit and architecture tests, while you work"
	@echo "make lint  ruff, mypy and the import contracts"
	@echo "make bench measure the engine and orders"
	@echo "make prove a thousand kills, what a database can do to us, the long random life of a company, other examples of every property"
	@echo "make mutants small wrong changes to the rules and to SQL, each noticed by a test"
	@echo "make upgrade-test every released schema comes to today's"
	@echo "make lock  pin the dependencies anew"

# uv takes a tenth of pip's time. It does not read pip's settings, so where a house has an index of its own in them, pip does it.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r

.venv/made: requirements.lock requirements-installer.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) requirements-installer.lock
	$(UV) requirements.lock || $(PIP) requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# What the tests need holds what the product needs: one installation, not one after the other.
.venv/made-for-tests: requirements-test.lock requirements.lock requirements-installer.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) requirements-installer.lock
	$(UV) requirements-test.lock || $(PIP) requirements-test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch .venv/made $@

run: pages
	$(BIN)/ordercraft serve --demo --history

# Lint, the build of the pages and the look for a Chromium go beside one another; make fails when one of them does.
test: .venv/made-for-tests
	$(MAKE) --no-print-directory --jobs 3 lint suite

suite: .venv/made-for-tests pages chromium
	$(BIN)/python -m pytest -n 3 --dist worksteal

pages: .venv/made
	$(BIN)/python -m ui.build

chromium: .venv/made-for-tests
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.camunda_modeler

lint: .venv/made-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: .venv/made-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture tests/unit -n 2

upgrade-test: .venv/made-for-tests
	$(BIN)/python -m pytest -q tests/upgrade

bench: .venv/made
	$(BIN)/ordercraft bench engine
	$(BIN)/ordercraft bench orders

prove: .venv/made-for-tests
	ORDERCRAFT_PROVE_EXAMPLES=$(or $(EXAMPLES),20) $(BIN)/python -m pytest -q --timeout=36000 tests/unit tests/conformance -m hypothesis
	ORDERCRAFT_PROVE_EXAMPLES=1 $(BIN)/python -m pytest -q --timeout=36000 tests/integration/runtime/test_dies_within_every_act.py
	ORDERCRAFT_PROVE_KILLS=$(or $(KILLS),1000) $(BIN)/python -m pytest -q -s --timeout=36000 tests/crash
	ORDERCRAFT_PROVE_STEPS=$(or $(STEPS),5000) ORDERCRAFT_PROVE_LIVES=$(or $(LIVES),10) $(BIN)/python -m pytest -q -s --timeout=36000 tests/life

mutants: .venv/made-for-tests
	$(BIN)/python -m tests.mutation $(GROUPS)

lock: .venv/made-for-tests
	echo uv | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate - -o requirements-installer.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra test pyproject.toml -o requirements-test.lock

clean:
	rm -rf .venv ui/node_modules ui/static/dist
