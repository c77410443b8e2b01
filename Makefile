# make demo   a real Jupyter Server, its events, and a question answered
# make test   all tests
# make check  lint, format and types
# make docs   the documentation, in docs/_build/html
# make bench  the speed, side by side with others
# make clean  away with all that these have made

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo test check docs bench browser services clean

demo: $(VENV)/.demo
	@$(BIN)/jupyter-telemetry demo

# A test file runs in one process, since its tests may share a server. The last lines are pytest's own summary.
test: $(VENV)/.test browser services
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term-missing:skip-covered

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.bench services
	$(BIN)/python -m bench

# The tests look at pages in a real browser, and have them audited for accessibility.
browser: $(VENV)/.test
	@.ci/browser $(BIN)/python
	@.ci/axe $(BIN)/python

# The tests of the sinks start real destinations, and so do the benchmarks.
services:
	@.ci/services

clean:
	rm -rf $(VENV) .venv-* docs/_build demo-output .coverage* htmlcov dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed: make PYTHON=…") if sys.version_info < (3, 10) else 0'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

# One stamp an extra: what is installed is installed again only when its list changes.
$(VENV)/.demo $(VENV)/.test $(VENV)/.docs $(VENV)/.bench: $(VENV)/.%: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV): this is done once, and takes a minute"
	$(PIP) --editable '.[$*]'
	@touch $@

$(VENV)/.check: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV): this is done once, and takes a minute"
	$(PIP) --editable '.[test,check]'
	@touch $@
