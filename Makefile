# Each target sets up .venv by itself; see .ci/environment.
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: demo test bench lint docs examples environment

environment:
	@PYTHON='$(PYTHON)' .ci/environment

demo: environment
	$(BIN)/gridmend demo

test: environment
	$(BIN)/pytest -n 2

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

docs: environment
	$(BIN)/python docs/generate.py

bench: environment
	@if [ -f benchmarks/run.py ]; then $(BIN)/python benchmarks/run.py; \
	else echo 'there are no benchmarks yet: benchmarks/run.py is missing'; fi

examples: environment
	@for script in examples/*.py; do \
		[ -e "$$script" ] || { echo 'there are no examples yet: examples/*.py'; break; }; \
		echo "== $$script"; $(BIN)/python "$$script" || exit 1; \
	done
