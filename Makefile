# make demo   a real Jupyter Server, its events, and a question answered
# make test   all tests
# make check  lint, format and types
# make docs   the documentation, in docs/_build/html
# make bench  the speed, side by side with others

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check docs bench browser clean

demo: $(VENV)/.demo
	$(BIN)/jupyter-telemetry demo

test: $(VENV)/.test browser
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term-missing:skip-covered

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.bench
	$(BIN)/python -m bench

# The tests look at pages in a real browser.
browser:
	@command -v chromium >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends chromium; }

clean:
	rm -rf $(VENV) .venv-* docs/_build demo-output .coverage* htmlcov dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One stamp an extra: what is installed is installed again only when its list changes.
$(VENV)/.demo $(VENV)/.test $(VENV)/.docs $(VENV)/.bench: $(VENV)/.%: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[$*]'
	@touch $@

$(VENV)/.check: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[test,check]'
	@touch $@
