# Each target sets up .venv by itself; see .ci/environment.
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: demo test nightly bench evidence lint docs accuracy examples pages environment

environment:
	@PYTHON='$(PYTHON)' .ci/environment

demo: environment
	$(BIN)/gridmend demo

test: environment
	$(BIN)/pytest -n 2

# The same by size and seed: see GRIDMEND_SEED in CONTRIBUTING.md.
nightly: environment
	$(BIN)/pytest -n 2 -m nightly

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python pages/build.py --check

# The control room's pages, bundled anew where their sources changed.
pages: environment
	$(BIN)/python pages/build.py

docs: environment
	$(BIN)/python docs/generate.py

# One section alone: make bench SECTION=year. Fewer hours: make bench BENCH='--hours 500'.
SECTION ?= all
bench: environment
	PYTHONPATH=. $(BIN)/python benchmarks/run.py --section $(SECTION) $(BENCH)

# What automation is worth on the three 8500-node feeders; goes on where it was stopped.
evidence: environment
	$(BIN)/gridmend evidence --out build/evidence

# Needs the feeders: see GRIDMEND_DATA in CONTRIBUTING.md.
accuracy: environment
	PYTHONPATH=. $(BIN)/python tools/accuracy.py

# The networks in src/gridmend/examples, made again from the feeders.
examples: environment
	$(BIN)/python tools/build_examples.py
