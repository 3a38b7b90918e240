# `make` alone lists the targets. Everything runs inside .venv, with the versions of the constraints file.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check pytest bench months sweep sweep-ledger format catalogs lock

CONSTRAINTS := deployments/constraints.txt
READY := .venv/.ready
RUN := .venv/bin/python -m
# An installed uv is used; otherwise pip brings one into .venv.
UV := $(if $(shell command -v uv),uv,.venv/bin/uv)
define BRING_UV
@command -v $(UV) >/dev/null || { \
  [ -x .venv/bin/python ] || "$${PYTHON:-python3}" -m venv .venv; \
  $(RUN) pip --version >/dev/null 2>&1 || $(RUN) ensurepip >/dev/null; \
  $(RUN) pip install --quiet --disable-pip-version-check uv; }
endef

# Believe the certificates that this machine believes, as pip does.
export UV_SYSTEM_CERTS ?= true
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## Install everything into .venv (a second run does nothing)

# PYTHON=python3.12 make setup chooses the interpreter.
$(READY): pyproject.toml $(CONSTRAINTS)
	$(BRING_UV)
	@[ -x .venv/bin/python ] || $(UV) venv --quiet $${PYTHON:+--python "$$PYTHON"} .venv
	@$(UV) pip install --quiet --python .venv/bin/python --constraint $(CONSTRAINTS) --group dev --editable '.[cloudwatch,dask,datadog]'
	@touch $(READY)

demo: $(READY) ## Run the main job on shipped real outages
	@.venv/bin/makegood demo

test: check pytest ## Everything that must hold before a commit

check: $(READY) ## Style, types and the length of functions alone
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) tests.house.shape

# Two at a time; tests of one `xdist_group` (a Prefect server, a PostgreSQL server) share a worker.
pytest: $(READY) ## The tests alone
	$(RUN) pytest -n 2 --dist loadgroup -m "not benchmark"

bench: $(READY) ## Time and memory, reported and not judged
	$(RUN) pytest -m benchmark -s

# MAKEGOOD_MONTHS=20000 make months looks at more; a thousand take about four minutes of CPU.
months: $(READY) ## Thousands of generated months against the slow oracle
	MAKEGOOD_MONTHS=$${MAKEGOOD_MONTHS:-3000} $(RUN) pytest tests/properties/test_real_months.py

# One case by its name: make sweep CASES=open-note/12/killed-after/25h/1/sqlite
sweep: $(READY) ## Every fault at every moment of a payment run, and of a ledger's
	$(RUN) tests.sweep $(CASES)
	$(if $(CASES),,$(RUN) tests.ledger_sweep)

sweep-ledger: $(READY) ## Every fault at every moment of writing to Notion and reading back
	$(RUN) tests.ledger_sweep $(CASES)

format: $(READY) ## Let ruff format and mend what it can
	$(RUN) ruff format
	$(RUN) ruff check --fix

# New sentences come without a translation, which the tests then ask for.
catalogs: $(READY) ## Bring the words of mails in other languages up to date
	$(RUN) tests.flows.messages.catalogs

lock: ## Choose versions anew, for every supported Python
	$(BRING_UV)
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --all-extras --group dev --output-file $(CONSTRAINTS) pyproject.toml
