# make alone lists the targets. What is installed comes from requirements/*.txt, with hashes, into .venv.

PYTHON ?=
PROCESSES ?= 2
VENV := .venv
BIN := $(VENV)/bin
RUN_INSTALLED := $(VENV)/.run-installed
TEST_INSTALLED := $(VENV)/.test-installed
CODE := src tests bench tools
COMPILE := uv pip compile --quiet --no-header --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help install run test lint format bench soak reference lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(RUN_INSTALLED) ## install what the server needs into .venv

run: $(RUN_INSTALLED) ## start the developer server, which is made on the first start
	@$(BIN)/strongroom dev

test: lint ## install what the tests need and run all of them
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal

lint: $(TEST_INSTALLED) ## check form and types
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy --strict $(CODE)

format: $(TEST_INSTALLED) ## write the code in the one form
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(TEST_INSTALLED) ## measure, and fail where a bar is missed
	$(BIN)/python -m bench

soak: $(TEST_INSTALLED) ## run the tests that grow with time, for long
	SOAK=1 $(BIN)/python -m pytest -m soak --timeout=0

reference: $(TEST_INSTALLED) ## write the reference pages that come from the code
	$(BIN)/python -m strongroom.cli.reference docs/reference
	$(BIN)/python -m tools.operation_reference >docs/reference/operations.new
	mv docs/reference/operations.new docs/reference/operations.md

lock: ## choose the versions in requirements/*.txt anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	$(COMPILE) --output-file requirements/run.txt requirements/run.in
	$(COMPILE) --output-file requirements/functions.txt requirements/functions.in
	$(COMPILE) --output-file requirements/test.txt requirements/test.in

clean: ## remove what was installed and cached, never data
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(RUN_INSTALLED): requirements/run.txt requirements/functions.txt pyproject.toml tools/install
	@PYTHON=$(PYTHON) tools/install $(VENV) run
	@touch $@

$(TEST_INSTALLED): $(RUN_INSTALLED) requirements/test.txt
	@PYTHON=$(PYTHON) tools/install $(VENV) test
	@touch $@
