# Two commands for a new machine:  make climb  improves agent.py,  make test  proves that it works.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ARGS ?= --steps 12 --trials 650 --hours 0.1

# Harbor wants Python 3.12 or later; the command of a version manager may be there and not work.
HARBOR := .venv-harbor
HARBOR_TESTS := tests/harbor tests/remote tests/trial/test_layout.py
HARBOR_PYTHON ?= $(shell for python in python3 python3.13 python3.12 \
	$$HOME/.pyenv/versions/3.1[23]*/bin/python; do \
	"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && \
	command -v "$$python" && break; done)
# More at once than there are processors: in Docker a test mostly waits for the engine.
IN_DOCKER := -n 4 --dist loadfile
WITH_HARBOR = $(if $(HARBOR_PYTHON),AUTOLOOP_HARBOR_PYTHON=$(CURDIR)/$(HARBOR)/bin/python)
export HARBOR_TELEMETRY := off
# Tests start hundreds of Pythons, each of which would compile anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# What is imported is compiled at its first import; all the rest of the packages never is.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile

.PHONY: climb test redteam test-harbor harbor setup dev base clean

climb: setup
	$(BIN)/autoloop climb $(ARGS)

test:
	@$(MAKE) --no-print-directory -j 3 base $(VENV)/.developed harbor
	sandboxes/setup.sh
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(WITH_HARBOR) $(BIN)/pytest -m "not live and not docker" -n auto --cov --cov-report=
	$(WITH_HARBOR) $(BIN)/pytest -m "not live and docker" $(IN_DOCKER) \
		--cov --cov-append --cov-report=term:skip-covered --cov-fail-under=95
	@$(if $(HARBOR_PYTHON),$(MAKE) --no-print-directory test-harbor)

redteam: dev
	AUTOLOOP_ALL_ATTACKS=1 $(BIN)/pytest tests/attacks -m docker

test-harbor: harbor
	$(if $(HARBOR_PYTHON),$(WITH_HARBOR) \
		$(HARBOR)/bin/python -m pytest $(HARBOR_TESTS) -m "not live" $(IN_DOCKER))

harbor:
	@$(if $(HARBOR_PYTHON),$(MAKE) --no-print-directory $(HARBOR)/.installed,\
		echo "No Python 3.12 or later with pip here: the tests that need Harbor are left out.")

setup: $(VENV)/.installed
	sandboxes/setup.sh

dev: setup $(VENV)/.developed

# Takes minutes where no registry answers, during which the rest is installed.
base: $(VENV)/.installed
	sandboxes/setup.sh base bookworm

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) --upgrade "pip>=25.1"
	$(BIN)/python $(INSTALL) --editable .
	touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python $(INSTALL) --group dev
	touch $@

$(HARBOR)/.installed: pyproject.toml Makefile
	test -x $(HARBOR)/bin/python || $(HARBOR_PYTHON) -m venv $(HARBOR)
	$(HARBOR)/bin/python $(INSTALL) --editable ".[harbor]" pytest pytest-timeout pytest-xdist
	touch $@

clean:
	rm -rf $(VENV) $(HARBOR) .mypy_cache .ruff_cache .pytest_cache .coverage
