# Two commands: `make run` serves the demo at http://127.0.0.1:8080, `make test` runs every check.
# Nothing but Python 3.11+ and make is presumed: PostgreSQL and Node come as wheels.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help run test lock clean

help:
	@echo "make run   serve the demo company at http://127.0.0.1:8080"
	@echo "make test  run every check and test"
	@echo "make lock  pin the dependencies anew"

.venv/made: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/made-for-tests: requirements-test.lock .venv/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	touch $@

run: .venv/made
	$(BIN)/python -m ui.build
	$(BIN)/ordercraft serve --demo

test: .venv/made-for-tests
	$(BIN)/python -m ui.build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest

lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra test pyproject.toml -o requirements-test.lock

clean:
	rm -rf .venv ui/node_modules ui/static/dist
