# Needs Python 3.11+ and make; everything else comes with `.venv`.
PYTHON ?= python3
PY := .venv/bin/python
COMPILE := .venv/bin/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: help run test check types rules bench fmt lock python venv venv-dev

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 8

run: venv ## the whole system until Ctrl-C; PORT=8000 DATA_DIR=.data
	@$(PY) -m deploy.run

test: venv-dev ## the test suite in a stack of its own; ARGS="-k foo" goes to pytest
	@$(PY) -m deploy.test $(ARGS)

check: venv-dev ## lint, format, imports, migrations, deployment settings, then types and the tests
	$(MAKE) rules
	$(MAKE) --jobs=2 types test

types:
	$(PY) -m deploy.shell -- mypy .

rules:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	$(PY) -m deploy.shell -- python manage.py makemigrations --check --dry-run
	$(PY) -m deploy.shell -- python manage.py check --deploy --fail-level WARNING

bench: venv-dev ## the benchmarks in a durable stack of their own; ARGS goes to them
	@$(PY) -m deploy.shell --durable -- python -m bench $(ARGS)

fmt: venv-dev ## format, and fix what can be fixed
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lock: venv-dev ## requirements.txt and requirements-dev.txt from their .in files
	$(COMPILE) requirements.in
	$(COMPILE) requirements-dev.in

python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; $(PYTHON) is %s. Try: make PYTHON=python3.11" % sys.version.split()[0])'

venv: python
	@$(PYTHON) deploy/venv.py requirements.txt

venv-dev: python
	@$(PYTHON) deploy/venv.py requirements.txt requirements-dev.txt
