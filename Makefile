# Two commands for a new machine:  make climb  improves agent.py,  make test  proves that it works.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ARGS ?= --steps 12 --trials 650 --hours 0.1

.PHONY: climb test setup dev clean

climb: setup
	$(BIN)/autoloop climb $(ARGS)

test: dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -m "not live" --cov --cov-report=term:skip-covered --cov-fail-under=95

setup: $(VENV)/.installed
	sandboxes/setup.sh

dev: setup $(VENV)/.developed

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage
