# The environment lies in .venv. It is made once, and again when pyproject.toml changes.
PYTHON ?= python3
ARGS ?= ask "the five largest files here"
CMAKE_ARGS ?= -DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF
export CMAKE_ARGS
export PIP_DISABLE_PIP_VERSION_CHECK = 1

BIN = .venv/bin
FOLDERS = llmos_cli tests docs benchmarks training

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run.stamp ## set up, and run a first request here: make run ARGS='ask "…"'
	@$(BIN)/python -m compileall -q llmos_cli  # where PYTHONDONTWRITEBYTECODE is set, each start would compile anew
	@$(BIN)/llmos $(ARGS)

test: .venv/dev.stamp ## run the tests
	$(BIN)/python -m pytest

slow: .venv/dev.stamp ## run the tests that take minutes
	$(BIN)/python -m pytest -m slow

check: lint types test ## lint, types and tests, as CI does

lint: .venv/dev.stamp ## look for mistakes and for what is not formatted
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev.stamp ## check the types
	$(BIN)/mypy

format: .venv/dev.stamp ## format the code, and mend what can be mended
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: .venv/dev.stamp ## write the pages and completions that are made from the code
	PYTHONPATH=. $(BIN)/python docs/generate.py

bench: .venv/dev.stamp ## measure start-up and planning
	@set -e; for script in benchmarks/*.py; do echo "$$script"; PYTHONPATH=. $(BIN)/python $$script; done

model: .venv/train.stamp ## train the planner from the sentences, and put it in the package
	test -e training/tokenizer.json || $(BIN)/python -m training.tokenizer
	$(BIN)/python -m training.train --out training/run-b --beside training/run --seed 2 & \
	$(BIN)/python -m training.train --out training/run --beside training/run-b && wait
	$(BIN)/python -m training.export
	$(BIN)/python -m training.evaluate
	$(BIN)/python -m training.replay

clean: ## remove the environment, caches and builds (pip keeps what it compiled)
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(FOLDERS) -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help run test slow check lint types format docs bench model clean

# ---- the environment --------------------------------------------------------------------------------

.venv/run.stamp: WHAT = .
.venv/dev.stamp: WHAT = .[dev]
.venv/train.stamp: WHAT = .[dev,train]

# What is compiled is said every 15 seconds, since pip says nothing for minutes.
.venv/%.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "llmos needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { echo "no venv: apt install python3-venv" >&2; exit 1; }
	@log=.venv/install.log; : >$$log; seconds=0; \
	( while sleep 15 >/dev/null 2>&1; do \
	    seconds=$$((seconds + 15)); \
	    what="installing"; grep -q "Building wheel for llama" $$log && what="compiling llama.cpp (once; about 10 minutes on two cores)"; \
	    printf '%s … %d min %02d s\n' "$$what" $$((seconds / 60)) $$((seconds % 60)) >&2; \
	done ) & ticker=$$!; \
	trap 'kill $$ticker 2>/dev/null' EXIT; \
	$(BIN)/python -m pip install --progress-bar off --editable '$(WHAT)' >$$log 2>&1 </dev/null || { \
	    tail -n 40 $$log >&2; echo "The installation failed; all of it is in $$log. A compiler is needed: apt install g++ make python3-venv" >&2; exit 1; }
	@touch $@
