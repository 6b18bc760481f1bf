# The face of the project: `make` lists what there is. Every target makes .venv where it is missing.
#   PYTHON=/path/to/python  choose the interpreter       VENV=folder  choose the environment
.DEFAULT_GOAL := help
.PHONY: help setup demo test check format nightly bench wheels docs matrix constraints clean clean-venv
MAKEFLAGS += --no-print-directory

PYTHON ?=
VENV ?= .venv
WORKERS ?= 2
BIN = $(VENV)/bin
SETUP = @VENV='$(VENV)' PYTHON='$(PYTHON)' sh tools/setup.sh
PLUGINS = $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/*/pyproject.toml)))
VERSIONS = 3.11 3.12 3.13

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## make the environment with everything for development
	$(SETUP) test

demo: ## install what the demo needs, and run it
	$(SETUP) demo
	@$(BIN)/python -m arbcore demo
	@echo "\`. $(BIN)/activate\` puts arb on your path"

test: ## run every test, with reduced counts of generated examples
	$(SETUP) test
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: ## lint, format, types, layers, dependencies, changelog fragments
	$(SETUP) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry arbcore
	@for plugin in $(PLUGINS); do \
	    echo "deptry $$plugin"; (cd $$plugin && $(abspath $(BIN))/deptry src) || exit 1; \
	done
	$(BIN)/towncrier build --draft

format: ## format the code and sort its imports
	$(SETUP) test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

nightly: ## run every test with the full counts, and measure coverage
	$(SETUP) test
	@ARBCORE_COUNTS=full $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --timeout 3600 --cov --cov-report=term

bench: ## run the benchmarks, which print ratios
	$(SETUP) test
	@for file in $(sort $(wildcard benchmarks/bench_*.py)); do \
	    echo "== $$file"; $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; \
	done

wheels: ## build every distribution and run the demo from them, outside the checkout
	$(SETUP) test
	@$(BIN)/python -m tools.wheels

docs: ## build the documentation into site/
	$(SETUP) docs
	$(BIN)/zensical build --clean

matrix: ## run the tests on every tested Python that is installed
	@for version in $(VERSIONS); do \
	    if python=$$(sh tools/find_python.sh $$version); then \
	        echo "== Python $$version ($$python)"; \
	        $(MAKE) test VENV=.matrix/$$version PYTHON=$$python || exit 1; \
	    else echo "== Python $$version: skipped"; fi; \
	done

constraints: ## resolve constraints.txt afresh (names and versions only)
	$(SETUP) test
	$(BIN)/python -m tools.constraints

clean: ## remove what the targets made, except the environment and demo/
	rm -rf build dist site .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .matrix
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

clean-venv: ## remove the environment
	rm -rf $(VENV)
