# The two commands a newcomer needs are `make demo` and `make test`; `make help` lists the rest.

# A Python that TensorFlow has wheels for, if there is one; else any from 3.11 on, which is enough for the demo.
PYTHON ?= $(shell for newest in 3.14 9; do for one in python3 python3.13 python3.12 python3.11 python; do \
  $$one -c "import sys, venv, ensurepip; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v < tuple(map(int, ('$$newest' + '.0').split('.')[:2])))" \
  >/dev/null 2>&1 && echo $$one && exit; done; done)

# Tests need a deep-learning framework, use needs none: two environments, so that the second stays light.
VENV := .venv
TEST_VENV := .venv-test
BENCH_VENV := .venv-bench
PIP_INSTALL := -m pip install --quiet --quiet --disable-pip-version-check --no-input
DEMO := out/demo
WORKERS ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test lint format types contracts unit fuzz docs bench build changelog clean distclean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Install gliascope into .venv, make phantom scans, analyse them
	@rm -rf $(DEMO)
	@echo "== Making phantom scans: drawn by a program, no patient's"
	@$(VENV)/bin/gliascope phantom -o $(DEMO)/scans
	@echo "== Analysing them"
	@$(VENV)/bin/gliascope analyse $(DEMO)/scans -o $(DEMO)/results
	@echo "== Done. The table is $(DEMO)/results/cases.csv; the pictures are in"
	@ls -d $(DEMO)/results/*/figures
	@echo "== The reports: open $(DEMO)/results/index.html in a browser"

test: $(TEST_VENV)/.installed lint types contracts unit ## Install what tests need into .venv-test, run every check

lint: $(TEST_VENV)/.installed ## Check style and format
	@echo "== ruff"
	@$(TEST_VENV)/bin/ruff check
	@$(TEST_VENV)/bin/ruff format --check --quiet

format: $(TEST_VENV)/.installed ## Put the code into the project's format
	@$(TEST_VENV)/bin/ruff check --fix
	@$(TEST_VENV)/bin/ruff format

types: $(TEST_VENV)/.installed ## Check types (mypy, strict)
	@echo "== mypy"
	@$(TEST_VENV)/bin/mypy

contracts: $(TEST_VENV)/.installed ## Check which room imports which
	@echo "== import contracts"
	@$(TEST_VENV)/bin/lint-imports --no-logo

unit: $(TEST_VENV)/.installed ## Run the tests in WORKERS=2 processes; ARGS="-k name -x" goes to pytest
	@echo "== pytest"
	@$(TEST_VENV)/bin/pytest -n $(WORKERS) --dist loadfile $(ARGS)

fuzz: $(TEST_VENV)/.installed ## Mutate files of every kind that is read; ARGS="--minutes 30 tiff png"
	@$(TEST_VENV)/bin/python -m tests.fuzz $(ARGS)

docs: $(TEST_VENV)/.installed ## Write the pages of docs/ that are made from the code
	@$(TEST_VENV)/bin/python docs/make_pages.py

bench: $(BENCH_VENV)/.installed ## Measure speed beside others, write docs/reference/benchmarks.md; ARGS="--data FOLDER"
	@$(BENCH_VENV)/bin/python -W ignore -m benchmarks $(ARGS)

build: $(TEST_VENV)/.installed ## Build the source archive and the wheel into dist/
	@$(TEST_VENV)/bin/python -m hatchling build

changelog: $(TEST_VENV)/.installed ## Show the next release's changes from changelog.d/
	@$(TEST_VENV)/bin/towncrier build --draft

clean: ## Remove caches, results of the demo and built archives
	@rm -rf out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove the environments as well
	@rm -rf $(VENV) $(TEST_VENV) $(BENCH_VENV)

# A stamp is renewed when pyproject.toml changes: a second call installs nothing.
$(VENV)/.installed: pyproject.toml
	@$(call create,$(VENV))
	@echo "== Installing gliascope into $(VENV) (the first time takes a minute)"
	@$(VENV)/bin/python $(PIP_INSTALL) --editable .
	@touch $@

$(TEST_VENV)/.installed: pyproject.toml
	@$(call create,$(TEST_VENV))
	@echo "== Installing gliascope and what its tests need into $(TEST_VENV) (the first time takes some minutes)"
	@$(TEST_VENV)/bin/python $(PIP_INSTALL) --editable '.[dev]'
	@touch $@

$(BENCH_VENV)/.installed: pyproject.toml
	@$(call create,$(BENCH_VENV))
	@echo "== Installing gliascope and those it is compared with into $(BENCH_VENV) (the first time takes some minutes)"
	@$(BENCH_VENV)/bin/python $(PIP_INSTALL) --editable '.[bench]'
	@touch $@

define create
	if [ -z "$(PYTHON)" ]; then echo "gliascope needs Python 3.11 or later with its venv module" >&2; exit 1; fi; \
	if [ ! -x $(1)/bin/python ]; then echo "== Creating $(1) with $(PYTHON)"; $(PYTHON) -m venv $(1); fi
endef
